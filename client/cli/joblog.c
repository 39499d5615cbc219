/* The log of a map.
 *
 *     FILE       Seq Host Starttime JobRuntime Send Receive Exitval Signal Command, with tabs
 *     FILE.sent  LINE LINES CHUNK ID: written before the job is sent; "LINE 0 0 -": it was
 * cancelled
 *
 * A row is written behind the result that it stands for: a kill between the two makes a resumed map
 * print a result again, and never makes one that was not printed count as done. A job is noted
 * before it is sent, with its id: a resumed map sends it again under the same id, and if it got
 * there the first time, Redis says so and gives its outcome. Rows are appended by whole lines; what
 * a kill cut off at the end is removed when the file is read. Lines that are done are kept as bits,
 * and of FILE.sent only what has lines without rows: little, even of millions of lines. */
#include "client/cli/joblog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/mem.h"

#define HEADER "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

enum { LINE_MOST = 1 << 30 }; /* of the number of a line: the bits would take 128 MiB */

struct joblog {
    char *path, *sent_path;
    int fd, sent_fd;
    struct buffer rows, sent;
    uint8_t *done; /* a bit a line */
    size_t done_size;
    struct joblog_sent *open; /* by line, each once */
    size_t n_open, room;
};

static void print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool read_rows(struct joblog *j, struct error *err);
static bool read_sent(struct joblog *j, struct error *err);
static bool write_all(int fd, const char *path, struct buffer *b, struct error *err);

static int
open_file(const char *path, bool resume)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (resume ? 0 : O_TRUNC), 0666);
}

static bool
open_both(struct joblog *j, bool resume, struct error *err)
{
    j->fd = open_file(j->path, true);
    if (j->fd < 0) {
        return error_set(err, ERROR_CONFIG, "--joblog %s: %s", j->path, strerror(errno));
    }
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0) {
        return error_set(err, ERROR_EXISTS, "--joblog %s: another map writes it", j->path);
    }
    j->sent_fd = open_file(j->sent_path, resume);
    if (j->sent_fd < 0 || (!resume && ftruncate(j->fd, 0) != 0)) {
        return error_set(err, ERROR_CONFIG, "--joblog %s: %s",
                         j->sent_fd < 0 ? j->sent_path : j->path, strerror(errno));
    }
    return true;
}

bool
joblog_open(struct joblog **out, const char *path, bool resume, struct error *err)
{
    struct joblog *j = mem_zero(sizeof *j);

    j->fd = j->sent_fd = -1;
    j->path = mem_text(path);
    j->sent_path = mem_printf("%s.sent", path);
    if (!open_both(j, resume, err) || !read_rows(j, err) || !read_sent(j, err)) {
        joblog_close(j, false);
        return false;
    }
    if (lseek(j->fd, 0, SEEK_END) == 0) {
        buffer_append(&j->rows, HEADER, sizeof HEADER - 1);
    }
    *out = j;
    return true;
}

void
joblog_close(struct joblog *j, bool is_complete)
{
    struct error err = ERROR_INIT;

    if (!j) {
        return;
    }
    if (j->fd >= 0 && !joblog_flush(j, &err)) {
        fprintf(stderr, "celeriac: %s\n", err.message);
        is_complete = false;
    }
    if (is_complete) {
        (void)unlink(j->sent_path);
    }
    if (j->sent_fd >= 0) {
        close(j->sent_fd);
    }
    if (j->fd >= 0) {
        close(j->fd);
    }
    buffer_clear(&j->rows);
    buffer_clear(&j->sent);
    free(j->done);
    free(j->open);
    free(j->path);
    free(j->sent_path);
    free(j);
}

/* ---- what is done ---- */

bool
joblog_has(const struct joblog *j, uint64_t line)
{
    return line / 8 < j->done_size && (j->done[line / 8] >> line % 8 & 1);
}

static void
mark(struct joblog *j, uint64_t line)
{
    const size_t need = (size_t)(line / 8) + 1;

    if (need > j->done_size) {
        const size_t size = need > 2 * j->done_size ? need : 2 * j->done_size;
        j->done = mem_grow(j->done, size, 1);
        memset(j->done + j->done_size, 0, size - j->done_size);
        j->done_size = size;
    }
    j->done[line / 8] |= (uint8_t)(1U << line % 8);
}

/* Takes each whole line of a file; what a kill has left behind the last one is cut off. */
typedef bool joblog_line_fn(struct joblog *j, const char *line, uint64_t number, struct error *err);

static bool
read_lines(struct joblog *j, int fd, joblog_line_fn *take, struct error *err)
{
    FILE *f = fdopen(dup(fd), "r");
    char *line = NULL;
    size_t room = 0;
    uint64_t number = 0;
    off_t whole = 0;
    ssize_t len;
    bool ok = f != NULL;

    while (ok && (len = getline(&line, &room, f)) > 0 && line[len - 1] == '\n') {
        line[len - 1] = '\0';
        ok = take(j, line, ++number, err);
        whole += len;
    }
    free(line);
    if (f) {
        fclose(f);
    }
    return ok && (ftruncate(fd, whole) == 0 ||
                  error_set(err, ERROR_CONFIG, "--joblog %s: %s", j->path, strerror(errno)));
}

static bool
take_row(struct joblog *j, const char *text, uint64_t number, struct error *err)
{
    uint64_t line = 0;
    int end = 0;

    if (number == 1) {
        return strncmp(text, "Seq\t", 4) == 0 ||
               error_set(err, ERROR_CONFIG,
                         "--joblog %s: line 1 is \"%.60s\", but a job log begins with \"Seq\"",
                         j->path, text);
    }
    if (sscanf(text, "%" SCNu64 "\t%n", &line, &end) != 1 || end == 0 || line == 0 ||
        line > LINE_MOST) {
        return error_set(
            err, ERROR_CONFIG,
            "--joblog %s: line %" PRIu64
            " is \"%.60s\", expected the number of a line of input (1 to %d) and a tab",
            j->path, number, text, LINE_MOST);
    }
    mark(j, line);
    return true;
}

