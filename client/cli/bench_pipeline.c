/* pipeline: a client submits as fast as it can while a worker drains; no more than BACKLOG jobs
 * wait. Held against a drain in the same repetition, and against the floor: putting in and taking
 * out by plain commands, one after the other, since Redis does one thing at a time. */
#include <stdlib.h>

#include "client/cli/bench.h"
#include "common/clock.h"

enum { BACKLOG = 20000, AT_ONCE = 2000 };

static bool
drain_alone(struct bench *b, size_t n, double *rate, struct error *err)
{
    struct bench_progress p;

    if (!bench_fill(b, BENCH_QUEUE, 5, n, err) ||
        !bench_worker_start(b, &(struct bench_worker){0}, err) ||
        !bench_await(b, 0, (int64_t)n, &p, err)) {
        return false;
    }
    *rate = bench_rate(&p, (int64_t)n);
    return bench_empty(b, err);
}

/* The rate is that of completions from the time when a quarter of the jobs is in, to the time when
 * all are in. */
static bool
drain_and_submit(struct bench *b, size_t n, double *rate, struct error *err)
{
    int64_t done, first_done = -1, first_us = 0, before;

    if (!bench_worker_ready(b, &(struct bench_worker){0}, err) || !bench_done(b, &before, err)) {
        return false;
    }
    for (size_t sent = 0; sent < n;) {
        if (!bench_done(b, &done, err)) {
            return false;
        }
        done -= before;
        if (first_done < 0 && sent >= n / 4) {
            first_done = done;
            first_us = clock_mono_us();
        }
        if ((int64_t)sent - done < BACKLOG) {
            size_t some = n - sent < AT_ONCE ? n - sent : AT_ONCE;
            if (!bench_fill(b, BENCH_QUEUE, 5, some, err)) {
                return false;
            }
            sent += some;
        }
    }
    if (!bench_done(b, &done, err)) {
        return false;
    }
    *rate = first_done < 0 ? 0 : bench_per_second((size_t)(done - before - first_done), first_us);
    return bench_await(b, before, (int64_t)n, &(struct bench_progress){0}, err) &&
           bench_empty(b, err);
}

bool
bench_pipeline(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    struct floor_work work = {.n = n, .outcome = b->outcome.data, .len = b->outcome.len};
    double alone, both;
    struct broker_job *jobs;
    int64_t since_us;
    bool ok;

    if (!drain_alone(b, n, &alone, err) || !drain_and_submit(b, n, &both, err)) {
        return false;
    }
    work.jobs = jobs = bench_floor_jobs(b, n);
    since_us = clock_mono_us();
    ok = floor_submit(b->floor, BENCH_QUEUE, jobs, n, err) &&
         floor_drain(b->floor, BENCH_QUEUE, &work, err);
    bench_add(b, "pipeline", "jobs/s", both, bench_per_second(n, since_us));
    bench_add_against(b, "pipeline, of the drain alone", "jobs/s", both, alone, "drain");
    free(jobs);
    return ok;
}
