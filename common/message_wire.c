/* The msgpack reader.
 *
 * A few bytes of msgpack can announce gigabytes (`dd ff ff ff ff`), so a message is walked once,
 * with a fixed stack and no allocation, before anything is made from it. The decoder then runs over
 * bytes that are known to be whole, with the same wire_next. */
#include "common/message_wire.h"

#include <math.h>
#include <string.h>

#include "common/message.h"

enum shape {
    SHAPE_UNKNOWN,
    SHAPE_WORD,
    SHAPE_UNSIGNED,
    SHAPE_SIGNED,
    SHAPE_FLOAT,
    SHAPE_STRING,
    SHAPE_BINARY,
    SHAPE_EXT,
    SHAPE_FIXED_EXT,
    SHAPE_ARRAY,
    SHAPE_MAP,
};

/* What the tags c0..df announce, and how many bytes behind the tag tell its value, length or count.
 */
static const struct form {
    enum shape shape;
    unsigned size;
} forms[] = {
    {SHAPE_WORD, 0},      {SHAPE_UNKNOWN, 0},   {SHAPE_WORD, 0},      {SHAPE_WORD, 0},
    {SHAPE_BINARY, 1},    {SHAPE_BINARY, 2},    {SHAPE_BINARY, 4},    {SHAPE_EXT, 1},
    {SHAPE_EXT, 2},       {SHAPE_EXT, 4},       {SHAPE_FLOAT, 4},     {SHAPE_FLOAT, 8},
    {SHAPE_UNSIGNED, 1},  {SHAPE_UNSIGNED, 2},  {SHAPE_UNSIGNED, 4},  {SHAPE_UNSIGNED, 8},
    {SHAPE_SIGNED, 1},    {SHAPE_SIGNED, 2},    {SHAPE_SIGNED, 4},    {SHAPE_SIGNED, 8},
    {SHAPE_FIXED_EXT, 0}, {SHAPE_FIXED_EXT, 0}, {SHAPE_FIXED_EXT, 0}, {SHAPE_FIXED_EXT, 0},
    {SHAPE_FIXED_EXT, 0}, {SHAPE_STRING, 1},    {SHAPE_STRING, 2},    {SHAPE_STRING, 4},
    {SHAPE_ARRAY, 2},     {SHAPE_ARRAY, 4},     {SHAPE_MAP, 2},       {SHAPE_MAP, 4},
};
_Static_assert(sizeof forms / sizeof *forms == 32, "one row for each tag");

static const char cut_short[] = "it is cut short";
static const char unknown_type[] = "it holds a type that is not known";

static const char *read_wide(struct wire *w, unsigned tag, struct wire_item *item);
static const char *take(struct wire *w, size_t len, enum wire_kind kind, struct wire_item *item);
static const char *read_ext(struct wire *w, size_t len, struct wire_item *item);
static const char *set_number(uint64_t bits, unsigned size, struct wire_item *item);
static bool read_big_endian(struct wire *w, unsigned size, uint64_t *out);

const char *
wire_next(struct wire *w, struct wire_item *item)
{
    if (w->at == w->end)
        return cut_short;
    unsigned tag = *w->at++;
    if (tag < 0x80 || tag >= 0xe0) {
        item->kind = WIRE_INTEGER;
        item->integer = (int8_t)tag;
        return NULL;
    }
    if (tag < 0xa0) {
        item->kind = tag < 0x90 ? WIRE_MAP : WIRE_ARRAY;
        item->len = tag & 15;
        return NULL;
    }
    if (tag < 0xc0)
        return take(w, tag & 31, WIRE_STRING, item);
    return read_wide(w, tag, item);
}

const char *
wire_skip(struct wire *w)
{
    uint64_t left[MESSAGE_DEPTH_MAX]; /* items to come on each level */
    unsigned depth = 0;
    struct wire_item item;

    for (unsigned n = 0;; n++) {
        if (n == WIRE_ITEMS_MAX)
            return "it holds too many values";
        const char *problem = wire_next(w, &item);
        if (problem != NULL)
            return problem;
        if (item.kind >= WIRE_ARRAY) {
            uint64_t count = item.kind == WIRE_MAP ? 2 * (uint64_t)item.len : item.len;
            if (count > (uint64_t)(w->end - w->at))
                return cut_short;
            if (depth == MESSAGE_DEPTH_MAX)
                return "it is nested deeper than 16 levels";
            left[depth++] = count;
        }
        while (depth > 0 && left[depth - 1] == 0)
            depth--;
        if (depth == 0)
            return NULL;
        left[depth - 1]--;
    }
}

