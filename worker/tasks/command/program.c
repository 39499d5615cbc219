/* A program from the compute thread's side: gives it its input, collects its output, has it stopped
 * by its keeper (keeper.c) when the job is cancelled, takes too long or writes too much.
 *
 * Input is a file in memory: whoever does not read it does no harm, and nobody has to write while
 * the output is read. Output comes through pipes; the tail of standard error is kept. Waiting is a
 * poll in slices, after each of which the cancel flag is looked at. When the keeper reports the
 * end, all writers are dead, so what the pipes hold is all there is. */
#include "worker/tasks/command/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/tasks/command/keeper.h"

enum { SLICE_MS = 40, PIECE = 64 * 1024, LOWEST_FD = 4 };

struct run {
    struct celeriac_context *ctx;
    const struct program_order *order;
    struct program *program;
    int in, out[2], err[2], report[2]; /* pairs: ours, the keeper's; -1: closed */
    pid_t keeper;
    size_t room;
    double deadline;
    bool is_told; /* to stop */
};

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* ---- files ---- */

/* The keeper needs 0 to 3 for the program: ours stand above. */
static bool
lift(int *fd)
{
    if (*fd < 0 || *fd >= LOWEST_FD)
        return *fd >= 0;
    const int higher = fcntl(*fd, F_DUPFD_CLOEXEC, LOWEST_FD);
    close_fd(fd);
    *fd = higher;
    return higher >= 0;
}

static bool
write_all(int fd, const char *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        const ssize_t n = write(fd, data + done, len - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

static bool
open_input(struct run *r)
{
    const struct program_order *o = r->order;
    r->in = o->input != NULL ? memfd_create("input", MFD_CLOEXEC)
                             : open("/dev/null", O_RDONLY | O_CLOEXEC);
    return lift(&r->in) && (o->input == NULL || write_all(r->in, o->input, o->input_len));
}

static bool
open_output(int fds[2])
{
    return pipe2(fds, O_CLOEXEC) == 0 && lift(&fds[0]) && lift(&fds[1]) &&
           fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool
start(struct run *r)
{
    const struct program_order *o = r->order;
    if (!open_input(r) || !open_output(r->out) || !open_output(r->err) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, r->report) != 0 ||
        !lift(&r->report[0]) || !lift(&r->report[1]))
        return false;
    const struct keeper_order order = {.words = o->words,
                                       .variables = o->variables,
                                       .directory = o->directory,
                                       .memory_bytes = o->memory_bytes,
                                       .in = r->in,
                                       .out = r->out[1],
                                       .err = r->err[1],
                                       .report = r->report[1]};
    r->keeper = keeper_start(&order);
    const int why = errno;
    close_fd(&r->in);
    close_fd(&r->out[1]);
    close_fd(&r->err[1]);
    close_fd(&r->report[1]);
    errno = why;
    return r->keeper > 0;
}

/* ---- output ---- */

/* The first reason stays. */
static void
stop(struct run *r, enum program_end why)
{
    if (r->is_told)
        return;
    r->is_told = true;
    r->program->end = why;
    (void)send(r->report[0], "", 1, MSG_NOSIGNAL);
}

static void
keep_output(struct run *r, const char *data, size_t len)
{
    struct program *p = r->program;
    if (r->is_told)
        return;
    if (len > PROGRAM_OUTPUT_MAX - p->output_len) {
        stop(r, PROGRAM_FLOODED);
        return;
    }
    if (p->output_len + len > r->room) {
        r->room = 2 * r->room + len;
        char *output = realloc(p->output, r->room);
        if (output == NULL)
            abort();
        p->output = output;
    }
    memcpy(p->output + p->output_len, data, len);
    p->output_len += len;
}

static void
keep_tail(struct program *p, const char *data, size_t len)
{
    if (len > PROGRAM_TAIL_MAX) {
        data += len - PROGRAM_TAIL_MAX;
        len = PROGRAM_TAIL_MAX;
    }
    const size_t kept = p->tail_len + len > PROGRAM_TAIL_MAX ? PROGRAM_TAIL_MAX - len : p->tail_len;
    memmove(p->tail, p->tail + p->tail_len - kept, kept);
    memcpy(p->tail + kept, data, len);
    p->tail_len = kept + len;
}

/* What is there now; true: there may be more. */
static bool
read_some(struct run *r, int *fd)
{
    char piece[PIECE];
    const ssize_t n = *fd >= 0 ? read(*fd, piece, sizeof(piece)) : 0;
    if (n < 0)
        return errno == EINTR;
    if (n == 0) {
        close_fd(fd);
        return false;
    }
    if (fd == &r->out[0])
        keep_output(r, piece, (size_t)n);
    else
        keep_tail(r->program, piece, (size_t)n);
    return true;
}

/* ---- the end ---- */

/* True: the keeper has reported, or is gone. */
static bool
read_report(struct run *r)
{
    struct keeper_report report;
    const ssize_t n = recv(r->report[0], &report, sizeof(report), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (r->is_told)
        return true;
    const bool is_whole = n == (ssize_t)sizeof(report);
    r->program->end = is_whole && report.kind == KEEPER_ENDED ? PROGRAM_ENDED : PROGRAM_NOT_STARTED;
    r->program->value = is_whole ? report.value : ECHILD;
    return true;
}

static void
watch(struct run *r)
{
    for (bool is_over = false; !is_over;) {
        struct pollfd fds[] = {{.fd = r->report[0], .events = POLLIN},
                               {.fd = r->out[0], .events = POLLIN},
                               {.fd = r->err[0], .events = POLLIN}};
        const double left = r->deadline - now();
        if (celeriac_cancelled(r->ctx))
            stop(r, PROGRAM_STOPPED);
        else if (left <= 0)
            stop(r, PROGRAM_TIMED_OUT);
        (void)poll(fds, 3, left > 0 && left * 1e3 < SLICE_MS ? (int)(left * 1e3) + 1 : SLICE_MS);
        is_over = fds[0].revents != 0 && read_report(r);
        if (fds[1].revents != 0)
            (void)read_some(r, &r->out[0]);
        if (fds[2].revents != 0)
            (void)read_some(r, &r->err[0]);
    }
    while (read_some(r, &r->out[0])) {
    }
    while (read_some(r, &r->err[0])) {
    }
}

void
program_run(struct celeriac_context *ctx, const struct program_order *order, struct program *out)
{
    struct run r = {.ctx = ctx,
                    .order = order,
                    .program = out,
                    .in = -1,
                    .out = {-1, -1},
                    .err = {-1, -1},
                    .report = {-1, -1},
                    .deadline = now() + (order->timeout_s > 0 ? order->timeout_s : 1e9)};
    *out = (struct program){.end = PROGRAM_NOT_STARTED};
    if (start(&r)) {
        watch(&r);
        while (waitpid(r.keeper, NULL, 0) < 0 && errno == EINTR) {
        }
    } else {
        out->value = errno;
    }
    int *const all[] = {&r.in,     &r.out[0],    &r.out[1],   &r.err[0],
                        &r.err[1], &r.report[0], &r.report[1]};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        close_fd(all[i]);
}

void
program_clear(struct program *p)
{
    free(p->output);
    p->output = NULL;
}
