/* The fields of messages and outcomes. Keys and meanings are part of the protocol: they never
 * change, new fields get new keys. Times and durations end at 2^53, which Lua and JSON still hold
 * exactly. */
#include "common/message_fields.h"

#include "common/message.h"
#include "common/utf8.h"

#define MS_MAX ((INT64_C(1) << 53) - 1)

#define SPAN(k, f, most)                                                                           \
    {                                                                                              \
        .key = k, .kind = FIELD_SPAN, .name = #f, .offset = offsetof(struct message, f), .min = 1, \
        .max = most, .is_required = true                                                           \
    }
#define VALUE(k, s, f, type)                                                                       \
    {                                                                                              \
        .key = k, .kind = type, .name = #f, .offset = offsetof(struct s, f)                        \
    }
#define INTEGER(k, s, f, type, default_value, least, most)                                         \
    {                                                                                              \
        .key = k, .kind = type, .name = #f, .offset = offsetof(struct s, f),                       \
        .absent = default_value, .min = least, .max = most                                         \
    }

static const struct field message_rows[] = {
    SPAN(1, task, TASK_NAME_MAX),
    VALUE(2, message, args, FIELD_ARRAY),
    VALUE(3, message, kwargs, FIELD_OBJECT),
    VALUE(4, message, tags, FIELD_OBJECT),
    INTEGER(5, message, expires_at_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(6, message, max_retries, FIELD_INT32, -1, 0, INT32_MAX),
    INTEGER(7, message, backoff_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(8, message, backoff_max_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(9, message, soft_limit_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(10, message, hard_limit_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(11, message, result_ttl_ms, FIELD_INT64, -1, 0, MS_MAX),
    INTEGER(12, message, chunk, FIELD_UINT32, 0, 0, UINT32_MAX),
};

static const struct field outcome_rows[] = {
    INTEGER(0, outcome, state, FIELD_UINT32, JOB_UNKNOWN, JOB_SUCCESS, JOB_DEAD),
    VALUE(1, outcome, result, FIELD_VALUE),
    VALUE(2, outcome, error_type, FIELD_TEXT),
    VALUE(3, outcome, error_message, FIELD_TEXT),
    VALUE(4, outcome, error_signal, FIELD_TEXT),
    VALUE(5, outcome, task, FIELD_TEXT),
    VALUE(6, outcome, worker, FIELD_TEXT),
    INTEGER(7, outcome, started_at_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(8, outcome, finished_at_ms, FIELD_INT64, 0, 0, MS_MAX),
    INTEGER(9, outcome, runtime_us, FIELD_INT64, 0, 0, INT64_MAX),
    INTEGER(10, outcome, attempt, FIELD_UINT32, 0, 0, UINT32_MAX),
    INTEGER(11, outcome, crashes, FIELD_UINT32, 0, 0, UINT32_MAX),
};

_Static_assert(sizeof(enum job_state) == sizeof(uint32_t), "the field `state` is read as uint32_t");
_Static_assert(offsetof(struct message, task_len) ==
                   offsetof(struct message, task) + sizeof(char *),
               "a span's length stands behind its pointer");

const struct field_table message_fields = {"message", message_rows,
                                           sizeof message_rows / sizeof *message_rows};
const struct field_table outcome_fields = {"outcome", outcome_rows,
                                           sizeof outcome_rows / sizeof *outcome_rows};

const struct field *
field_find(const struct field_table *table, int64_t key)
{
    int64_t i = key - table->rows[0].key; /* the keys of the rows have no gaps */

    return i >= 0 && (size_t)i < table->count ? &table->rows[i] : NULL;
}

int64_t
field_get_integer(const struct field *f, const void *target)
{
    const char *at = (const char *)target + f->offset;

    if (f->kind == FIELD_INT64)
        return *(const int64_t *)(const void *)at;
    if (f->kind == FIELD_INT32)
        return *(const int32_t *)(const void *)at;
    return *(const uint32_t *)(const void *)at;
}

void
field_set_integer(const struct field *f, void *target, int64_t n)
{
    char *at = (char *)target + f->offset;

    if (f->kind == FIELD_INT64)
        *(int64_t *)(void *)at = n;
    else if (f->kind == FIELD_INT32)
        *(int32_t *)(void *)at = (int32_t)n;
    else
        *(uint32_t *)(void *)at = (uint32_t)n;
}

const char *
message_chunk_problem(const struct message *m)
{
    if (m->chunk == 0)
        return NULL;
    if (celeriac_type(m->args) != CELERIAC_ARRAY || celeriac_size(m->args) != m->chunk)
        return "chunk: args holds another number of argument lists";
    for (size_t i = 0; i < m->chunk; i++) {
        enum celeriac_type type = celeriac_type(celeriac_at(m->args, i));
        if (type != CELERIAC_ARRAY && type != CELERIAC_OBJECT)
            return "chunk: args holds something else than argument lists";
    }
    return NULL;
}

bool
message_limit_key_is_valid(const char *key, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
            return false;
    return len > 0 && len <= LIMIT_KEY_MAX && utf8_valid(key, len);
}
