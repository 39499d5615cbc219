/* Values: makers and readers behind common/celeriac_value.h.
 *
 * Arrays and objects grow by doubling; the old room stays in the arena until the arena goes. Keys
 * of small objects are compared one by one, larger ones get an index. An item that is NULL, as
 * celeriac_number gives for infinities, is stored as null. */
#include "common/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/error.h"
#include "common/value_index.h"

enum { FIRST_CAPACITY = 4, INDEX_FROM = 16, DOUBLE_DIGITS_MAX = 310 };

static struct celeriac_value *make(struct celeriac_arena *arena, enum celeriac_type type);
static struct celeriac_value *make_bytes(struct celeriac_arena *arena, enum celeriac_type type,
                                         const char *data, size_t len);
static struct celeriac_value *checked_item(const struct celeriac_value *into,
                                           struct celeriac_value *item);
static struct value_entry *find_entry(const struct celeriac_value *object, const char *key,
                                      size_t len);
static void add_entry(struct celeriac_value *object, const char *key, size_t len,
                      struct celeriac_value *item);
static bool digits_fit(const char *digits, size_t len, bool is_negative, int64_t *out);
static bool is_object(const struct celeriac_value *v);
static bool is_array(const struct celeriac_value *v);

/* ---- makers ---- */

struct celeriac_value *
celeriac_null(struct celeriac_arena *arena)
{
    return make(arena, CELERIAC_NULL);
}

struct celeriac_value *
celeriac_boolean(struct celeriac_arena *arena, bool b)
{
    struct celeriac_value *v = make(arena, CELERIAC_BOOLEAN);

    v->as.boolean = b;
    return v;
}

struct celeriac_value *
celeriac_integer(struct celeriac_arena *arena, int64_t n)
{
    struct celeriac_value *v = make(arena, CELERIAC_INTEGER);

    v->as.integer = n;
    return v;
}

struct celeriac_value *
celeriac_number(struct celeriac_arena *arena, double x)
{
    if (!isfinite(x))
        return NULL;
    struct celeriac_value *v = make(arena, CELERIAC_NUMBER);
    v->as.number = x;
    return v;
}

struct celeriac_value *
celeriac_bigint(struct celeriac_arena *arena, const char *digits, size_t len)
{
    struct celeriac_value *v = make(arena, CELERIAC_BIGINT);

    return value_init_bigint(v, arena, digits, len) ? v : NULL;
}

struct celeriac_value *
celeriac_string(struct celeriac_arena *arena, const char *text, size_t len)
{
    return make_bytes(arena, CELERIAC_STRING, text, len);
}

struct celeriac_value *
celeriac_text(struct celeriac_arena *arena, const char *c_string)
{
    MUST(c_string != NULL);
    return make_bytes(arena, CELERIAC_STRING, c_string, strlen(c_string));
}

struct celeriac_value *
celeriac_binary(struct celeriac_arena *arena, const void *data, size_t len)
{
    return make_bytes(arena, CELERIAC_BINARY, data, len);
}

struct celeriac_value *
celeriac_array(struct celeriac_arena *arena)
{
    return make(arena, CELERIAC_ARRAY);
}

struct celeriac_value *
celeriac_object(struct celeriac_arena *arena)
{
    return make(arena, CELERIAC_OBJECT);
}

void
celeriac_append(struct celeriac_value *array, struct celeriac_value *item)
{
    MUST(is_array(array));
    item = checked_item(array, item);
    value_reserve(array, (size_t)array->count + 1);
    array->as.items[array->count++] = item;
}

void
celeriac_set(struct celeriac_value *object, const char *key, struct celeriac_value *item)
{
    MUST(is_object(object));
    size_t len = strlen(key);
    struct value_entry *e = find_entry(object, key, len);
    if (e != NULL)
        e->item = checked_item(object, item);
    else
        add_entry(object, key, len, checked_item(object, item));
}

/* ---- readers ---- */

enum celeriac_type
celeriac_type(const struct celeriac_value *v)
{
    return v != NULL ? v->type : CELERIAC_NULL;
}

bool
celeriac_get_boolean(const struct celeriac_value *v, bool *out)
{
    if (v == NULL || v->type != CELERIAC_BOOLEAN)
        return false;
    *out = v->as.boolean;
    return true;
}

