/* One look: what the verbs queues, workers and jobs read, one after the other, so its numbers are
 * of almost, not of exactly, the same moment. A rate is the difference of two counters, divided by
 * the time between the looks by our own clock. */
#include "client/cli/top_look.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/fleet_view.h"
#include "client/cli/job_view.h"
#include "common/clock.h"
#include "common/mem.h"

static bool read_queues(struct top_look *look, struct broker *b, const char *queue,
                        struct error *err);
static bool read_workers(struct top_look *look, struct broker *b, const char *queue,
                         struct error *err);
static bool read_failures(struct top_look *look, struct broker *b, const char *queue,
                          struct error *err);
static const struct top_queue *find_queue(const struct top_look *look, const char *name);
static double rate(int64_t now, int64_t before, int64_t ms);
static struct celeriac_value *rates_view(const struct top_queue *q, struct celeriac_value *v,
                                         struct celeriac_arena *arena);

struct top_look *
top_look_read(struct broker *b, const char *queue, const struct top_look *before, struct error *err)
{
    struct top_look *look = mem_zero(sizeof *look);

    look->arena = arena_new();
    if (!broker_redis_time(b, &look->now_ms, err) || !read_queues(look, b, queue, err) ||
        !read_workers(look, b, queue, err) || !read_failures(look, b, queue, err)) {
        top_look_free(look);
        return NULL;
    }
    top_look_add_up(look, before);
    return look;
}

void
top_look_free(struct top_look *look)
{
    if (look) {
        arena_free(look->arena);
        free(look);
    }
}

void
top_look_add_up(struct top_look *look, const struct top_look *before)
{
    struct top_queue *t = &look->total;

    t->done_per_s = t->failed_per_s = before ? 0 : -1;
    for (size_t i = 0; i < look->n_queues; i++) {
        struct top_queue *q = &look->queues[i];
        const struct top_queue *old = before ? find_queue(before, q->q.name) : NULL;
        int64_t ms = before ? look->mono_ms - before->mono_ms : 0;
        q->done_per_s = before ? rate(q->q.processed, old ? old->q.processed : 0, ms) : -1;
        q->failed_per_s = before ? rate(q->q.failed, old ? old->q.failed : 0, ms) : -1;
        t->q.ready += q->q.ready;
        t->q.running += q->q.running;
        t->q.delayed += q->q.delayed;
        t->q.dead += q->q.dead;
        t->q.parked += q->q.parked;
        t->q.latency_ms = q->q.latency_ms > t->q.latency_ms ? q->q.latency_ms : t->q.latency_ms;
        t->done_per_s += before ? q->done_per_s : 0;
        t->failed_per_s += before ? q->failed_per_s : 0;
        look->n_paused += q->q.is_paused;
    }
    for (size_t i = 0; i < look->n_workers; i++) {
        const struct celeriac_value *w = look->workers[i];
        look->slots += fleet_view_slots(w);
        look->busy += (int64_t)celeriac_size(celeriac_get(w, "running"));
    }
}

struct celeriac_value *
top_look_view(const struct top_look *look)
{
    struct celeriac_arena *arena = look->arena;
    struct celeriac_value *v = celeriac_object(arena), *queues = celeriac_array(arena);
    struct celeriac_value *workers = celeriac_array(arena), *failures = celeriac_array(arena);
    char at[CLOCK_TEXT_SIZE];

    for (size_t i = 0; i < look->n_queues; i++) {
        const struct top_queue *q = &look->queues[i];
        celeriac_append(queues, rates_view(q, fleet_view_queue(&q->q, arena), arena));
    }
    for (size_t i = 0; i < look->n_workers; i++) {
        celeriac_append(workers, (struct celeriac_value *)(uintptr_t)look->workers[i]);
    }
    for (size_t i = 0; i < look->n_failures; i++) {
        celeriac_append(failures, (struct celeriac_value *)(uintptr_t)look->failures[i].view);
    }
    celeriac_set(v, "v", celeriac_integer(arena, 1));
    celeriac_set(v, "at", celeriac_text(arena, clock_print(look->now_ms, at)));
    rates_view(&look->total, v, arena);
    celeriac_set(v, "queues", queues);
    celeriac_set(v, "workers", workers);
    celeriac_set(v, "failures", failures);
    return v;
}

static bool
read_queues(struct top_look *look, struct broker *b, const char *queue, struct error *err)
{
    struct broker_queue *queues;

    if (!broker_queues(b, queue, look->arena, &queues, &look->n_queues, err)) {
        return false;
    }
    look->mono_ms = clock_mono_ms();
    look->queues = arena_alloc(look->arena, (look->n_queues + 1) * sizeof *look->queues);
    for (size_t i = 0; i < look->n_queues; i++) {
        look->queues[i] = (struct top_queue){.q = queues[i]};
    }
    return true;
}

static bool
read_workers(struct top_look *look, struct broker *b, const char *queue, struct error *err)
{
    const char **json;

    if (!broker_workers(b, queue, look->arena, &json, &look->n_workers, err)) {
        return false;
    }
    look->workers = arena_alloc(look->arena, (look->n_workers + 1) * sizeof *look->workers);
    for (size_t i = 0; i < look->n_workers; i++) {
        look->workers[i] = fleet_view_worker(json[i], look->now_ms, look->arena);
    }
    return true;
}

static bool
read_failures(struct top_look *look, struct broker *b, const char *queue, struct error *err)
{
    struct broker_failure *failures;

    if (!broker_failures(b, queue, TOP_FAILURES_MAX, look->arena, &failures, &look->n_failures,
                         err)) {
        return false;
    }
    look->failures = arena_alloc(look->arena, (look->n_failures + 1) * sizeof *look->failures);
    for (size_t i = 0; i < look->n_failures; i++) {
        look->failures[i] = (struct top_failure){job_view(&failures[i].record, NULL, look->arena),
                                                 failures[i].at_ms};
    }
    return true;
}

/* Both lists are sorted by name, but there are few. */
static const struct top_queue *
find_queue(const struct top_look *look, const char *name)
{
    for (size_t i = 0; i < look->n_queues; i++) {
        if (strcmp(look->queues[i].q.name, name) == 0) {
            return &look->queues[i];
        }
    }
    return NULL;
}

/* A counter that has become smaller was deleted meanwhile. */
static double
rate(int64_t now, int64_t before, int64_t ms)
{
    return now > before && ms > 0 ? (double)(now - before) * 1000 / (double)ms : 0;
}

static struct celeriac_value *
rates_view(const struct top_queue *q, struct celeriac_value *v, struct celeriac_arena *arena)
{
    celeriac_set(v, "done_per_s", celeriac_number(arena, q->done_per_s));
    celeriac_set(v, "failed_per_s", celeriac_number(arena, q->failed_per_s));
    return v;
}