static bool
read_rows(struct joblog *j, struct error *err)
{
    return read_lines(j, j->fd, take_row, err);
}

/* ---- what was sent ---- */

static int
by_line(const void *a, const void *b)
{
    const struct joblog_sent *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Most are done, and the rest comes nearly in order: the last ones are looked at first. */
static size_t
place_of(const struct joblog *j, uint64_t line)
{
    size_t at = j->n_open;

    while (at > 0 && j->open[at - 1].line >= line) {
        at--;
    }
    return at;
}

static void
put(struct joblog *j, const struct joblog_sent *sent)
{
    const size_t at = place_of(j, sent->line);
    const bool is_there = at < j->n_open && j->open[at].line == sent->line;

    if (!is_there) {
        if (j->n_open == j->room) {
            j->room = j->room ? 2 * j->room : 64;
            j->open = mem_grow(j->open, j->room, sizeof *j->open);
        }
        memmove(j->open + at + 1, j->open + at, (j->n_open - at) * sizeof *j->open);
        j->n_open++;
    }
    j->open[at] = *sent;
}

static void
drop(struct joblog *j, uint64_t line)
{
    const size_t at = place_of(j, line);

    if (at < j->n_open && j->open[at].line == line) {
        memmove(j->open + at, j->open + at + 1, (j->n_open - at - 1) * sizeof *j->open);
        j->n_open--;
    }
}

static bool
take_sent(struct joblog *j, const char *text, uint64_t number, struct error *err)
{
    struct joblog_sent sent = {.line = 0};
    char id[ID_MAX + 2];
    bool is_open = false;

    if (sscanf(text, "%" SCNu64 " %" SCNu32 " %" SCNu32 " %65s", &sent.line, &sent.n_lines,
               &sent.chunk, id) != 4 ||
        sent.line == 0 || sent.line > LINE_MOST || sent.n_lines > LINE_MOST ||
        (sent.n_lines > 0 && !id_from_redis(&sent.id, id, strlen(id)))) {
        return error_set(err, ERROR_CONFIG,
                         "--joblog %s: line %" PRIu64
                         " is \"%.60s\", which was not written by a map",
                         j->sent_path, number, text);
    }
    for (uint32_t i = 0; i < sent.n_lines && !is_open; i++) {
        is_open = !joblog_has(j, sent.line + i);
    }
    if (is_open) {
        put(j, &sent);
    } else {
        drop(j, sent.line);
    }
    return true;
}

static bool
read_sent(struct joblog *j, struct error *err)
{
    return read_lines(j, j->sent_fd, take_sent, err);
}

const struct joblog_sent *
joblog_find(const struct joblog *j, uint64_t line)
{
    const struct joblog_sent key = {.line = line};

    return j->n_open ? bsearch(&key, j->open, j->n_open, sizeof *j->open, by_line) : NULL;
}

void
joblog_note_sent(struct joblog *j, const struct joblog_sent *sent)
{
    print(&j->sent, "%" PRIu64 " %" PRIu32 " %" PRIu32 " %.*s\n", sent->line, sent->n_lines,
          sent->chunk, (int)sent->id.len, sent->id.text);
}

void
joblog_note_forgotten(struct joblog *j, uint64_t line)
{
    print(&j->sent, "%" PRIu64 " 0 0 -\n", line);
}

bool
joblog_flush_sent(struct joblog *j, struct error *err)
{
    return write_all(j->sent_fd, j->sent_path, &j->sent, err);
}

/* ---- rows ---- */

static void
print(struct buffer *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MUST(len >= 0);
    char *out = buffer_room(b, (size_t)len + 1);
    va_start(args, format);
    (void)vsnprintf(out, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

static int
number_of_signal(const char *name)
{
    for (int n = 1; name && n < NSIG; n++) {
        const char *known = sigabbrev_np(n);
        if (known && strcmp(known, name) == 0) {
            return n;
        }
    }
    return 0;
}

void
joblog_add(struct joblog *j, const struct joblog_row *row)
{
    size_t begin;

    print(&j->rows, "%" PRIu64 "\t%s\t%.3f\t%.3f\t%zu\t%zu\t%d\t%d\t%s ", row->line,
          row->host ? row->host : "-", (double)row->started_at_ms / 1000,
          (double)row->runtime_us / 1e6, row->sent_bytes, row->received_bytes,
          row->has_failed ? 1 : 0, number_of_signal(row->signal), row->task);
    begin = j->rows.len;
    buffer_append(&j->rows, row->text, row->text_len);
    for (size_t i = begin; i < j->rows.len;
         i++) { /* a row is a line, and Command its last column */
        if (j->rows.data[i] == '\n' || j->rows.data[i] == '\r' || j->rows.data[i] == '\0') {
            j->rows.data[i] = ' ';
        }
    }
    buffer_append(&j->rows, "\n", 1);
    mark(j, row->line);
}

bool
joblog_flush(struct joblog *j, struct error *err)
{
    return write_all(j->fd, j->path, &j->rows, err) && joblog_flush_sent(j, err);
}

static bool
write_all(int fd, const char *path, struct buffer *b, struct error *err)
{
    size_t at = 0;

    while (at < b->len) {
        const ssize_t n = write(fd, b->data + at, b->len - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return error_set(err, ERROR_CONFIG, "--joblog %s: %s", path, strerror(errno));
        }
        at += (size_t)n;
    }
    b->len = 0;
    return true;
}
