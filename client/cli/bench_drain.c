/* drain: jobs lie there, a worker starts. The rate is taken between the first and the last
 * completion seen; the start of the worker is told apart. The same run counts what a job costs
 * Redis and the worker. */
#include <stdlib.h>
#include <sys/resource.h>

#include "client/cli/bench.h"
#include "common/clock.h"

/* What Redis and we have spent. */
struct cost {
    int64_t commands, bytes_in, bytes_out, redis_us, worker_us;
};

static bool
read_cost(struct bench *b, struct cost *c, struct error *err)
{
    int64_t user_us, system_us;
    struct rusage children;

    if (!floor_info(b->floor, "total_commands_processed", &c->commands, err) ||
        !floor_info(b->floor, "total_net_input_bytes", &c->bytes_in, err) ||
        !floor_info(b->floor, "total_net_output_bytes", &c->bytes_out, err) ||
        !floor_info(b->floor, "used_cpu_user", &user_us, err) ||
        !floor_info(b->floor, "used_cpu_sys", &system_us, err)) {
        return false;
    }
    getrusage(RUSAGE_CHILDREN, &children);
    c->redis_us = user_us + system_us;
    c->worker_us = (children.ru_utime.tv_sec + children.ru_stime.tv_sec) * INT64_C(1000000) +
                   children.ru_utime.tv_usec + children.ru_stime.tv_usec;
    return true;
}

static void
add_cost(struct bench *b, const struct cost *before, const struct cost *after, double n)
{
    bench_add(b, "drain, worker's CPU with its start", "us/job",
              (double)(after->worker_us - before->worker_us) / n, 0);
    bench_add(b, "drain, commands", "per job", (double)(after->commands - before->commands) / n, 0);
    bench_add(b, "drain, bytes to Redis", "per job",
              (double)(after->bytes_in - before->bytes_in) / n, 0);
    bench_add(b, "drain, bytes from Redis", "per job",
              (double)(after->bytes_out - before->bytes_out) / n, 0);
}

static bool
drain(struct bench *b, size_t n, struct bench_progress *p, int64_t *redis_us, struct error *err)
{
    struct cost before, after;
    int64_t since_us;

    if (!bench_fill(b, BENCH_QUEUE, 5, n, err) || !read_cost(b, &before, err)) {
        return false;
    }
    since_us = clock_mono_us();
    if (!bench_worker_start(b, &(struct bench_worker){0}, err) ||
        !bench_await(b, 0, (int64_t)n, p, err)) {
        return false;
    }
    bench_worker_stop(b);
    if (!read_cost(b, &after, err)) {
        return false;
    }
    *redis_us = after.redis_us - before.redis_us;
    add_cost(b, &before, &after, (double)n);
    bench_add(b, "drain, until the first is done", "ms", (double)(p->first_us - since_us) / 1000,
              0);
    return bench_empty(b, err);
}

/* The same jobs by plain commands: their rate, and Redis' CPU. */
static bool
drain_floor(struct bench *b, size_t n, double *rate, int64_t *redis_us, struct error *err)
{
    struct broker_job *jobs = bench_floor_jobs(b, n);
    struct floor_work work = {
        .jobs = jobs, .n = n, .outcome = b->outcome.data, .len = b->outcome.len};
    struct cost before, after;
    int64_t since_us = 0;
    bool ok = floor_submit(b->floor, BENCH_QUEUE, jobs, n, err) && read_cost(b, &before, err);

    since_us = clock_mono_us();
    ok = ok && floor_drain(b->floor, BENCH_QUEUE, &work, err);
    *rate = bench_per_second(n, since_us);
    ok = ok && read_cost(b, &after, err);
    *redis_us = ok ? after.redis_us - before.redis_us : 0;
    free(jobs);
    return ok;
}

bool
bench_drain(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    struct bench_progress p;
    int64_t own_us, floor_us;
    double floor_rate;

    if (!drain(b, n, &p, &own_us, err) || !drain_floor(b, n, &floor_rate, &floor_us, err)) {
        return false;
    }
    bench_add(b, "drain", "jobs/s", bench_rate(&p, (int64_t)n), floor_rate);
    bench_add(b, "drain, Redis' CPU", "us/job", (double)own_us / (double)n,
              (double)floor_us / (double)n);
    return true;
}
