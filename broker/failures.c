/* The latest dead letters: their times of all queues in one pipeline, then the reasons of those
 * that are newest. Messages, which may be large, are not read. A letter that is sent again
 * meanwhile is left out. */
#include <stdlib.h>
#include <string.h>

#include "broker/names.h"
#include "broker/outcome_state.h"

struct letters {
    struct broker_failure *items; /* in the arena */
    size_t n, capacity;
    const struct names *queues;
    struct celeriac_arena *arena;
};

static bool take_letters(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_reason(void *arg, size_t i, const redisReply *answer, struct error *err);
static void add(struct letters *l, const char *queue, const redisReply *id, const redisReply *at);
static int compare(const void *a, const void *b);

bool
broker_failures(struct broker *b, const char *queue, size_t limit, struct celeriac_arena *arena,
                struct broker_failure **failures, size_t *n, struct error *err)
{
    struct names queues = {.arena = arena};
    struct letters l = {.queues = &queues, .arena = arena};
    struct key key;
    if (!names_of_queues(b, queue, &queues, err))
        return false;
    for (size_t i = 0; i < queues.n && limit > 0; i++) {
        key_of_queue(&key, b->space, queues.items[i], QUEUE_DEAD);
        struct request *r = exchange_on_key(b, "ZREVRANGE", &key, 3);
        request_number(r, 0);
        request_number(r, (int64_t)limit - 1);
        request_text(r, "WITHSCORES");
    }
    l.capacity = queues.n * limit;
    l.items = arena_alloc(arena, (l.capacity + 1) * sizeof *l.items);
    if (!exchange_run(b, take_letters, &l, err))
        return false;
    qsort(l.items, l.n, sizeof *l.items, compare);
    l.n = l.n < limit ? l.n : limit;
    for (size_t i = 0; i < l.n; i++) {
        const struct broker_record *record = &l.items[i].record;
        key_of_queue(&key, b->space, record->queue, QUEUE_REASONS);
        request_arg(exchange_on_key(b, "HGET", &key, 1), record->id.text, record->id.len);
    }
    if (!exchange_run(b, take_reason, &l, err))
        return false;
    *n = 0;
    for (size_t i = 0; i < l.n; i++)
        if (l.items[i].record.outcome != NULL)
            l.items[(*n)++] = l.items[i];
    *failures = l.items;
    return true;
}

static bool
take_letters(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct letters *l = arg;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "failures", err);
    for (size_t k = 0; k + 1 < answer->elements; k += 2)
        add(l, l->queues->items[i], answer->element[k], answer->element[k + 1]);
    return true;
}

static void
add(struct letters *l, const char *queue, const redisReply *id, const redisReply *at)
{
    struct broker_failure f = {.record = {.queue = queue, .state = JOB_DEAD, .ahead = -1}};
    if (l->n < l->capacity && answer_id(id, &f.record.id) && answer_integer(at, &f.at_ms))
        l->items[l->n++] = f;
}

static bool
take_reason(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct letters *l = arg;
    struct broker_record *record = &l->items[i].record;
    const char *data;
    (void)err;
    if (answer_bytes(answer, &data, &record->outcome_len)) {
        record->outcome = arena_text(l->arena, data, record->outcome_len);
        record->state = outcome_state(record->outcome, record->outcome_len, JOB_DEAD);
    }
    return true;
}

/* Newest first. */
static int
compare(const void *a, const void *b)
{
    const struct broker_failure *left = a, *right = b;
    return (left->at_ms < right->at_ms) - (left->at_ms > right->at_ms);
}
