/* What is kept about a job beside its message: a cancel mark, and who has its uniqueness key. */
#include <stdlib.h>
#include <string.h>

#include "broker/exchange.h"

enum { TIE_MARK, TIE_HOLDER };

struct look {
    const struct broker_record *record;
    struct broker_ties found;
};

static bool take_tie(void *arg, size_t i, const redisReply *answer, struct error *err);
static void take_holder(struct look *l, const char *text, size_t len);

bool
broker_find_ties(struct broker *b, const struct broker_record *record, struct broker_ties *out,
                 struct error *err)
{
    struct look l = {record, {.mark = BROKER_MARK_NONE}};
    struct message head = MESSAGE_INIT;
    struct key key;
    key_of_queue(&key, b->space, record->queue, QUEUE_CANCELLED);
    request_arg(exchange_on_key(b, "HGET", &key, 1), record->id.text, record->id.len);
    bool has_head =
        record->message != NULL && message_peek(record->message, record->message_len, &head);
    if (has_head && head.unique != NULL) {
        key_of_queue(&key, b->space, record->queue, QUEUE_UNIQUE);
        request_arg(exchange_on_key(b, "HGET", &key, 1), head.unique, head.unique_len);
    }
    if (!exchange_run(b, take_tie, &l, err))
        return false;
    *out = l.found;
    return true;
}

static bool
take_tie(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct look *l = arg;
    const char *text;
    size_t len;
    if (answer_is_nil(answer))
        return true;
    if (!answer_bytes(answer, &text, &len))
        return answer_unexpected(answer, "ties", err);
    if (i == TIE_HOLDER)
        take_holder(l, text, len);
    else
        l->found.mark =
            len == 5 && memcmp(text, "force", 5) == 0 ? BROKER_MARK_FORCE : BROKER_MARK_GRACE;
    return true;
}

/* "<id> <end in ms, or 0>" */
static void
take_holder(struct look *l, const char *text, size_t len)
{
    const char *space = memchr(text, ' ', len);
    if (space == NULL || !id_from_redis(&l->found.holder, text, (size_t)(space - text)))
        return;
    l->found.holder_ends_ms = strtoll(space + 1, NULL, 10);
    l->found.has_holder = !id_equal(&l->found.holder, &l->record->id);
}
