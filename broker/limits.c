/* Setting the limits of a queue. The script that does it deals permits to what runs already, so it
 * needs the keys of all runners: they are read first, and read again if they have changed since. */
#include "broker/limits.h"

#include "broker/names.h"
#include "common/arena.h"

enum { TRIES = 20 };

static const char *const fields[LIMIT_COUNT] = {
    [LIMIT_MAX_LENGTH] = "max_length",
    [LIMIT_CONCURRENCY] = "concurrency",
    [LIMIT_RATE] = "rate",
    [LIMIT_RATE_MS] = "rate_ms",
    [LIMIT_BURST] = "burst",
    [LIMIT_KEY_CONCURRENCY] = "key_concurrency",
    [LIMIT_KEY_RATE] = "key_rate",
    [LIMIT_KEY_RATE_MS] = "key_rate_ms",
    [LIMIT_KEY_BURST] = "key_burst",
};

static bool take_registry(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_set(void *arg, size_t i, const redisReply *answer, struct error *err);
static void write_set(struct broker *b, const char *queue, const struct names *runners,
                      const struct broker_limits *limits);

void
limits_ask(struct request *r)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        request_text(r, fields[i]);
}

void
limits_take(const redisReply *answer, size_t first, struct broker_limits *out)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        int64_t n;
        out->of[i] = answer_integer(answer->element[first + i], &n) && n > 0 ? n : 0;
    }
}

bool
broker_limit(struct broker *b, const char *queue, const struct broker_limits *limits,
             struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    int64_t status = 1;
    bool ok = key_queue_name_is_valid(queue) ||
              error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
    for (int i = 0; ok && status == 1 && i < TRIES; i++) {
        struct names runners = {.arena = arena};
        struct key key;
        key_queues(&key, b->space);
        request_text(exchange_on_key(b, "SADD", &key, 1), queue);
        key_of_queue(&key, b->space, queue, QUEUE_WORKERS);
        exchange_on_key(b, "HGETALL", &key, 0);
        ok = exchange_run(b, take_registry, &runners, err);
        if (!ok)
            break;
        write_set(b, queue, &runners, limits);
        ok = exchange_run(b, take_set, &status, err);
    }
    arena_free(arena);
    if (ok && status == 1)
        return error_set(err, ERROR_TRY_LATER, "queue %s: its runners come and go all the time",
                         queue);
    return ok;
}

static bool
take_registry(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    return i == 0 || names_of_runners(answer, arg, err);
}

static void
write_set(struct broker *b, const char *queue, const struct names *runners,
          const struct broker_limits *limits)
{
    static const enum queue_key keys[] = {QUEUE_META,   QUEUE_JOBS,   QUEUE_WORKERS, QUEUE_PERMITS,
                                          QUEUE_PARKED, QUEUE_BARRED, QUEUE_BUCKETS, QUEUE_BELL};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    size_t changed = 0;
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        changed += limits->of[i] >= 0;
    struct request *r =
        exchange_script(b, SCRIPT_LIMIT, KEYS + runners->n, 1 + runners->n + 2 * changed);
    request_queue_keys(r, b->space, queue, keys, KEYS);
    for (size_t i = 0; i < runners->n; i++) {
        struct key active;
        key_active(&active, b->space, queue, runners->items[i]);
        request_key(r, &active);
    }
    request_number(r, (int64_t)runners->n);
    for (size_t i = 0; i < runners->n; i++)
        request_text(r, runners->items[i]);
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        if (limits->of[i] < 0)
            continue;
        request_text(r, fields[i]);
        request_number(r, limits->of[i]);
    }
}

static bool
take_set(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    int64_t *status = arg;
    (void)i;
    *status = answer_status(answer);
    return *status == 0 || *status == 1 || answer_unexpected(answer, "limit", err);
}
