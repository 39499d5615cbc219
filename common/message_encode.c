/* Messages and outcomes into bytes, packed by msgpack-c along the field table; what has its default
 * is left out.
 *
 * All bytes go through one writer that stops at the limit, so that a value that is far too large is
 * not built up first. Whatever goes wrong, the buffer is as before. What is written here, the
 * decoder takes: strings are checked for UTF-8 and depth and items are counted here, too. */
#include "common/message.h"

#include <string.h>

#include <msgpack.h>

#include "common/message_fields.h"
#include "common/message_pack.h"
#include "common/message_wire.h"
#include "common/utf8.h"

struct writer {
    struct buffer *out;
    size_t limit;        /* out->len must not pass it */
    size_t items;        /* packed so far */
    const char *problem; /* NULL: all is well */
    bool is_too_large;
    msgpack_packer packer;
};

static void begin(struct writer *w, size_t limit, struct buffer *out);
static bool finish(struct writer *w, size_t start, const char *what, struct error *err);
static bool has_failed(const struct writer *w);
static int on_bytes(void *arg, const char *data, size_t len);
static bool check_message(const struct message *m, struct error *err);
static bool check_ranges(const struct field_table *table, const void *source, struct error *err);
static void write_head(struct writer *w, const struct message *m);
static void write_map(struct writer *w, const struct field_table *table, const void *source);
static bool is_absent(const struct field *f, const void *source);
static void write_field(struct writer *w, const struct field *f, const void *source);
static void write_text(struct writer *w, const char *text);
static void write_string(struct writer *w, const char *text, size_t len);
static void write_value(struct writer *w, const struct celeriac_value *v, int depth);

bool
message_encode(const struct message *m, size_t limit, struct buffer *out, struct error *err)
{
    struct writer w;
    size_t start = out->len;

    if (!check_message(m, err) || !check_ranges(&message_fields, m, err))
        return false;
    begin(&w, limit, out);
    write_head(&w, m);
    write_map(&w, &message_fields, m);
    return finish(&w, start, "message", err);
}

bool
outcome_encode(const struct outcome *o, size_t limit, struct buffer *out, struct error *err)
{
    struct writer w;
    size_t start = out->len;

    if (!job_state_is_final(o->state))
        return error_set(err, ERROR_DATA,
                         "outcome cannot be written: its state is not a final one");
    if (!check_ranges(&outcome_fields, o, err))
        return false;
    begin(&w, limit, out);
    write_map(&w, &outcome_fields, o);
    if (!finish(&w, start, "outcome", err))
        return false;
    pack_close(out, start);
    return true;
}

static void
begin(struct writer *w, size_t limit, struct buffer *out)
{
    size_t room = SIZE_MAX - out->len;

    *w = (struct writer){.out = out, .limit = out->len + (limit < room ? limit : room)};
    msgpack_packer_init(&w->packer, w, on_bytes);
}

static bool
finish(struct writer *w, size_t start, const char *what, struct error *err)
{
    if (w->problem == NULL && !w->is_too_large)
        return true;
    w->out->len = start;
    if (w->problem != NULL)
        return error_set(err, ERROR_DATA, "%s cannot be written: %s", what, w->problem);
    return error_set(err, ERROR_DATA, "%s is larger than %zu bytes", what, w->limit - start);
}

static bool
has_failed(const struct writer *w)
{
    return w->problem != NULL || w->is_too_large;
}

/* Most of what comes is a few bytes, for which there is room: that must be quick. */
static int
on_bytes(void *arg, const char *data, size_t len)
{
    struct writer *w = arg;
    struct buffer *out = w->out;

    if (len > w->limit - out->len)
        w->is_too_large = true;
    if (has_failed(w))
        return -1;
    char *to = len < out->capacity - out->len ? out->data + out->len : buffer_room(out, len);
    out->len += len;
    if (len == 1)
        *to = *data;
    else if (len > 0)
        memcpy(to, data, len);
    return 0;
}

