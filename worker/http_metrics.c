/* The page /metrics in Prometheus' text format, version 0.0.4.
 *
 * Names of tasks are those of modules, or "other"; names of queues those that the worker serves:
 * strangers cannot make new series. What belongs to a queue, not to this worker, every worker that
 * serves it says alike (docs/monitoring.md). */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "worker/fault_handler.h"
#include "worker/http.h"

enum { LINE_MAX_BYTES = 512 };

static void line(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
line(struct buffer *out, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    const int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    MUST(n >= 0 && (size_t)n < sizeof(text));
    buffer_append(out, text, (size_t)n);
    buffer_append_char(out, '\n');
}

static void
family(struct buffer *out, const char *name, const char *type, const char *help)
{
    line(out, "# HELP %s %s", name, help);
    line(out, "# TYPE %s %s", name, type);
}

static void
one(struct buffer *out, const char *name, const char *type, const char *help, double value)
{
    family(out, name, type, help);
    line(out, "%s %.15g", name, value);
}

/* ---- jobs ---- */

static void
print_outcomes(struct buffer *out, const struct metrics_sum *sums, size_t n)
{
    static const char *const names[METRICS_OUTCOMES] = {
        [METRICS_SUCCESS] = "success",     [METRICS_FAILURE] = "failure", [METRICS_RETRY] = "retry",
        [METRICS_CANCELLED] = "cancelled", [METRICS_EXPIRED] = "expired", [METRICS_DEAD] = "dead"};

    family(out, "celeriac_jobs_total", "counter", "Ends of attempts in this worker, by outcome.");
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < METRICS_OUTCOMES; j++)
            if (sums[i].outcomes[j] > 0)
                line(out, "celeriac_jobs_total{task=\"%s\",queue=\"%s\",outcome=\"%s\"} %llu",
                     sums[i].task, sums[i].queue, names[j],
                     (unsigned long long)sums[i].outcomes[j]);
}

static void
print_histogram(struct buffer *out, const char *name, const struct metrics_sum *sum,
                const uint64_t *buckets, uint64_t sum_us)
{
    unsigned long long count = 0;

    for (size_t i = 0; i < METRICS_BUCKETS - 1; i++) {
        count += buckets[i];
        line(out, "%s_bucket{task=\"%s\",queue=\"%s\",le=\"%.15g\"} %llu", name, sum->task,
             sum->queue, (double)metrics_bounds_us[i] / 1e6, count);
    }
    count += buckets[METRICS_BUCKETS - 1];
    line(out, "%s_bucket{task=\"%s\",queue=\"%s\",le=\"+Inf\"} %llu", name, sum->task, sum->queue,
         count);
    line(out, "%s_sum{task=\"%s\",queue=\"%s\"} %.15g", name, sum->task, sum->queue,
         (double)sum_us / 1e6);
    line(out, "%s_count{task=\"%s\",queue=\"%s\"} %llu", name, sum->task, sum->queue, count);
}

static void
print_jobs(const struct metrics *metrics, struct buffer *out)
{
    static struct metrics_sum sums[METRICS_ROWS];
    const size_t n = metrics_add_up(metrics, sums);

    print_outcomes(out, sums, n);
    family(out, "celeriac_job_wait_seconds", "histogram",
           "From the creation of a job to its first reservation, a delay that was asked for "
           "included.");
    for (size_t i = 0; i < n; i++)
        print_histogram(out, "celeriac_job_wait_seconds", &sums[i], sums[i].wait, sums[i].wait_us);
    family(out, "celeriac_job_run_seconds", "histogram", "Run time of an attempt.");
    for (size_t i = 0; i < n; i++)
        print_histogram(out, "celeriac_job_run_seconds", &sums[i], sums[i].run, sums[i].run_us);
}

/* ---- queues ---- */

