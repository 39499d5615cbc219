/* scale: the rates must not depend on how much waits, on the number of queues, nor fall with
 * that of runners. What waits, besides the jobs that are measured, is of the lowest priority. Each
 * figure is held against the first of its row in the same repetition. With --jobs the largest
 * numbers are left out in proportion. */
#include <stdio.h>

#include "client/cli/bench.h"
#include "common/clock.h"

struct scale {
    const char *what;
    struct bench_worker worker;
    size_t waiting;
};

static bool
drain_queues(struct bench *b, const struct scale *s, size_t n, double *rate, struct error *err)
{
    int n_queues = s->worker.n_queues > 0 ? s->worker.n_queues : 1;
    size_t each = n / (size_t)n_queues + 1;
    struct bench_progress p;
    char queue[32];

    for (int i = n_queues; i > 1; i--) {
        snprintf(queue, sizeof queue, BENCH_QUEUE "-%d", i);
        if (!bench_fill(b, queue, 5, each, err)) {
            return false;
        }
    }
    if (!bench_fill(b, BENCH_QUEUE, 5, each, err) || !bench_worker_start(b, &s->worker, err) ||
        !bench_await(b, 0, (int64_t)each, &p, err)) {
        return false;
    }
    bench_worker_stop(b);
    *rate = bench_rate(&p, (int64_t)each) * n_queues; /* all are served alike */
    return true;
}

/* Jobs that wait need new memory: also in the first steps, which could have that of others. */
static bool
measure(struct bench *b, const struct scale *s, double *submit, double *drain, struct error *err)
{
    size_t n = bench_jobs(b);
    int64_t since_us;

    if (!floor_purge(b->floor, err) ||
        (s->waiting > 0 && !bench_fill(b, BENCH_QUEUE, 0, s->waiting, err))) {
        return false;
    }
    if (s->waiting > 0) {
        since_us = clock_mono_us();
        if (!bench_fill(b, BENCH_QUEUE, 1, n, err)) {
            return false;
        }
        *submit = bench_per_second(n, since_us);
    }
    return drain_queues(b, s, n, drain, err) && bench_empty(b, err);
}

static bool
row(struct bench *b, const struct scale *steps, size_t n_steps, struct error *err)
{
    double first_submit = 0, first_drain = 0;
    char name[64];

    for (size_t i = 0; i < n_steps; i++) {
        double submit = 0, drain = 0;
        if (!measure(b, &steps[i], &submit, &drain, err)) {
            return false;
        }
        first_submit = i == 0 ? submit : first_submit;
        first_drain = i == 0 ? drain : first_drain;
        if (submit > 0) {
            snprintf(name, sizeof name, "submit, %s", steps[i].what);
            bench_add_against(b, name, "jobs/s", submit, first_submit, steps[0].what);
        }
        snprintf(name, sizeof name, "drain, %s", steps[i].what);
        bench_add_against(b, name, "jobs/s", drain, first_drain, steps[0].what);
    }
    return true;
}

bool
bench_scale(struct bench *b, struct error *err)
{
    static const struct scale waiting[] = {{"1 k waiting", {0}, 1000},
                                           {"10 k waiting", {0}, 10000},
                                           {"100 k waiting", {0}, 100000},
                                           {"1 M waiting", {0}, 1000000}};
    static const struct scale queues[] = {{"1 queue", {.n_queues = 1}, 0},
                                          {"8 queues", {.n_queues = 8}, 0},
                                          {"64 queues", {.n_queues = 64}, 0}};
    static const struct scale runners[] = {{"1 runner", {.processes = 1}, 0},
                                           {"2 runners", {.processes = 2}, 0},
                                           {"8 runners", {.processes = 8}, 0},
                                           {"32 runners", {.processes = 32}, 0}};
    bool is_small = bench_jobs(b) < 10000;

    return row(b, waiting, is_small ? 2 : 4, err) && row(b, queues, is_small ? 2 : 3, err) &&
           row(b, runners, is_small ? 2 : 4, err);
}