static bool
check_message(const struct message *m, struct error *err)
{
    if (m->priority > 9)
        return error_set(err, ERROR_DATA, "message has priority %u, expected 0 to 9", m->priority);
    if (m->unique_len > UNIQUE_KEY_MAX)
        return error_set(err, ERROR_DATA,
                         "message has a uniqueness key of %zu bytes, expected at most %d",
                         m->unique_len, UNIQUE_KEY_MAX);
    if (m->limit_key_len > 0 && !message_limit_key_is_valid(m->limit_key, m->limit_key_len))
        return error_set(
            err, ERROR_DATA,
            "message has a limit key of %zu bytes, expected at most %d, and no control "
            "characters",
            m->limit_key_len, LIMIT_KEY_MAX);
    if (m->task == NULL || m->task_len == 0 || m->task_len > TASK_NAME_MAX)
        return error_set(err, ERROR_DATA, "message has a task name of %zu bytes, expected 1 to %d",
                         m->task_len, TASK_NAME_MAX);
    if (m->args != NULL && celeriac_type(m->args) != CELERIAC_ARRAY)
        return error_set(err, ERROR_DATA, "message has args that are no array");
    if ((m->kwargs != NULL && celeriac_type(m->kwargs) != CELERIAC_OBJECT) ||
        (m->tags != NULL && celeriac_type(m->tags) != CELERIAC_OBJECT))
        return error_set(err, ERROR_DATA, "message has kwargs or tags that are no object");
    const char *problem = message_chunk_problem(m);
    if (problem != NULL)
        return error_set(err, ERROR_DATA, "message cannot be written: %s", problem);
    return true;
}

static bool
check_ranges(const struct field_table *table, const void *source, struct error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *f = &table->rows[i];
        if (f->kind < FIELD_INT64 || is_absent(f, source))
            continue;
        int64_t n = field_get_integer(f, source);
        if (n < f->min || n > f->max)
            return error_set(err, ERROR_DATA, "%s has %s %lld, expected %lld to %lld", table->what,
                             f->name, (long long)n, (long long)f->min, (long long)f->max);
    }
    return true;
}

static void
write_head(struct writer *w, const struct message *m)
{
    const bool has_limit_key = m->limit_key_len > 0;
    const unsigned char limit_key_len = (unsigned char)m->limit_key_len;
    const unsigned flags =
        (m->flags & ~(unsigned)MESSAGE_HAS_LIMIT_KEY) | (has_limit_key ? MESSAGE_HAS_LIMIT_KEY : 0);
    unsigned char head[MESSAGE_HEAD] = {MESSAGE_VERSION,
                                        (unsigned char)('0' + m->priority),
                                        (unsigned char)(m->attempts >> 8),
                                        (unsigned char)m->attempts,
                                        m->crashes,
                                        m->lost,
                                        (unsigned char)flags,
                                        (unsigned char)m->unique_len};

    on_bytes(w, (const char *)head, sizeof head);
    on_bytes(w, m->unique, m->unique_len);
    if (!has_limit_key)
        return;
    on_bytes(w, (const char *)&limit_key_len, 1);
    on_bytes(w, m->limit_key, m->limit_key_len);
}

static void
write_map(struct writer *w, const struct field_table *table, const void *source)
{
    const struct field *present[FIELD_KEYS];
    size_t n = 0;

    for (size_t i = 0; i < table->count; i++)
        if (!is_absent(&table->rows[i], source))
            present[n++] = &table->rows[i];
    w->items = 1 + n;
    msgpack_pack_map(&w->packer, n);
    for (size_t i = 0; i < n; i++) {
        msgpack_pack_uint8(&w->packer, present[i]->key);
        write_field(w, present[i], source);
    }
}

static bool
is_absent(const struct field *f, const void *source)
{
    if (f->kind >= FIELD_INT64)
        return field_get_integer(f, source) == f->absent;
    const void *pointer;
    memcpy(&pointer, (const char *)source + f->offset, sizeof pointer);
    return pointer == NULL;
}