static void
print_queues(const struct http_view *view, struct buffer *out)
{
    one(out, "celeriac_redis_up", "gauge", "Whether the queues could be read from Redis.",
        view->is_redis_up);
    family(out, "celeriac_queue_jobs", "gauge", "Jobs of a queue, of all workers, by state.");
    for (size_t i = 0; i < view->n_queues; i++) {
        const struct broker_queue *q = &view->queues[i];
        const struct {
            const char *state;
            int64_t n;
        } states[] = {{"ready", q->ready},
                      {"delayed", q->delayed},
                      {"running", q->running},
                      {"dead", q->dead}};
        for (size_t j = 0; j < sizeof(states) / sizeof(states[0]); j++)
            line(out, "celeriac_queue_jobs{queue=\"%s\",state=\"%s\"} %lld", q->name,
                 states[j].state, (long long)states[j].n);
    }
    family(out, "celeriac_queue_latency_seconds", "gauge", "Age of the oldest ready job.");
    for (size_t i = 0; i < view->n_queues; i++)
        line(out, "celeriac_queue_latency_seconds{queue=\"%s\"} %.15g", view->queues[i].name,
             (double)view->queues[i].latency_ms / 1e3);
    family(out, "celeriac_queue_paused", "gauge", "Whether the queue is paused.");
    for (size_t i = 0; i < view->n_queues; i++)
        line(out, "celeriac_queue_paused{queue=\"%s\"} %d", view->queues[i].name,
             view->queues[i].is_paused);
}

/* ---- faults ---- */

static void
print_faults(const struct metrics *m, struct buffer *out)
{
    uint64_t stale = 0;

    for (size_t i = 0; i < m->n; i++)
        stale += atomic_load_explicit(&m->seats[i].stale, memory_order_relaxed);
    family(out, "celeriac_crashes_total", "counter",
           "Runners that ended by a signal that Celeriac did not send.");
    for (int i = 1; i < METRICS_SIGNALS; i++)
        if (m->crashes[i] > 0)
            line(out, "celeriac_crashes_total{signal=\"%s\"} %llu", fault_signal_name(i),
                 (unsigned long long)m->crashes[i]);
    one(out, "celeriac_stale_finishes_total", "counter",
        "Finishes refused, since the job was given to another runner.", (double)stale);
    one(out, "celeriac_recovered_jobs_total", "counter",
        "Jobs of dead runners and dead workers that this worker gave back.", (double)m->recovered);
    one(out, "celeriac_buried_jobs_total", "counter",
        "Jobs of dead runners and dead workers that became dead letters.", (double)m->buried);
}

/* ---- processes ---- */

static void
print_memory(const struct heritage *h, struct buffer *out)
{
    static const char name[] = "celeriac_process_resident_memory_bytes";
    const struct {
        const char *process;
        pid_t pid;
    } others[] = {{"master", getppid()}, {"steward", h->metrics->steward_pid}, {"http", getpid()}};

    family(out, name, "gauge", "Resident memory of a process; seat tells runners apart.");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        line(out, "%s{process=\"%s\",seat=\"\"} %lld", name, others[i].process,
             (long long)process_resident_bytes(others[i].pid));
    for (size_t i = 0; i < h->boards->n; i++) {
        const struct scoreboard *b = &h->boards->seats[i];
        if (http_is_there(b))
            line(out, "%s{process=\"runner\",seat=\"%zu\"} %lld", name, i,
                 (long long)process_resident_bytes(b->pid));
    }
}

static void
print_worker(const struct heritage *h, struct buffer *out)
{
    const int64_t now = clock_mono_ms();
    unsigned slots = 0, busy = 0;

    family(out, "celeriac_info", "gauge", "Which worker this is; always 1.");
    line(out, "celeriac_info{worker=\"%s\",version=\"%s\"} 1", h->settings->id, CELERIAC_VERSION);
    family(out, "celeriac_claim_round_age_seconds", "gauge",
           "Time since a runner's loop, which claims jobs, made its last round.");
    for (size_t i = 0; i < h->boards->n; i++) {
        const struct scoreboard *b = &h->boards->seats[i];
        if (!http_is_there(b))
            continue;
        slots += b->n_slots;
        busy += scoreboard_busy(b);
        line(out, "celeriac_claim_round_age_seconds{seat=\"%zu\"} %.3f", i,
             (double)(now - b->stamp_ms) / 1e3);
    }
    one(out, "celeriac_slots", "gauge", "Threads that run tasks.", slots);
    one(out, "celeriac_slots_busy", "gauge", "Threads that run a task now.", busy);
    one(out, "celeriac_redis_round_trip_seconds", "gauge",
        "From the last beat of this worker to its answer by Redis.",
        (double)h->metrics->round_trip_us / 1e6);
    print_memory(h, out);
}

void
http_metrics(const struct http_view *view, struct buffer *out)
{
    print_worker(view->heritage, out);
    print_jobs(view->heritage->metrics, out);
    print_queues(view, out);
    print_faults(view->heritage->metrics, out);
}
