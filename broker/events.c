/* The stream of events. It is one for the namespace, so it lies in another hash slot than the keys
 * of a queue, and no script can write to it: an event is written by whoever has seen the answer,
 * and is lost with a process that dies in between. It is there to be watched; what counts stands in
 * `stats`. */
#include "broker/events.h"

#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/exchange.h"

enum { READ_AT_ONCE = 1000 };

static const char *const names[] = {
#define X(kind, name) [kind] = name,
    BROKER_EVENTS(X)
#undef X
};

struct reading {
    char *cursor;
    broker_event_fn *each;
    void *arg;
};

/* ---- writing ---- */

static void
write_text(struct request *r, const char *name, const char *value)
{
    if (value == NULL)
        return;
    request_text(r, name);
    request_text(r, value);
}

static void
write_number(struct request *r, const char *name, int64_t value)
{
    if (value == 0)
        return;
    request_text(r, name);
    request_number(r, value);
}

void
event_request(struct request *r, const char *space, const struct broker_event *e)
{
    const size_t n_fields = 1 + (e->queue != NULL) + (e->worker != NULL) + (e->signal != NULL) +
                            (e->id != NULL) + (e->attempt != 0) + (e->count != 0);
    struct key key;

    key_events(&key, space);
    request_command(r, "XADD", 6 + 2 * n_fields);
    request_key(r, &key);
    request_text(r, "MAXLEN");
    request_text(r, "~");
    request_number(r, EVENTS_MAX);
    request_text(r, "*");
    write_text(r, "event", names[e->kind]);
    write_text(r, "queue", e->queue);
    if (e->id != NULL) {
        request_text(r, "id");
        request_arg(r, e->id->text, e->id->len);
    }
    write_text(r, "worker", e->worker);
    write_number(r, "attempt", e->attempt);
    write_text(r, "signal", e->signal);
    write_number(r, "count", e->count);
}

static bool
take_any(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)arg, (void)i, (void)answer, (void)err;
    return true;
}

void
broker_event(struct broker *b, const struct broker_event *e)
{
    struct error ignored = ERROR_INIT;

    event_request(exchange_command(b, NULL, 0), b->space, e);
    (void)exchange_run_once(b, take_any, NULL, &ignored);
}

/* ---- reading ---- */

static bool
take_last(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    const redisReply *entry = answer_at(answer, 0);
    const char *id;
    size_t len;
    char *cursor = arg;
    (void)i;

    if (answer_is_array(answer, 0) && entry == NULL)
        return true;
    if (!answer_bytes(answer_at(entry, 0), &id, &len) || len >= EVENT_CURSOR_MAX)
        return answer_unexpected(answer, "XREVRANGE", err);
    memcpy(cursor, id, len);
    cursor[len] = '\0';
    return true;
}

bool
broker_events_last(struct broker *b, char cursor[EVENT_CURSOR_MAX], struct error *err)
{
    struct key key;
    struct request *r;

    strcpy(cursor, "0-0");
    key_events(&key, b->space);
    r = exchange_on_key(b, "XREVRANGE", &key, 4);
    request_text(r, "+");
    request_text(r, "-");
    request_text(r, "COUNT");
    request_number(r, 1);
    return exchange_run(b, take_last, cursor, err);
}

static bool
take_entry(struct reading *r, const redisReply *answer)
{
    const redisReply *fields = answer_at(answer, 1);
    struct broker_event_entry entry = {.cursor = r->cursor};
    const char *id;
    size_t len;

    if (!answer_bytes(answer_at(answer, 0), &id, &len) || len >= EVENT_CURSOR_MAX ||
        !answer_is_array(fields, 0))
        return false;
    memcpy(r->cursor, id, len);
    r->cursor[len] = '\0';
    entry.at_ms = strtoll(r->cursor, NULL, 10);
    for (size_t i = 0; answer_at(fields, i + 1) != NULL && entry.n < EVENT_FIELDS_MAX; i += 2) {
        struct broker_event_field *f = &entry.fields[entry.n++];
        if (!answer_bytes(answer_at(fields, i), &f->name, &f->name_len) ||
            !answer_bytes(answer_at(fields, i + 1), &f->value, &f->value_len))
            return false;
    }
    r->each(r->arg, &entry);
    return true;
}

static bool
take_entries(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct reading *r = arg;
    const redisReply *entries = answer_at(answer_at(answer, 0), 1), *entry;
    (void)i;

    if (answer_is_nil(answer))
        return true;
    if (!answer_is_array(entries, 1))
        return answer_unexpected(answer, "XREAD", err);
    for (size_t k = 0; (entry = answer_at(entries, k)) != NULL; k++) {
        if (!take_entry(r, entry))
            return answer_unexpected(entry, "XREAD", err);
    }
    return true;
}

bool
broker_events_read(struct broker *b, char cursor[EVENT_CURSOR_MAX], int wait_ms,
                   broker_event_fn *each, void *arg, struct error *err)
{
    struct reading reading = {cursor, each, arg};
    const int most_ms = b->link.command_timeout_ms / 2;
    const int block_ms = wait_ms < most_ms ? wait_ms : most_ms;
    struct request *r = exchange_command(b, "XREAD", block_ms > 0 ? 8 : 6);
    struct key key;

    request_text(r, "COUNT");
    request_number(r, READ_AT_ONCE);
    if (block_ms > 0) {
        request_text(r, "BLOCK");
        request_number(r, block_ms);
    }
    request_text(r, "STREAMS");
    key_events(&key, b->space);
    request_key(r, &key);
    request_text(r, cursor);
    return exchange_run(b, take_entries, &reading, err);
}