bool
celeriac_get_integer(const struct celeriac_value *v, int64_t *out)
{
    const double two_to_63 = 9223372036854775808.0;

    if (v == NULL)
        return false;
    if (v->type == CELERIAC_INTEGER) {
        *out = v->as.integer;
        return true;
    }
    if (v->type != CELERIAC_NUMBER || !(v->as.number >= -two_to_63 && v->as.number < two_to_63) ||
        v->as.number != trunc(v->as.number))
        return false;
    *out = (int64_t)v->as.number;
    return true;
}

bool
celeriac_get_number(const struct celeriac_value *v, double *out)
{
    double x;

    if (v == NULL)
        return false;
    if (v->type == CELERIAC_INTEGER)
        x = (double)v->as.integer;
    else if (v->type == CELERIAC_NUMBER)
        x = v->as.number;
    else if (v->type == CELERIAC_BIGINT && v->as.bytes.len <= DOUBLE_DIGITS_MAX)
        x = strtod(v->as.bytes.data, NULL);
    else
        return false;
    if (!isfinite(x))
        return false;
    *out = x;
    return true;
}

const char *
celeriac_bytes(const struct celeriac_value *v, size_t *len)
{
    bool has = v != NULL && (v->type == CELERIAC_STRING || v->type == CELERIAC_BINARY ||
                             v->type == CELERIAC_BIGINT);

    if (len != NULL)
        *len = has ? v->as.bytes.len : 0;
    return has ? v->as.bytes.data : NULL;
}

size_t
celeriac_size(const struct celeriac_value *v)
{
    return is_array(v) || is_object(v) ? v->count : 0;
}

const struct celeriac_value *
celeriac_at(const struct celeriac_value *array, size_t i)
{
    return is_array(array) && i < array->count ? array->as.items[i] : NULL;
}

const struct celeriac_value *
celeriac_get(const struct celeriac_value *object, const char *key)
{
    return value_find(object, key, strlen(key));
}

const struct celeriac_value *
celeriac_entry(const struct celeriac_value *object, size_t i, const char **key)
{
    if (!is_object(object) || i >= object->count)
        return NULL;
    if (key != NULL)
        *key = object->as.entries[i].key;
    return object->as.entries[i].item;
}

/* ---- from the inside ---- */

void
value_init(struct celeriac_value *v, enum celeriac_type type, struct celeriac_arena *arena)
{
    *v = (struct celeriac_value){.type = type, .arena = arena};
}

bool
value_init_bigint(struct celeriac_value *v, struct celeriac_arena *arena, const char *digits,
                  size_t len)
{
    bool is_negative = len > 0 && digits[0] == '-';
    size_t start = is_negative ? 1 : 0;

    if (start == len)
        return false;
    for (size_t i = start; i < len; i++)
        if (digits[i] < '0' || digits[i] > '9')
            return false;
    while (start + 1 < len && digits[start] == '0')
        start++;
    value_init(v, CELERIAC_INTEGER, arena);
    if (digits_fit(digits + start, len - start, is_negative, &v->as.integer))
        return true;
    size_t sign = is_negative ? 1 : 0;
    char *text = arena_alloc(arena, sign + (len - start) + 1);
    text[0] = '-';
    memcpy(text + sign, digits + start, len - start);
    text[sign + len - start] = '\0';
    v->type = CELERIAC_BIGINT;
    v->as.bytes.data = text;
    v->as.bytes.len = sign + len - start;
    return true;
}

void
value_reserve(struct celeriac_value *v, size_t count)
{
    if (count <= v->capacity)
        return;
    MUST(count <= UINT32_MAX / 4);
    uint32_t capacity = v->capacity > 0 ? v->capacity : FIRST_CAPACITY;
    while (capacity < count)
        capacity *= 2;
    size_t size = v->type == CELERIAC_ARRAY ? sizeof *v->as.items : sizeof *v->as.entries;
    void *room = arena_alloc(v->arena, capacity * size);
    if (v->count > 0)
        memcpy(room, v->type == CELERIAC_ARRAY ? (void *)v->as.items : (void *)v->as.entries,
               v->count * size);
    v->capacity = capacity;
    if (v->type == CELERIAC_ARRAY) {
        v->as.items = room;
        return;
    }
    v->as.entries = room;
    if (capacity > INDEX_FROM)
        value_index_build(v);
}

