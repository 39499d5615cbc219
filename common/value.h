/* Values from the inside: the layout behind common/celeriac_value.h, for code that walks trees
 * (codec, JSON). */
#ifndef COMMON_VALUE_H
#define COMMON_VALUE_H

#include "common/celeriac_value.h"

struct value_entry {
    const char *key; /* NUL-terminated, in the arena */
    size_t key_len;
    struct celeriac_value *item;
};

struct celeriac_value {
    enum celeriac_type type;
    uint32_t count;    /* ARRAY, OBJECT: items */
    uint32_t capacity; /* ARRAY, OBJECT: room */
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct {
            const char *data;
            size_t len;
        } bytes; /* BIGINT, STRING, BINARY */
        struct celeriac_value **items;
        struct value_entry *entries;
    } as;
    struct celeriac_arena *arena;
    uint32_t *slots; /* OBJECT with many keys: see common/value_index.h; else NULL */
};

/* Writes a maker's value into `v`, which lives in `arena`: for code that makes many values in one
 * piece. */
void value_init(struct celeriac_value *v, enum celeriac_type type, struct celeriac_arena *arena);
/* As celeriac_bigint. False if `digits` are none. */
bool value_init_bigint(struct celeriac_value *v, struct celeriac_arena *arena, const char *digits,
                       size_t len);
/* Room for `count` items in all. */
void value_reserve(struct celeriac_value *v, size_t count);
/* As celeriac_get, with a key of any bytes. */
struct celeriac_value *value_find(const struct celeriac_value *object, const char *key,
                                  size_t key_len);
/* As celeriac_set, with a key of any bytes. False if the key is there already (nothing is changed).
 */
bool value_add(struct celeriac_value *object, const char *key, size_t key_len,
               struct celeriac_value *item);
/* Same type and same content; objects in any order. */
bool value_equal(const struct celeriac_value *a, const struct celeriac_value *b);
const char *
value_type_name(enum celeriac_type type); /* "integer", "array", ... for error messages */

#endif
