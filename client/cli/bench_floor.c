/* floor: the limit alone, for a look at the machine and its Redis. */
#include <stdlib.h>

#include "client/cli/bench.h"
#include "common/clock.h"

enum { PINGS = 5000 };

bool
bench_floor(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b), pings = n < PINGS ? n : PINGS;
    struct broker_job *jobs = bench_floor_jobs(b, n);
    struct floor_work work = {
        .jobs = jobs, .n = n, .outcome = b->outcome.data, .len = b->outcome.len};
    int64_t since_us = clock_mono_us();
    bool ok = floor_ping(b->floor, pings, err);

    bench_add(b, "floor, PING one after the other", "/s", bench_per_second(pings, since_us), 0);
    since_us = clock_mono_us();
    ok = ok && floor_submit(b->floor, BENCH_QUEUE, jobs, n, err);
    bench_add(b, "floor, submit", "jobs/s", bench_per_second(n, since_us), 0);
    since_us = clock_mono_us();
    ok = ok && floor_drain(b->floor, BENCH_QUEUE, &work, err);
    bench_add(b, "floor, drain", "jobs/s", bench_per_second(n, since_us), 0);
    free(jobs);
    return ok;
}
