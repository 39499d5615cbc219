/* Looking at workers, signature tables and counters. */
#include <stdlib.h>
#include <string.h>

#include "broker/names.h"

/* ---- workers ---- */

struct workers {
    struct names names;
    const char **json;
    size_t n;
    struct celeriac_arena *arena;
};

static bool
take_workers(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct workers *w = arg;
    (void)i;
    return names_of_workers(answer, &w->names, err);
}

static bool
take_state(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct workers *w = arg;
    const char *json;
    size_t len;
    (void)i;
    if (answer_is_nil(answer))
        return true;
    if (!answer_bytes(answer, &json, &len))
        return answer_unexpected(answer, "worker", err);
    w->json[w->n++] = arena_text(w->arena, json, len);
    return true;
}

bool
broker_workers(struct broker *b, const char *queue, struct celeriac_arena *arena,
               const char ***json, size_t *n, struct error *err)
{
    struct names queues = {.arena = arena};
    struct workers w = {.names = {.arena = arena}, .arena = arena};
    struct key key;
    if (!names_of_queues(b, queue, &queues, err))
        return false;
    for (size_t i = 0; i < queues.n; i++) {
        key_of_queue(&key, b->space, queues.items[i], QUEUE_WORKERS);
        exchange_on_key(b, "HGETALL", &key, 0);
    }
    if (!exchange_run(b, take_workers, &w, err))
        return false;
    names_sort(&w.names);
    w.json = arena_alloc(arena, (w.names.n + 1) * sizeof *w.json);
    for (size_t i = 0; i < w.names.n; i++) {
        key_worker(&key, b->space, w.names.items[i]);
        exchange_on_key(b, "GET", &key, 0);
    }
    if (!exchange_run(b, take_state, &w, err))
        return false;
    *json = w.json;
    *n = w.n;
    return true;
}

/* ---- signature tables ---- */

struct tasks {
    const char *json;
    struct celeriac_arena *arena;
};

static bool
take_tasks(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct tasks *t = arg;
    const char *json;
    size_t len;
    (void)i;
    if (answer_is_nil(answer))
        return true;
    if (!answer_bytes(answer, &json, &len))
        return answer_unexpected(answer, "tasks", err);
    t->json = arena_text(t->arena, json, len);
    return true;
}

bool
broker_tasks(struct broker *b, const char *hash, struct celeriac_arena *arena, const char **json,
             struct error *err)
{
    struct tasks t = {NULL, arena};
    struct key key;
    key_tasks(&key, b->space, hash);
    exchange_on_key(b, "GET", &key, 0);
    if (!exchange_run(b, take_tasks, &t, err))
        return false;
    *json = t.json;
    return true;
}

/* ---- counters ---- */

struct stats {
    struct broker_counter *counters;
    size_t n;
    struct celeriac_arena *arena;
};

static int
compare_counters(const void *a, const void *b)
{
    const struct broker_counter *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static bool
take_stats(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct stats *s = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "stats", err);
    s->counters = arena_alloc(s->arena, (answer->elements / 2 + 1) * sizeof *s->counters);
    for (size_t k = 0; k + 1 < answer->elements; k += 2) {
        struct broker_counter *counter = &s->counters[s->n];
        const char *name;
        size_t len;
        if (!answer_bytes(answer->element[k], &name, &len) ||
            !answer_integer(answer->element[k + 1], &counter->value))
            return answer_unexpected(answer->element[k + 1], "stats", err);
        counter->name = arena_text(s->arena, name, len);
        s->n++;
    }
    if (s->n > 0)
        qsort(s->counters, s->n, sizeof *s->counters, compare_counters);
    return true;
}

bool
broker_stats(struct broker *b, const char *queue, struct celeriac_arena *arena,
             struct broker_counter **counters, size_t *n, struct error *err)
{
    struct stats s = {NULL, 0, arena};
    struct key key;
    if (!key_queue_name_is_valid(queue))
        return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
    key_of_queue(&key, b->space, queue, QUEUE_STATS);
    exchange_on_key(b, "HGETALL", &key, 0);
    if (!exchange_run(b, take_stats, &s, err))
        return false;
    *counters = s.counters;
    *n = s.n;
    return true;
}
