/* Benchmarks: what they share, and the list of them. */
#ifndef CLIENT_CLI_BENCH_H
#define CLIENT_CLI_BENCH_H

#include <stdio.h>
#include <sys/types.h>

#include "broker/floor.h"
#include "client/celeriac.h"
#include "client/cli/bench_report.h"
#include "client/cli/command.h"
#include "common/buffer.h"

struct bench_options {
    bool local;
    const char *plot;
    int64_t jobs, repeat; /* 0: as the benchmark likes */
    int64_t processes, threads, result_ttl_ms;
    int64_t whole_ms; /* how long things take whose length is free */
};

#define BENCH_QUEUE "bench"

/* One call of the verb. Everything stands in a namespace of its own, which is deleted at the end.
 */
struct bench {
    struct cli *cli;
    const struct bench_options *options;
    const struct benchmark *row; /* what runs */
    char *namespace;
    struct celeriac_client *client;
    struct floor *floor;
    struct bench_report report;
    struct celeriac_arena *arena;
    struct celeriac_options job_options;
    struct celeriac_job job;        /* the no-op: echo of null */
    struct buffer message, outcome; /* its bytes in Redis */
    pid_t worker;                   /* 0: none runs */
};

struct benchmark {
    const char *name, *summary;
    int64_t jobs, repeat;                            /* defaults */
    bool (*run)(struct bench *b, struct error *err); /* one repetition */
};
extern const struct benchmark benchmarks[];
extern const size_t n_benchmarks;

bool bench_submit(struct bench *b, struct error *err);
bool bench_drain(struct bench *b, struct error *err);
bool bench_roundtrip(struct bench *b, struct error *err);
bool bench_pipeline(struct bench *b, struct error *err);
bool bench_countdown(struct bench *b, struct error *err);
bool bench_map(struct bench *b, struct error *err);
bool bench_memory(struct bench *b, struct error *err);
bool bench_delayed(struct bench *b, struct error *err);
bool bench_recovery(struct bench *b, struct error *err);
bool bench_scale(struct bench *b, struct error *err);
bool bench_floor(struct bench *b, struct error *err);
bool bench_slots(struct bench *b, struct error *err);
bool bench_tasks(struct bench *b, struct error *err);

/* ---- bench_run.c ---- */

/* Redis (a private one, if no broker is named), client, floor, and one no-op job that was run. */
bool bench_open(struct bench *b, struct error *err);
void bench_close(struct bench *b);
/* Empty: no key of ours in Redis. */
bool bench_empty(struct bench *b, struct error *err);
size_t bench_jobs(const struct bench *b);
/* Adds a measurement, and what it is held against in the same repetition (0: nothing). */
void bench_add(struct bench *b, const char *name, const char *unit, double own, double floor);
void bench_add_against(struct bench *b, const char *name, const char *unit, double own,
                       double other, const char *against);

struct bench_worker {
    int64_t processes, threads; /* 0: as the options say */
    int n_queues;               /* BENCH_QUEUE and more, "bench-2"...; 0: one */
};
/* A worker in a process of its own; it need not be ready yet. */
bool bench_worker_start(struct bench *b, const struct bench_worker *w, struct error *err);
/* And waits until it has run a job. */
bool bench_worker_ready(struct bench *b, const struct bench_worker *w, struct error *err);
void bench_worker_stop(struct bench *b);

/* Puts n no-op jobs into the queue, as many at a time as a program would. */
bool bench_fill(struct bench *b, const char *queue, int priority, size_t n, struct error *err);
/* The same jobs for the floor; free() the array. */
struct broker_job *bench_floor_jobs(const struct bench *b, size_t n);
/* One job, waited for. `report` (may be NULL) lives as long as the future, which is the caller's.
 */
bool bench_run_job(struct bench *b, const struct celeriac_job *job, struct celeriac_future **future,
                   struct error *err);

struct bench_progress {
    int64_t first_us, last_us; /* when completions were first and last seen */
    int64_t first;             /* how many the first time */
};
/* Until `n` jobs more than `before` have been counted as done in the queue. */
bool bench_await(struct bench *b, int64_t before, int64_t n, struct bench_progress *p,
                 struct error *err);
double bench_rate(const struct bench_progress *p, int64_t n);
bool bench_done(struct bench *b, int64_t *n, struct error *err);

/* Lines for `celeriac map --chunk auto TASK`. */
struct bench_lines {
    const char *task;
    void (*write)(FILE *to, size_t i); /* line i with its newline */
    size_t n;
};
/* From file to file; lines per second. The worker must be ready. */
bool bench_map_lines(struct bench *b, const struct bench_lines *lines, double *rate,
                     struct error *err);

/* n per second since. */
double bench_per_second(size_t n, int64_t since_us);
bool bench_error(struct error *err, const struct celeriac_error *error);

#endif
