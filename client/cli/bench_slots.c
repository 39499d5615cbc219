/* slots: jobs that compute for 10 ms each; which share of the slots' time, from the first start to
 * the last end, was spent in tasks. The floor of that is 1. */
#include <stdlib.h>

#include "client/cli/bench.h"
#include "common/arena.h"
#include "common/mem.h"

static double
busy_share(struct celeriac_future *const *futures, size_t n, int64_t slots)
{
    int64_t first = INT64_MAX, last = 0, busy_us = 0;

    for (size_t i = 0; i < n; i++) {
        const struct celeriac_report *r = celeriac_future_report(futures[i]);
        first = r->started_at_ms < first ? r->started_at_ms : first;
        last = r->finished_at_ms > last ? r->finished_at_ms : last;
        busy_us += r->runtime_us;
    }
    return (double)busy_us / 1000 / (double)slots / (double)(last - first + 1);
}

bool
bench_slots(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    struct celeriac_value *args = celeriac_array(b->arena);
    struct celeriac_job *jobs = mem_array(n, sizeof *jobs);
    struct celeriac_future **futures = mem_array(n, sizeof *futures);
    struct celeriac_error error;
    bool ok = bench_worker_ready(b, &(struct bench_worker){0}, err);

    celeriac_append(args, celeriac_number(b->arena, 0.01));
    for (size_t i = 0; i < n; i++) {
        jobs[i] = b->job;
        jobs[i].task = "spin";
        jobs[i].args = args;
    }
    ok = ok && ((celeriac_submit_many(b->client, jobs, n, futures, &error) &&
                 celeriac_wait_all(b->client, -1, &error)) ||
                bench_error(err, &error));
    if (ok) {
        bench_add(b, "slots, time in tasks of 10 ms", "share",
                  busy_share(futures, n, b->options->processes * b->options->threads), 1);
    }
    for (size_t i = 0; i < n; i++) {
        celeriac_future_free(futures[i]);
    }
    free(futures);
    free(jobs);
    return ok;
}
