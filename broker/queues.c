/* The queues and their numbers: one pipeline asks everything that needs no other answer first, a
 * second one how much each runner owns. The numbers of a queue are of almost, not of exactly, the
 * same moment. */
#include <string.h>

#include "broker/limits.h"
#include "broker/names.h"

/* The calls per queue in the first pipeline, in this order. */
enum call {
    CALL_DELAYED,
    CALL_DEAD,
    CALL_META,
    CALL_STATS,
    CALL_WORKERS,
    CALL_PARKED,
    CALL_SUSPECTS,
    CALL_READY,                                /* ten lengths */
    CALL_OLDEST = CALL_READY + PRIORITY_COUNT, /* ten ids, the next of each ready list */
    CALL_COUNT = CALL_OLDEST + PRIORITY_COUNT,
};

struct look {
    struct broker *b;
    struct broker_queue *queues;
    struct names *runners; /* of each queue */
    int64_t *oldest_ms;    /* creation time of the oldest id at a head; INT64_MAX: none */
    size_t *owner;         /* second pipeline: queue of each call */
    int64_t now_ms;
    size_t n;
};

static void write_queue(struct broker *b, const char *queue);
static bool take_first(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_owned(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool count_running(struct look *look, struct celeriac_arena *arena, struct error *err);

bool
broker_queues(struct broker *b, const char *queue, struct celeriac_arena *arena,
              struct broker_queue **queues, size_t *n, struct error *err)
{
    struct names names = {.arena = arena};
    if (!names_of_queues(b, queue, &names, err))
        return false;
    struct look look = {.b = b, .n = names.n};
    look.queues = arena_alloc(arena, (names.n + 1) * sizeof *look.queues);
    look.runners = arena_alloc(arena, (names.n + 1) * sizeof *look.runners);
    look.oldest_ms = arena_alloc(arena, (names.n + 1) * sizeof *look.oldest_ms);
    for (size_t i = 0; i < names.n; i++) {
        look.queues[i] = (struct broker_queue){.name = names.items[i]};
        look.runners[i] = (struct names){.arena = arena};
        look.oldest_ms[i] = INT64_MAX;
        write_queue(b, names.items[i]);
    }
    if (!exchange_run(b, take_first, &look, err) || !broker_redis_time(b, &look.now_ms, err) ||
        !count_running(&look, arena, err))
        return false;
    for (size_t i = 0; i < names.n; i++)
        if (look.oldest_ms[i] < look.now_ms)
            look.queues[i].latency_ms = look.now_ms - look.oldest_ms[i];
    *queues = look.queues;
    *n = names.n;
    return true;
}

static void
write_queue(struct broker *b, const char *queue)
{
    struct key key;
    struct request *r;
    key_of_queue(&key, b->space, queue, QUEUE_DELAYED);
    exchange_on_key(b, "ZCARD", &key, 0);
    key_of_queue(&key, b->space, queue, QUEUE_DEAD);
    exchange_on_key(b, "ZCARD", &key, 0);
    key_of_queue(&key, b->space, queue, QUEUE_META);
    r = exchange_on_key(b, "HMGET", &key, 1 + LIMIT_COUNT);
    request_text(r, "paused");
    limits_ask(r);
    key_of_queue(&key, b->space, queue, QUEUE_STATS);
    r = exchange_on_key(b, "HMGET", &key, 3);
    request_text(r, "succeeded");
    request_text(r, "failed");
    request_text(r, "dead");
    key_of_queue(&key, b->space, queue, QUEUE_WORKERS);
    exchange_on_key(b, "HGETALL", &key, 0);
    key_of_queue(&key, b->space, queue, QUEUE_PARKED);
    exchange_on_key(b, "ZCARD", &key, 0);
    key_of_queue(&key, b->space, queue, QUEUE_SUSPECTS);
    exchange_on_key(b, "LLEN", &key, 0);
    for (unsigned i = 0; i < PRIORITY_COUNT; i++) {
        key_ready(&key, b->space, queue, i);
        exchange_on_key(b, "LLEN", &key, 0);
    }
    for (unsigned i = 0; i < PRIORITY_COUNT; i++) {
        key_ready(&key, b->space, queue, i);
        r = exchange_on_key(b, "LINDEX", &key, 1);
        request_number(r, -1);
    }
}

static bool
take_stats(struct broker_queue *queue, const redisReply *answer, struct error *err)
{
    int64_t counts[3] = {0, 0, 0};
    if (!answer_is_array(answer, 3))
        return answer_unexpected(answer, "queues", err);
    for (size_t i = 0; i < 3; i++)
        if (!answer_is_nil(answer->element[i]) && !answer_integer(answer->element[i], &counts[i]))
            return answer_unexpected(answer->element[i], "queues", err);
    queue->processed = counts[0] + counts[1] + counts[2];
    queue->failed = counts[1] + counts[2];
    return true;
}

/* A field that is no number is no limit: the scripts see it so, too. */
static bool
take_meta(struct broker_queue *queue, const redisReply *answer, struct error *err)
{
    if (!answer_is_array(answer, 1 + LIMIT_COUNT))
        return answer_unexpected(answer, "queues", err);
    queue->is_paused = !answer_is_nil(answer->element[0]);
    limits_take(answer, 1, &queue->limits);
    return true;
}

static bool
take_first(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct look *look = arg;
    struct broker_queue *queue = &look->queues[i / CALL_COUNT];
    size_t call = i % CALL_COUNT;
    if (call == CALL_STATS)
        return take_stats(queue, answer, err);
    if (call == CALL_META)
        return take_meta(queue, answer, err);
    if (call == CALL_WORKERS)
        return names_of_runners(answer, &look->runners[i / CALL_COUNT], err);
    if (call >= CALL_OLDEST) {
        struct id id;
        int64_t *oldest_ms = &look->oldest_ms[i / CALL_COUNT];
        int64_t created_ms = answer_id(answer, &id) ? id_created_ms(&id) : -1;
        if (created_ms >= 0 && created_ms < *oldest_ms)
            *oldest_ms = created_ms;
        return true;
    }
    int64_t number;
    if (!answer_integer(answer, &number))
        return answer_unexpected(answer, "queues", err);
    if (call == CALL_DELAYED)
        queue->delayed = number;
    else if (call == CALL_DEAD)
        queue->dead = number;
    else if (call == CALL_PARKED)
        queue->parked = number;
    else
        queue->ready += number;
    return true;
}

static bool
count_running(struct look *look, struct celeriac_arena *arena, struct error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < look->n; i++)
        total += look->runners[i].n;
    look->owner = arena_alloc(arena, (total + 1) * sizeof *look->owner);
    size_t calls = 0;
    for (size_t i = 0; i < look->n; i++)
        for (size_t r = 0; r < look->runners[i].n; r++) {
            struct key key;
            key_active(&key, look->b->space, look->queues[i].name, look->runners[i].items[r]);
            exchange_on_key(look->b, "HLEN", &key, 0);
            look->owner[calls++] = i;
        }
    return exchange_run(look->b, take_owned, look, err);
}

static bool
take_owned(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct look *look = arg;
    int64_t n;
    if (!answer_integer(answer, &n))
        return answer_unexpected(answer, "queues", err);
    look->queues[look->owner[i]].running += n;
    return true;
}
