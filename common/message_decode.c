/* Messages and outcomes from bytes: head, then a map that is read along the field table.
 *
 * Bytes in Redis may come from anybody. The check of the whole (wire_check) comes first, so what
 * follows cannot run out of bytes or of depth, and memory is at most about 64 bytes for each byte
 * of the message. Then each field is checked for its type and range. Keys outside 0..63 are
 * refused, unknown ones below are skipped: they are fields of a later version. */
#include "common/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/message_fields.h"
#include "common/message_pack.h"
#include "common/message_wire.h"
#include "common/utf8.h"

struct reader {
    struct wire wire;
    struct celeriac_arena *arena;
    const char *problem; /* what is wrong with the value just read */
};

static const char not_utf8[] = "text is not UTF-8";

static bool decode_head(const unsigned char *head, size_t len, struct message *m, size_t *body,
                        struct error *err);
static bool decode_map(const struct field_table *table, struct reader *r, void *target,
                       struct error *err);
static bool decode_field(const struct field_table *table, const struct field *f, struct reader *r,
                         void *target, struct error *err);
static bool decode_integer(const struct field *f, const struct wire_item *item, void *target,
                           struct reader *r);
static bool decode_bytes(const struct field *f, const struct wire_item *item, void *target,
                         struct reader *r);
static bool read_value(struct reader *r, const struct wire_item *item, struct celeriac_value *v);

bool
message_decode(const void *data, size_t len, struct celeriac_arena *arena, struct message *m,
               struct error *err)
{
    struct message found = MESSAGE_INIT;
    size_t start = 0;

    if (!decode_head(data, len, &found, &start, err))
        return false;
    const unsigned char *body = (const unsigned char *)data + start;
    const char *problem = wire_check(body, len - start);
    if (problem != NULL)
        return error_set(err, ERROR_DATA, "message cannot be read: %s", problem);
    struct reader r = {{body, body + (len - start)}, arena, NULL};
    if (!decode_map(&message_fields, &r, &found, err))
        return false;
    problem = message_chunk_problem(&found);
    if (problem != NULL)
        return error_set(err, ERROR_DATA, "message cannot be read: %s", problem);
    *m = found;
    return true;
}

bool
message_peek(const void *data, size_t len, struct message *m)
{
    struct message found = MESSAGE_INIT;
    struct wire_item item, key;
    size_t start = 0;

    if (!decode_head(data, len, &found, &start, NULL))
        return false;
    *m = found;
    const unsigned char *body = (const unsigned char *)data + start;
    struct wire w = {body, (const unsigned char *)data + len};
    if (wire_next(&w, &item) != NULL || item.kind != WIRE_MAP)
        return true;
    for (size_t n = item.len; n > 0; n--) {
        if (wire_next(&w, &key) != NULL || key.kind != WIRE_INTEGER)
            return true;
        const struct field *f = field_find(&message_fields, key.integer);
        if (f != NULL && f->kind == FIELD_SPAN) {
            struct reader r = {w, NULL, NULL};
            if (wire_next(&r.wire, &item) == NULL)
                decode_bytes(f, &item, m, &r);
            return true;
        }
        if (wire_skip(&w) != NULL)
            return true;
    }
    return true;
}

bool
outcome_decode(const void *data, size_t len, struct celeriac_arena *arena, struct outcome *o,
               struct error *err)
{
    struct outcome found = OUTCOME_INIT;
    const unsigned char *bytes = data;
    const char *problem =
        pack_is_closed(data, len) ? pack_open(data, len, arena, &bytes, &len) : NULL;

    if (problem == NULL)
        problem = wire_check(bytes, len);
    if (problem != NULL)
        return error_set(err, ERROR_DATA, "outcome cannot be read: %s", problem);
    struct reader r = {{bytes, bytes + len}, arena, NULL};
    if (!decode_map(&outcome_fields, &r, &found, err))
        return false;
    if (!job_state_is_final(found.state))
        return error_set(err, ERROR_DATA, "outcome cannot be read: it has no state");
    *o = found;
    return true;
}

bool
message_pairs(const void *data, size_t len, message_pair_fn *each, void *arg, struct error *err)
{
    const unsigned char *bytes = data;
    struct wire_item array, id, outcome;
    struct wire check = {bytes, bytes + len}, w = check;
    const char *problem = wire_check(data, len);

    if (problem != NULL)
        return error_set(err, ERROR_DATA, "batch of outcomes cannot be read: %s", problem);
    wire_next(&w, &array);
    if (array.kind != WIRE_ARRAY || array.len % 2 != 0)
        return error_set(err, ERROR_DATA, "batch of outcomes is no array of pairs");
    wire_next(&check, &array);
    for (size_t i = 0; i < array.len; i++) {
        wire_next(&check, &id);
        if (id.kind != WIRE_STRING && id.kind != WIRE_BINARY)
            return error_set(err, ERROR_DATA,
                             "batch of outcomes holds something else than strings");
    }
    for (size_t i = 0; i < array.len; i += 2) {
        wire_next(&w, &id);
        wire_next(&w, &outcome);
        each(arg, id.data, id.len, outcome.data, outcome.len);
    }
    return true;
}

