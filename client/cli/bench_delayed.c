/* delayed: jobs due at times spread over SPREAD_MS; how late each starts, on Redis' clock. The
 * floor is a program that sleeps until then by itself and asks Redis once. */
#include <stdlib.h>
#include <time.h>

#include "client/cli/bench.h"
#include "client/client.h"
#include "common/clock.h"
#include "common/mem.h"

enum { FIRST_MS = 300, SPREAD_MS = 2000, FLOOR_SLEEPS = 50 };

static bool
submit_delayed(struct bench *b, size_t n, int64_t *due_ms, struct celeriac_future **futures,
               struct error *err)
{
    struct celeriac_job *jobs = mem_array(n, sizeof *jobs);
    struct celeriac_options *options = mem_array(n, sizeof *options);
    struct celeriac_error error;
    int64_t now_ms = 0;
    bool ok = broker_redis_time(b->client->broker, &now_ms, err);

    for (size_t i = 0; i < n; i++) {
        due_ms[i] = now_ms + FIRST_MS + (int64_t)(i * SPREAD_MS / n);
        options[i] = b->job_options;
        options[i].due_at_ms = due_ms[i];
        jobs[i] = b->job;
        jobs[i].options = &options[i];
    }
    ok = ok &&
         (celeriac_submit_many(b->client, jobs, n, futures, &error) || bench_error(err, &error));
    ok = ok && (celeriac_wait_all(b->client, 60000, &error) || bench_error(err, &error));
    free(jobs);
    free(options);
    return ok;
}

static bool
sleep_and_ask(struct bench *b, struct series *late, struct error *err)
{
    for (int i = 0; i < FLOOR_SLEEPS; i++) {
        int64_t due_us = clock_mono_us() + 5000;
        struct timespec due = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        if (!floor_ping(b->floor, 1, err)) {
            return false;
        }
        series_add(late, (double)(clock_mono_us() - due_us) / 1000);
    }
    return true;
}

bool
bench_delayed(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    int64_t *due_ms = mem_array(n, sizeof *due_ms);
    struct celeriac_future **futures = mem_array(n, sizeof *futures);
    struct series late = SERIES_INIT, floor = SERIES_INIT;
    bool ok = bench_worker_ready(b, &(struct bench_worker){0}, err) &&
              submit_delayed(b, n, due_ms, futures, err) && sleep_and_ask(b, &floor, err);

    for (size_t i = 0; ok && i < n; i++) {
        series_add(&late, (double)(celeriac_future_report(futures[i])->started_at_ms - due_ms[i]));
    }
    for (size_t i = 0; i < n; i++) {
        celeriac_future_free(futures[i]);
    }
    if (ok) {
        bench_add(b, "delayed, p50 late", "ms", series_median(&late), series_median(&floor));
        bench_add(b, "delayed, p99 late", "ms", series_quantile(&late, 0.99),
                  series_quantile(&floor, 0.99));
        bench_add(b, "delayed, most late", "ms", series_quantile(&late, 1),
                  series_quantile(&floor, 1));
    }
    series_clear(&late);
    series_clear(&floor);
    free(futures);
    free(due_ms);
    return ok;
}
