/* The limits of a queue, written and read. */
#include "broker/limits.h"

#include "broker/events.h"
#include "broker/exchange.h"

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

static bool take_set(void *arg, size_t i, const redisReply *answer, struct error *err);

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
    static const enum queue_key keys[] = {QUEUE_META,   QUEUE_JOBS,    QUEUE_PERMITS, QUEUE_PARKED,
                                          QUEUE_BARRED, QUEUE_BUCKETS, QUEUE_BELL};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    size_t changed = 0;
    struct request *r;
    struct key key;

    if (!key_queue_name_is_valid(queue))
        return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
    key_queues(&key, b->space);
    request_text(exchange_on_key(b, "SADD", &key, 1), queue);
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        changed += limits->of[i] >= 0;
    r = exchange_script(b, SCRIPT_LIMIT, KEYS, 2 * changed);
    request_queue_keys(r, b->space, queue, keys, KEYS);
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        if (limits->of[i] < 0)
            continue;
        request_text(r, fields[i]);
        request_number(r, limits->of[i]);
    }
    if (!exchange_run(b, take_set, NULL, err))
        return false;
    broker_event(b, &(struct broker_event){EVENT_QUEUE_LIMITED, .queue = queue});
    return true;
}

static bool
take_set(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)arg;
    return i == 0 || answer_status(answer) == 0 || answer_unexpected(answer, "limit", err);
}