static bool
decode_head(const unsigned char *head, size_t len, struct message *m, size_t *body,
            struct error *err)
{
    if (len < MESSAGE_HEAD)
        return error_set(err, ERROR_DATA, "message of %zu bytes is shorter than its head", len);
    if (head[0] != MESSAGE_VERSION)
        return error_set(err, ERROR_DATA, "message has version %u, expected %d", head[0],
                         MESSAGE_VERSION);
    if (head[1] < '0' || head[1] > '9')
        return error_set(err, ERROR_DATA, "message has priority 0x%02x, expected '0' to '9'",
                         head[1]);
    m->priority = (uint8_t)(head[1] - '0');
    m->attempts = (uint16_t)(head[2] << 8 | head[3]);
    m->crashes = head[4];
    m->lost = head[5];
    m->flags = head[6];
    m->unique_len = head[7];
    if (m->unique_len > UNIQUE_KEY_MAX || m->unique_len > len - MESSAGE_HEAD)
        return error_set(err, ERROR_DATA,
                         "message has a uniqueness key of %zu bytes, expected at most %zu",
                         m->unique_len,
                         len - MESSAGE_HEAD < UNIQUE_KEY_MAX ? len - MESSAGE_HEAD : UNIQUE_KEY_MAX);
    m->unique = m->unique_len > 0 ? (const char *)head + MESSAGE_HEAD : NULL;
    *body = MESSAGE_HEAD + m->unique_len;
    if ((m->flags & MESSAGE_HAS_LIMIT_KEY) == 0)
        return true;
    const size_t left = len - *body;
    m->limit_key_len = left > 0 ? head[*body] : 0;
    m->limit_key = (const char *)head + *body + 1;
    if (m->limit_key_len >= left || !message_limit_key_is_valid(m->limit_key, m->limit_key_len))
        return error_set(err, ERROR_DATA, "message has a limit key of %zu bytes that cannot be one",
                         m->limit_key_len);
    *body += 1 + m->limit_key_len;
    return true;
}

static bool
decode_map(const struct field_table *table, struct reader *r, void *target, struct error *err)
{
    struct wire_item map, key;
    uint64_t seen = 0;

    wire_next(&r->wire, &map);
    if (map.kind != WIRE_MAP)
        return error_set(err, ERROR_DATA, "%s is not a map", table->what);
    for (size_t n = map.len; n > 0; n--) {
        wire_next(&r->wire, &key);
        if (key.kind != WIRE_INTEGER || key.integer < 0 || key.integer >= FIELD_KEYS)
            return error_set(err, ERROR_DATA, "%s has a key that is not an integer from 0 to %d",
                             table->what, FIELD_KEYS - 1);
        if (seen >> key.integer & 1)
            return error_set(err, ERROR_DATA, "%s has the key %" PRId64 " twice", table->what,
                             key.integer);
        seen |= UINT64_C(1) << key.integer;
        const struct field *f = field_find(table, key.integer);
        if (f == NULL)
            wire_skip(&r->wire);
        else if (!decode_field(table, f, r, target, err))
            return false;
    }
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].is_required && !(seen >> table->rows[i].key & 1))
            return error_set(err, ERROR_DATA, "%s has no %s", table->what, table->rows[i].name);
    return true;
}

static bool
decode_field(const struct field_table *table, const struct field *f, struct reader *r, void *target,
             struct error *err)
{
    struct wire_item item;
    bool ok = false;

    wire_next(&r->wire, &item);
    switch (f->kind) {
    case FIELD_SPAN:
    case FIELD_TEXT:
        ok = decode_bytes(f, &item, target, r);
        break;
    case FIELD_ARRAY:
    case FIELD_OBJECT:
    case FIELD_VALUE:
        if ((f->kind == FIELD_ARRAY && item.kind != WIRE_ARRAY) ||
            (f->kind == FIELD_OBJECT && item.kind != WIRE_MAP)) {
            r->problem = f->kind == FIELD_ARRAY ? "expected an array" : "expected a map";
            break;
        }
        struct celeriac_value *v = arena_alloc(r->arena, sizeof *v);
        ok = read_value(r, &item, v);
        memcpy((char *)target + f->offset, &v, sizeof v);
        break;
    case FIELD_INT64:
    case FIELD_INT32:
    case FIELD_UINT32:
        ok = decode_integer(f, &item, target, r);
        break;
    }
    return ok || error_set(err, ERROR_DATA, "%s cannot be read: %s: %s", table->what, f->name,
                           r->problem);
}