static void
write_field(struct writer *w, const struct field *f, const void *source)
{
    const char *at = (const char *)source + f->offset;
    const void *pointer = NULL;
    size_t len;

    if (f->kind < FIELD_INT64)
        memcpy(&pointer, at, sizeof pointer);
    switch (f->kind) {
    case FIELD_SPAN:
        memcpy(&len, at + sizeof pointer, sizeof len);
        w->items++;
        write_string(w, pointer, len);
        break;
    case FIELD_TEXT:
        w->items++;
        write_text(w, pointer);
        break;
    case FIELD_ARRAY:
    case FIELD_OBJECT:
    case FIELD_VALUE:
        write_value(w, pointer, 1);
        break;
    case FIELD_INT64:
    case FIELD_INT32:
    case FIELD_UINT32:
        w->items++;
        msgpack_pack_int64(&w->packer, field_get_integer(f, source));
        break;
    }
}

/* Texts of outcomes may hold anything that a task or a library said. An outcome that could not be
 * written would be a job that cannot end, so bytes that are no UTF-8 become '?'. */
static void
write_text(struct writer *w, const char *text)
{
    size_t len = strlen(text);

    if (utf8_valid(text, len)) {
        write_string(w, text, len);
        return;
    }
    msgpack_pack_str(&w->packer, len);
    while (len > 0) {
        size_t n = utf8_char(text, len);
        on_bytes(w, n > 0 ? text : "?", n > 0 ? n : 1);
        n = n > 0 ? n : 1;
        text += n;
        len -= n;
    }
}

static void
write_string(struct writer *w, const char *text, size_t len)
{
    if (!has_failed(w) && !utf8_valid(text, len))
        w->problem = "it holds text that is not UTF-8";
    msgpack_pack_str_with_body(&w->packer, text, len);
}

static void
write_children(struct writer *w, const struct celeriac_value *v, int depth)
{
    if (depth == MESSAGE_DEPTH_MAX)
        w->problem = "it is nested deeper than 16 levels";
    if (v->type == CELERIAC_ARRAY)
        msgpack_pack_array(&w->packer, v->count);
    else
        msgpack_pack_map(&w->packer, v->count);
    for (uint32_t i = 0; i < v->count && !has_failed(w); i++) {
        if (v->type == CELERIAC_ARRAY) {
            write_value(w, v->as.items[i], depth + 1);
            continue;
        }
        w->items++;
        write_string(w, v->as.entries[i].key, v->as.entries[i].key_len);
        write_value(w, v->as.entries[i].item, depth + 1);
    }
}

/* `depth` containers are around the value. */
static void
write_value(struct writer *w, const struct celeriac_value *v, int depth)
{
    if (++w->items > WIRE_ITEMS_MAX)
        w->problem = "it holds too many values";
    switch (v->type) {
    case CELERIAC_NULL:
        msgpack_pack_nil(&w->packer);
        break;
    case CELERIAC_BOOLEAN:
        (v->as.boolean ? msgpack_pack_true : msgpack_pack_false)(&w->packer);
        break;
    case CELERIAC_INTEGER:
        msgpack_pack_int64(&w->packer, v->as.integer);
        break;
    case CELERIAC_BIGINT:
        msgpack_pack_ext_with_body(&w->packer, v->as.bytes.data, v->as.bytes.len, WIRE_EXT_BIGINT);
        break;
    case CELERIAC_NUMBER:
        msgpack_pack_double(&w->packer, v->as.number);
        break;
    case CELERIAC_STRING:
        write_string(w, v->as.bytes.data, v->as.bytes.len);
        break;
    case CELERIAC_BINARY:
        msgpack_pack_bin_with_body(&w->packer, v->as.bytes.data, v->as.bytes.len);
        break;
    case CELERIAC_ARRAY:
    case CELERIAC_OBJECT:
        write_children(w, v, depth);
        break;
    }
}