const char *
wire_check(const void *data, size_t len)
{
    struct wire w = {data, (const unsigned char *)data + len};
    const char *problem = wire_skip(&w);

    if (problem == NULL && w.at != w.end)
        return "bytes follow behind its end";
    return problem;
}

static const char *
read_wide(struct wire *w, unsigned tag, struct wire_item *item)
{
    const struct form form = forms[tag - 0xc0];
    uint64_t n;

    if (!read_big_endian(w, form.size, &n))
        return cut_short;
    switch (form.shape) {
    case SHAPE_UNKNOWN:
        return unknown_type;
    case SHAPE_WORD: /* nil, false, true */
        item->kind = tag == 0xc0 ? WIRE_NIL : WIRE_BOOLEAN;
        item->integer = tag & 1;
        return NULL;
    case SHAPE_UNSIGNED:
        item->kind = n > INT64_MAX ? WIRE_UNSIGNED : WIRE_INTEGER;
        item->integer = (int64_t)n;
        return NULL;
    case SHAPE_SIGNED:
        MUST(form.size > 0);
        item->kind = WIRE_INTEGER;
        item->integer = (int64_t)(n << (64 - 8 * form.size)) >> (64 - 8 * form.size);
        return NULL;
    case SHAPE_FLOAT:
        return set_number(n, form.size, item);
    case SHAPE_STRING:
        return take(w, n, WIRE_STRING, item);
    case SHAPE_BINARY:
        return take(w, n, WIRE_BINARY, item);
    case SHAPE_EXT:
        return read_ext(w, n, item);
    case SHAPE_FIXED_EXT:
        return read_ext(w, (size_t)1 << (tag - 0xd4), item);
    case SHAPE_ARRAY:
    case SHAPE_MAP:
        item->kind = form.shape == SHAPE_ARRAY ? WIRE_ARRAY : WIRE_MAP;
        item->len = n;
        return NULL;
    }
    return unknown_type;
}

static inline const char *
take(struct wire *w, size_t len, enum wire_kind kind, struct wire_item *item)
{
    if (len > (size_t)(w->end - w->at))
        return cut_short;
    item->kind = kind;
    item->data = (const char *)w->at;
    item->len = len;
    w->at += len;
    return NULL;
}

/* `len` is that of the data behind the type. */
static const char *
read_ext(struct wire *w, size_t len, struct wire_item *item)
{
    if (w->at == w->end)
        return cut_short;
    if (*w->at++ != WIRE_EXT_BIGINT)
        return unknown_type;
    const char *problem = take(w, len, WIRE_BIGINT, item);
    if (problem != NULL)
        return problem;
    size_t i = item->len > 0 && item->data[0] == '-' ? 1 : 0;
    if (i == item->len)
        return "a long integer has no digits";
    for (; i < item->len; i++)
        if (item->data[i] < '0' || item->data[i] > '9')
            return "a long integer holds something else than digits";
    return NULL;
}

static const char *
set_number(uint64_t bits, unsigned size, struct wire_item *item)
{
    if (size == sizeof(float)) {
        uint32_t half = (uint32_t)bits;
        float x;
        memcpy(&x, &half, sizeof x);
        item->number = (double)x;
    } else {
        memcpy(&item->number, &bits, sizeof item->number);
    }
    item->kind = WIRE_NUMBER;
    return isfinite(item->number) ? NULL : "a number is not finite";
}

static inline bool
read_big_endian(struct wire *w, unsigned size, uint64_t *out)
{
    uint64_t n = 0;

    if (size > (size_t)(w->end - w->at))
        return false;
    for (unsigned i = 0; i < size; i++)
        n = n << 8 | w->at[i];
    w->at += size;
    *out = n;
    return true;
}
