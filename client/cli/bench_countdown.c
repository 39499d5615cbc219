/* countdown: one job counting down from n, then two jobs from n / 2 at once. On two cores the two
 * should take half of the time: as threads of one process, and as processes. */
#include "client/cli/bench.h"
#include "common/arena.h"
#include "common/clock.h"

enum { PROBE = 20000000 };

static bool
count(struct bench *b, int64_t from, int jobs, double *seconds, struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_value *args = celeriac_array(arena);
    struct celeriac_job job = b->job;
    struct celeriac_future *future;
    struct celeriac_error error;
    int64_t since_us = clock_mono_us();
    bool ok = true;

    celeriac_append(args, celeriac_integer(arena, from));
    job.task = "countdown";
    job.args = args;
    for (int i = 0; ok && i < jobs; i++) {
        ok = celeriac_submit(b->client, &job, &future, &error);
    }
    ok = ok && celeriac_wait_all(b->client, -1, &error);
    *seconds = (double)(clock_mono_us() - since_us) / 1e6;
    arena_free(arena);
    return ok || bench_error(err, &error);
}

static bool
compare(struct bench *b, const char *name, const struct bench_worker *w, struct error *err)
{
    double probe, whole, halves;
    int64_t n;

    if (!bench_worker_ready(b, w, err) || !count(b, PROBE, 1, &probe, err) ||
        !count(b, PROBE, 1, &probe, err)) {
        return false;
    }
    n = (int64_t)((double)PROBE * (double)b->options->whole_ms * 1.02 / 1000 / probe);
    if (!count(b, n, 1, &whole, err) || !count(b, n / 2, 2, &halves, err)) {
        return false;
    }
    bench_add_against(b, name, "s", halves, whole, "one whole");
    return bench_empty(b, err);
}

bool
bench_countdown(struct bench *b, struct error *err)
{
    return compare(b, "countdown, halves as 2 threads",
                   &(struct bench_worker){.processes = 1, .threads = 2}, err) &&
           compare(b, "countdown, halves as 2 processes",
                   &(struct bench_worker){.processes = 2, .threads = 1}, err);
}
