/* submit: jobs go in, nobody takes them out. */
#include <stdlib.h>

#include "client/cli/bench.h"
#include "common/clock.h"

enum { ALONE_SHARE = 20 }; /* jobs sent one at a time are so many times fewer */

static bool
one_at_a_time(struct bench *b, size_t n, struct error *err)
{
    struct celeriac_error error;
    int64_t since_us = clock_mono_us();
    double own;

    for (size_t i = 0; i < n; i++) {
        if (!celeriac_submit(b->client, &b->job, NULL, &error)) {
            return bench_error(err, &error);
        }
    }
    own = bench_per_second(n, since_us);
    since_us = clock_mono_us();
    if (!floor_ping(b->floor, n, err)) {
        return false;
    }
    bench_add(b, "submit, one at a time", "jobs/s", own, bench_per_second(n, since_us));
    return bench_empty(b, err);
}

static bool
many_at_once(struct bench *b, size_t n, struct error *err)
{
    struct broker_job *jobs;
    int64_t since_us = clock_mono_us();
    double own;
    bool ok;

    if (!bench_fill(b, BENCH_QUEUE, 5, n, err)) {
        return false;
    }
    own = bench_per_second(n, since_us);
    if (!bench_empty(b, err)) {
        return false;
    }
    jobs = bench_floor_jobs(b, n);
    since_us = clock_mono_us();
    ok = floor_submit(b->floor, BENCH_QUEUE, jobs, n, err);
    bench_add(b, "submit, many at once", "jobs/s", own, bench_per_second(n, since_us));
    free(jobs);
    return ok;
}

bool
bench_submit(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);

    return one_at_a_time(b, n / ALONE_SHARE + 1, err) && many_at_once(b, n, err);
}
