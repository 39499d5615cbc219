/* Values: what jobs take as arguments and return as results. JSON's types, with integers of any
 * length and with binary strings. Part of the public interface; included by celeriac.h and
 * celeriac_task.h.
 *
 * Values live in an arena and die with it; nothing is freed one by one. A value may be put into an
 * array or an object only if both live in the same arena. Running out of memory logs one line and
 * aborts the process. An arena and its values belong to one thread at a time. */
#ifndef CELERIAC_VALUE_H
#define CELERIAC_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CELERIAC_API __attribute__((visibility("default")))
#define CELERIAC_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define CELERIAC_API
#define CELERIAC_PRINTF(fmt, first)
#endif

struct celeriac_arena;
struct celeriac_value;

enum celeriac_type {
    CELERIAC_NULL,
    CELERIAC_BOOLEAN,
    CELERIAC_INTEGER, /* fits an int64_t */
    CELERIAC_BIGINT, /* an integer that does not: its decimal digits, with a leading '-' if negative
                      */
    CELERIAC_NUMBER, /* a finite double */
    CELERIAC_STRING, /* UTF-8, may hold NUL */
    CELERIAC_BINARY, /* any bytes; printed in JSON as {"$binary":"<base64>"} */
    CELERIAC_ARRAY,
    CELERIAC_OBJECT, /* string keys, in order of insertion, each once */
};

CELERIAC_API struct celeriac_arena *celeriac_arena_new(void);
CELERIAC_API void celeriac_arena_free(struct celeriac_arena *arena);

/* Makers. Bytes are copied into the arena. */
CELERIAC_API struct celeriac_value *celeriac_null(struct celeriac_arena *arena);
CELERIAC_API struct celeriac_value *celeriac_boolean(struct celeriac_arena *arena, bool b);
CELERIAC_API struct celeriac_value *celeriac_integer(struct celeriac_arena *arena, int64_t n);
/* `x` must be finite: returns NULL otherwise, since JSON has no infinities. */
CELERIAC_API struct celeriac_value *celeriac_number(struct celeriac_arena *arena, double x);
/* Decimal digits with an optional '-'. Becomes an INTEGER if it fits. NULL if `digits` is no such
 * thing. */
CELERIAC_API struct celeriac_value *celeriac_bigint(struct celeriac_arena *arena,
                                                    const char *digits, size_t len);
/* `text` is to be UTF-8: a job or a result with other text is refused when it is sent. */
CELERIAC_API struct celeriac_value *celeriac_string(struct celeriac_arena *arena, const char *text,
                                                    size_t len);
CELERIAC_API struct celeriac_value *celeriac_text(struct celeriac_arena *arena,
                                                  const char *c_string);
CELERIAC_API struct celeriac_value *celeriac_binary(struct celeriac_arena *arena, const void *data,
                                                    size_t len);
CELERIAC_API struct celeriac_value *celeriac_array(struct celeriac_arena *arena);
CELERIAC_API struct celeriac_value *celeriac_object(struct celeriac_arena *arena);
/* An `item` of NULL, as celeriac_number may give, is stored as null. */
CELERIAC_API void celeriac_append(struct celeriac_value *array, struct celeriac_value *item);
/* Sets or replaces `key` (a C string, copied). */
CELERIAC_API void celeriac_set(struct celeriac_value *object, const char *key,
                               struct celeriac_value *item);

/* Readers. A value of another type, an index past the end, a missing key: NULL, 0 or false. NULL is
 * a valid input. */
CELERIAC_API enum celeriac_type
celeriac_type(const struct celeriac_value *v); /* of NULL: CELERIAC_NULL */
CELERIAC_API bool celeriac_get_boolean(const struct celeriac_value *v, bool *out);
CELERIAC_API bool celeriac_get_integer(const struct celeriac_value *v,
                                       int64_t *out); /* 3.0 counts as 3 */
CELERIAC_API bool celeriac_get_number(const struct celeriac_value *v,
                                      double *out); /* INTEGER, BIGINT, NUMBER */
/* Bytes of a STRING, BINARY or BIGINT; a STRING and a BIGINT are followed by a NUL that `len` does
 * not count. */
CELERIAC_API const char *celeriac_bytes(const struct celeriac_value *v, size_t *len);
CELERIAC_API size_t celeriac_size(const struct celeriac_value *v); /* items of an ARRAY or OBJECT */
CELERIAC_API const struct celeriac_value *celeriac_at(const struct celeriac_value *array, size_t i);
CELERIAC_API const struct celeriac_value *celeriac_get(const struct celeriac_value *object,
                                                       const char *key);
CELERIAC_API const struct celeriac_value *celeriac_entry(const struct celeriac_value *object,
                                                         size_t i, const char **key);

/* JSON. Parsing keeps every digit of long integers; NULL on bad input, with one line about it in
 * `message` (`size` bytes, may be NULL with 0). Printing gives one line, NUL-terminated, in the
 * arena. */
CELERIAC_API struct celeriac_value *celeriac_parse(struct celeriac_arena *arena, const char *json,
                                                   size_t len, char *message, size_t size);
CELERIAC_API const char *celeriac_print(struct celeriac_arena *arena,
                                        const struct celeriac_value *v);

#ifdef __cplusplus
}
#endif
#endif
