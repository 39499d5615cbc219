/* memory: what a waiting no-op job takes in Redis. */
#include <stdlib.h>

#include "client/cli/bench.h"

bool
bench_memory(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    int64_t before, after, floor_after;
    struct broker_job *jobs;
    bool ok;

    if (!floor_info(b->floor, "used_memory", &before, err) ||
        !bench_fill(b, BENCH_QUEUE, 5, n, err) ||
        !floor_info(b->floor, "used_memory", &after, err) || !bench_empty(b, err)) {
        return false;
    }
    double own = (double)(after - before) / (double)n;
    jobs = bench_floor_jobs(b, n);
    ok = floor_info(b->floor, "used_memory", &before, err) &&
         floor_submit(b->floor, BENCH_QUEUE, jobs, n, err) &&
         floor_info(b->floor, "used_memory", &floor_after, err);
    free(jobs);
    if (ok) {
        bench_add(b, "memory of a waiting job", "bytes", own,
                  (double)(floor_after - before) / (double)n);
    }
    return ok;
}