struct celeriac_value *
value_find(const struct celeriac_value *object, const char *key, size_t key_len)
{
    struct value_entry *e = is_object(object) ? find_entry(object, key, key_len) : NULL;

    return e != NULL ? e->item : NULL;
}

bool
value_add(struct celeriac_value *object, const char *key, size_t key_len,
          struct celeriac_value *item)
{
    MUST(is_object(object));
    if (find_entry(object, key, key_len) != NULL)
        return false;
    add_entry(object, key, key_len, checked_item(object, item));
    return true;
}

static bool
items_equal(const struct celeriac_value *a, const struct celeriac_value *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!value_equal(a->as.items[i], b->as.items[i]))
            return false;
    return true;
}

static bool
entries_equal(const struct celeriac_value *a, const struct celeriac_value *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct value_entry *e = &a->as.entries[i];
        const struct value_entry *other = find_entry(b, e->key, e->key_len);
        if (other == NULL || !value_equal(e->item, other->item))
            return false;
    }
    return true;
}

bool
value_equal(const struct celeriac_value *a, const struct celeriac_value *b)
{
    if (celeriac_type(a) != celeriac_type(b))
        return false;
    switch (celeriac_type(a)) {
    case CELERIAC_NULL:
        return true;
    case CELERIAC_BOOLEAN:
        return a->as.boolean == b->as.boolean;
    case CELERIAC_INTEGER:
        return a->as.integer == b->as.integer;
    case CELERIAC_NUMBER:
        return a->as.number == b->as.number;
    case CELERIAC_BIGINT:
    case CELERIAC_STRING:
    case CELERIAC_BINARY:
        return a->as.bytes.len == b->as.bytes.len &&
               memcmp(a->as.bytes.data, b->as.bytes.data, a->as.bytes.len) == 0;
    case CELERIAC_ARRAY:
        return items_equal(a, b);
    case CELERIAC_OBJECT:
        return entries_equal(a, b);
    }
    BUG("value of no type");
}

const char *
value_type_name(enum celeriac_type type)
{
    static const char *const names[] = {"null",   "boolean", "integer", "integer", "number",
                                        "string", "binary",  "array",   "object"};

    MUST((size_t)type < sizeof names / sizeof *names);
    return names[type];
}

/* ---- helpers ---- */

static struct celeriac_value *
make(struct celeriac_arena *arena, enum celeriac_type type)
{
    struct celeriac_value *v = arena_alloc(arena, sizeof *v);

    value_init(v, type, arena);
    return v;
}

static struct celeriac_value *
make_bytes(struct celeriac_arena *arena, enum celeriac_type type, const char *data, size_t len)
{
    struct celeriac_value *v = make(arena, type);

    v->as.bytes.data = arena_text(arena, data, len);
    v->as.bytes.len = len;
    return v;
}

static struct celeriac_value *
checked_item(const struct celeriac_value *into, struct celeriac_value *item)
{
    if (item == NULL)
        return celeriac_null(into->arena);
    MUST(item->arena == into->arena);
    return item;
}

static struct value_entry *
find_entry(const struct celeriac_value *object, const char *key, size_t len)
{
    if (object->slots != NULL)
        return value_index_find(object, key, len);
    for (uint32_t i = 0; i < object->count; i++) {
        struct value_entry *e = &object->as.entries[i];
        if (e->key_len == len && memcmp(e->key, key, len) == 0)
            return e;
    }
    return NULL;
}

static void
add_entry(struct celeriac_value *object, const char *key, size_t len, struct celeriac_value *item)
{
    value_reserve(object, (size_t)object->count + 1);
    object->as.entries[object->count] =
        (struct value_entry){arena_text(object->arena, key, len), len, item};
    object->count++;
    if (object->slots != NULL)
        value_index_add(object, object->count - 1);
}

/* `digits` without sign and leading zeros. */
static bool
digits_fit(const char *digits, size_t len, bool is_negative, int64_t *out)
{
    uint64_t n = 0;

    if (len > 19)
        return false;
    for (size_t i = 0; i < len; i++) /* 19 nines fit 64 bits */
        n = 10 * n + (uint64_t)(digits[i] - '0');
    if (n > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    *out = is_negative ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

static bool
is_object(const struct celeriac_value *v)
{
    return v != NULL && v->type == CELERIAC_OBJECT;
}

static bool
is_array(const struct celeriac_value *v)
{
    return v != NULL && v->type == CELERIAC_ARRAY;
}
