/* map: a file of lines, each an expression with its variables, through `celeriac map eval --chunk
 * auto` into another file. The floor moves as many bytes in pieces of PIECE lines through Redis, in
 * and out, and computes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/bench.h"
#include "common/clock.h"
#include "common/mem.h"

enum { PIECE = 1000 };

struct files {
    char directory[64];
    char *in, *out;
};

static bool
make_files(struct files *f, const struct bench_lines *lines, struct error *err)
{
    FILE *to;

    *f = (struct files){.directory = "/tmp/celeriac-bench-XXXXXX"};
    if (!mkdtemp(f->directory)) {
        return error_set_errno(err, ERROR_UNAVAILABLE, "%s", f->directory);
    }
    f->in = mem_printf("%s/in", f->directory);
    f->out = mem_printf("%s/out", f->directory);
    to = fopen(f->in, "w");
    for (size_t i = 0; to && i < lines->n; i++) {
        lines->write(to, i);
    }
    return (to && fclose(to) == 0) || error_set_errno(err, ERROR_UNAVAILABLE, "%s", f->in);
}

static void
delete_files(struct files *f)
{
    if (!f->in) {
        return; /* there is no directory */
    }
    unlink(f->in);
    unlink(f->out);
    rmdir(f->directory);
    free(f->in);
    free(f->out);
}

static bool
run_map(struct bench *b, const struct files *f, const char *task, struct error *err)
{
    const struct client_settings *s = &b->cli->settings;
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        char *argv[] = {mem_text("/proc/self/exe"),
                        mem_text("map"),
                        mem_printf("--broker=%s", s->broker),
                        mem_printf("--namespace=%s", b->namespace),
                        mem_printf("--password-file=%s", s->password_file ? s->password_file : ""),
                        mem_text("--queue=" BENCH_QUEUE),
                        mem_text("--chunk=auto"),
                        mem_printf("--result-ttl=%lldms", (long long)b->options->result_ttl_ms),
                        mem_text(task),
                        mem_text(f->in),
                        NULL};
        int out = open(f->out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(out, STDOUT_FILENO);
        execv(argv[0], argv);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(err, ERROR_INTERNAL, "celeriac map has failed");
}

/* As many bytes each way as the files have. */
static bool
move_bytes(struct bench *b, const struct files *f, size_t lines, struct error *err)
{
    struct stat in, out;
    size_t n = (lines + PIECE - 1) / PIECE;
    MUST(n > 0);
    struct broker_job *jobs = bench_floor_jobs(b, n);
    struct floor_work work = {.jobs = jobs, .n = n};
    bool ok = stat(f->in, &in) == 0 && stat(f->out, &out) == 0;
    char *bytes = mem_zero(ok ? (size_t)(in.st_size > out.st_size ? in.st_size : out.st_size) : 1);

    for (size_t i = 0; ok && i < n; i++) {
        jobs[i].message = bytes;
        jobs[i].len = (size_t)in.st_size / n;
    }
    work.outcome = bytes;
    work.len = ok ? (size_t)out.st_size / n : 0;
    ok = ok ? floor_submit(b->floor, BENCH_QUEUE, jobs, n, err) &&
                  floor_drain(b->floor, BENCH_QUEUE, &work, err)
            : error_set_errno(err, ERROR_UNAVAILABLE, "%s", f->out);
    free(bytes);
    free(jobs);
    return ok;
}

static bool
time_map(struct bench *b, const struct files *f, const struct bench_lines *lines, double *rate,
         struct error *err)
{
    int64_t since_us = clock_mono_us();
    bool ok = run_map(b, f, lines->task, err);

    *rate = bench_per_second(lines->n, since_us);
    return ok;
}

bool
bench_map_lines(struct bench *b, const struct bench_lines *lines, double *rate, struct error *err)
{
    struct files f;
    bool ok = make_files(&f, lines, err) && time_map(b, &f, lines, rate, err);

    delete_files(&f);
    return ok;
}

static void
write_expression(FILE *to, size_t i)
{
    fprintf(to, "[\"x^2+y\",{\"x\":%zu,\"y\":%zu}]\n", i % 1000, i);
}

bool
bench_map(struct bench *b, struct error *err)
{
    struct bench_lines lines = {"eval", write_expression, bench_jobs(b)};
    struct files f;
    int64_t since_us;
    double own = 0;
    bool ok = make_files(&f, &lines, err) &&
              bench_worker_ready(b, &(struct bench_worker){0}, err) &&
              time_map(b, &f, &lines, &own, err);

    bench_worker_stop(b);
    since_us = clock_mono_us();
    ok = ok && move_bytes(b, &f, lines.n, err);
    if (ok) {
        bench_add(b, "map eval", "lines/s", own, bench_per_second(lines.n, since_us));
    }
    delete_files(&f);
    return ok;
}
