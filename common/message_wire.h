/* The msgpack that messages are made of, read item by item without allocating. Private to the
 * codec.
 *
 * Known: nil, booleans, integers, finite floats, str, bin, array, map, and ext type 1, which holds
 * the decimal digits of an integer beyond 64 bits. */
#ifndef COMMON_MESSAGE_WIRE_H
#define COMMON_MESSAGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIRE_EXT_BIGINT = 1,
    WIRE_ITEMS_MAX = 4 << 20, /* items in one message: about 64 bytes of memory each */
};

enum wire_kind {
    WIRE_NIL,
    WIRE_BOOLEAN,  /* integer: 0 or 1 */
    WIRE_INTEGER,  /* integer */
    WIRE_UNSIGNED, /* integer, to be read as uint64_t: above INT64_MAX */
    WIRE_NUMBER,   /* number */
    WIRE_STRING,   /* data, len */
    WIRE_BINARY,   /* data, len */
    WIRE_BIGINT,   /* data, len: checked digits */
    WIRE_ARRAY,    /* len: items that follow */
    WIRE_MAP,      /* len: pairs that follow */
};

struct wire_item {
    enum wire_kind kind;
    const char *data;
    size_t len;
    int64_t integer;
    double number;
};

struct wire {
    const unsigned char *at, *end;
};

/* Reads one item; the items inside an array or map are left to further calls. Returns NULL, or what
 * is wrong as text for a message. */
const char *wire_next(struct wire *w, struct wire_item *item);
/* Moves past one value with all that is in it. Checks depth (MESSAGE_DEPTH_MAX), the number of
 * items, and that counts are no larger than what is left. Returns NULL, or what is wrong. */
const char *wire_skip(struct wire *w);
/* As wire_skip, and that nothing is behind the value. */
const char *wire_check(const void *data, size_t len);

#endif
