/* Waiting for outcomes, the registering half: neighbours whose outcomes lie in one key share a
 * script call. */
#include <string.h>

#include "broker/exchange.h"

enum { CHUNK_IDS = 200, CALLS_MAX = 64 };

struct watch {
    struct broker *b;
    const char *queue, *channel;
    const struct id *ids;
    size_t n;
    broker_outcome_fn *each;
    void *arg;
    bool *missing;
    size_t firsts[CALLS_MAX + 1]; /* the first id of each call, and the end */
};

static size_t chunk_end(const struct watch *w, size_t first);
static void write_chunk(struct watch *w, size_t first, size_t end);
static bool take_chunk(void *arg, size_t i, const redisReply *answer, struct error *err);

bool
broker_watch(struct broker *b, const char *queue, const struct id *ids, size_t n,
             const char *channel, broker_outcome_fn *each, void *arg, bool *missing,
             struct error *err)
{
    struct watch w = {b, queue, channel != NULL ? channel : "", ids, n, each, arg, missing, {0}};
    size_t next = 0;
    if (!key_queue_name_is_valid(queue))
        return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
    while (next < n) {
        size_t calls = 0;
        while (next < n && calls < CALLS_MAX) {
            size_t end = chunk_end(&w, next);
            write_chunk(&w, next, end);
            w.firsts[calls++] = next;
            next = end;
        }
        w.firsts[calls] = next;
        if (!exchange_run(b, take_chunk, &w, err))
            return false;
    }
    return true;
}

static size_t
chunk_end(const struct watch *w, size_t first)
{
    size_t end = first + 1;
    while (end < w->n && end - first < CHUNK_IDS && id_same_bucket(&w->ids[first], &w->ids[end]))
        end++;
    return end;
}

static void
write_chunk(struct watch *w, size_t first, size_t end)
{
    struct request *r = exchange_script(w->b, SCRIPT_WATCH, 4, 2 + end - first);
    static const enum queue_key which[] = {QUEUE_REASONS, QUEUE_WAITERS};
    struct key key;
    key_jobs(&key, w->b->space, w->queue, &w->ids[first]);
    request_key(r, &key);
    request_queue_keys(r, w->b->space, w->queue, which, sizeof which / sizeof which[0]);
    key_results(&key, w->b->space, w->queue, &w->ids[first]);
    request_key(r, &key);
    request_text(r, w->channel);
    request_text(r, id_has_bucket(&w->ids[first]) ? "0" : "1");
    for (size_t i = first; i < end; i++)
        request_arg(r, w->ids[i].text, w->ids[i].len);
}

static bool
take_chunk(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct watch *w = arg;
    size_t first = w->firsts[i], n = w->firsts[i + 1] - first;
    if (!answer_is_array(answer, n))
        return answer_unexpected(answer, "watch", err);
    for (size_t k = 0; k < n; k++) {
        const redisReply *item = answer->element[k];
        const char *outcome = NULL;
        size_t len = 0;
        int64_t is_known = 1;
        if (item->type == REDIS_REPLY_INTEGER)
            is_known = item->integer;
        else if (!answer_bytes(item, &outcome, &len))
            return answer_unexpected(item, "watch", err);
        if (w->missing != NULL)
            w->missing[first + k] = is_known == 0;
        if (outcome != NULL)
            w->each(w->arg, &w->ids[first + k], outcome, len);
    }
    return true;
}