static bool
decode_integer(const struct field *f, const struct wire_item *item, void *target, struct reader *r)
{
    if (item->kind != WIRE_INTEGER) {
        r->problem = "expected an integer";
        return false;
    }
    if (item->integer < f->min || item->integer > f->max) {
        r->problem = "out of range";
        return false;
    }
    field_set_integer(f, target, item->integer);
    return true;
}

static bool
decode_bytes(const struct field *f, const struct wire_item *item, void *target, struct reader *r)
{
    char *at = (char *)target + f->offset;

    if (item->kind != WIRE_STRING) {
        r->problem = "expected a string";
        return false;
    }
    if (!utf8_valid(item->data, item->len)) {
        r->problem = not_utf8;
        return false;
    }
    if (f->kind == FIELD_TEXT) {
        const char *text = arena_text(r->arena, item->data, item->len);
        memcpy(at, &text, sizeof text);
        return true;
    }
    if ((int64_t)item->len < f->min || (int64_t)item->len > f->max) {
        r->problem = "empty or too long";
        return false;
    }
    memcpy(at, &item->data, sizeof item->data);
    memcpy(at + sizeof item->data, &item->len, sizeof item->len);
    return true;
}

/* ---- values; the bytes have been checked, what can still be wrong is text and keys ---- */

static bool
read_string(struct reader *r, const struct wire_item *item, struct celeriac_value *v)
{
    if (item->kind == WIRE_STRING && !utf8_valid(item->data, item->len)) {
        r->problem = not_utf8;
        return false;
    }
    v->type = item->kind == WIRE_STRING ? CELERIAC_STRING : CELERIAC_BINARY;
    v->as.bytes.data = arena_text(r->arena, item->data, item->len);
    v->as.bytes.len = item->len;
    return true;
}

static bool
read_array(struct reader *r, size_t count, struct celeriac_value *v)
{
    struct wire_item item;

    v->type = CELERIAC_ARRAY;
    if (count == 0)
        return true;
    value_reserve(v, count);
    struct celeriac_value *values = arena_alloc(r->arena, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        wire_next(&r->wire, &item);
        if (!read_value(r, &item, &values[i]))
            return false;
        v->as.items[i] = &values[i];
    }
    v->count = (uint32_t)count;
    return true;
}

static bool
read_object(struct reader *r, size_t count, struct celeriac_value *v)
{
    struct wire_item key, item;

    v->type = CELERIAC_OBJECT;
    if (count == 0)
        return true;
    value_reserve(v, count);
    struct celeriac_value *values = arena_alloc(r->arena, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        wire_next(&r->wire, &key);
        if (key.kind != WIRE_STRING || !utf8_valid(key.data, key.len)) {
            r->problem = "a key of an object is not text";
            return false;
        }
        wire_next(&r->wire, &item);
        if (!read_value(r, &item, &values[i]))
            return false;
        if (!value_add(v, key.data, key.len, &values[i])) {
            r->problem = "an object has a key twice";
            return false;
        }
    }
    return true;
}

static bool
read_value(struct reader *r, const struct wire_item *item, struct celeriac_value *v)
{
    char text[24];

    value_init(v, CELERIAC_NULL, r->arena);
    switch (item->kind) {
    case WIRE_NIL:
        return true;
    case WIRE_BOOLEAN:
        v->type = CELERIAC_BOOLEAN;
        v->as.boolean = item->integer != 0;
        return true;
    case WIRE_INTEGER:
        v->type = CELERIAC_INTEGER;
        v->as.integer = item->integer;
        return true;
    case WIRE_UNSIGNED:
        return value_init_bigint(v, r->arena, text,
                                 (size_t)sprintf(text, "%" PRIu64, (uint64_t)item->integer));
    case WIRE_NUMBER:
        v->type = CELERIAC_NUMBER;
        v->as.number = item->number;
        return true;
    case WIRE_STRING:
    case WIRE_BINARY:
        return read_string(r, item, v);
    case WIRE_BIGINT:
        return value_init_bigint(v, r->arena, item->data, item->len);
    case WIRE_ARRAY:
        return read_array(r, item->len, v);
    case WIRE_MAP:
        return read_object(r, item->len, v);
    }
    BUG("msgpack of no kind");
}
