/* JSON in, by jansson, which knows no integers beyond 64 bits: those are taken out before and put
 * back behind it.
 *
 * One pass over the text looks for them. Each is replaced, in a copy of the text that is only made
 * if there is one, by a string of the same length (so that positions in error messages hold):
 *
 *     -123456789012345678901   ->   "MMMMMMMMMMMPPPPPP    "
 *
 * M is a random mark of 66 bits that is drawn for this text, so that nothing in the text can pass
 * for it; P is where the digits begin, in base 64. An integer in the place of a key is left as it
 * is, for jansson to refuse. Nothing that is no JSON becomes JSON by this, since a string may stand
 * wherever a number may and, next to any other token, is refused as the number is. */
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/base64.h"
#include "common/json_locale.h"
#include "common/mem.h"

enum { MARK_LEN = 11, PLACE_LEN = 6, LONG_MIN_LEN = 19, SCAN_DEPTH_MAX = JSON_DEPTH_MAX + 1 };

struct source {
    const char *text;
    size_t len;
    char *copy; /* with long integers replaced; NULL: there are none */
    char mark[MARK_LEN];
};

static bool scan(struct source *s, struct error *err);
static size_t skip_string(const struct source *s, size_t i);
static size_t scan_number(struct source *s, size_t i);
static bool is_long_integer(const char *token, size_t len);
static void replace(struct source *s, size_t at, size_t len);
static bool is_key(const struct source *s, size_t i);
static struct celeriac_value *convert(const struct source *s, json_t *j, int depth,
                                      struct celeriac_arena *arena);
static void explain(const struct source *s, json_error_t *problem, struct error *err);
static bool fail_at(const struct source *s, size_t position, const char *what, struct error *err);

struct celeriac_value *
json_parse(struct celeriac_arena *arena, const char *text, size_t len, struct error *err)
{
    struct source s = {.text = text, .len = len};
    struct celeriac_value *v = NULL;
    json_error_t problem;

    if (scan(&s, err)) {
        locale_t before = json_locale_enter();
        json_t *j = json_loadb(s.copy != NULL ? s.copy : text, len,
                               JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
        json_locale_leave(before);
        if (j == NULL)
            explain(&s, &problem, err);
        else if ((v = convert(&s, j, 0, arena)) == NULL)
            error_set(err, ERROR_DATA, "JSON is nested deeper than %d levels", JSON_DEPTH_MAX);
        json_decref(j);
    }
    free(s.copy);
    return v;
}

struct celeriac_value *
celeriac_parse(struct celeriac_arena *arena, const char *json, size_t len, char *message,
               size_t size)
{
    struct error err = ERROR_INIT;
    struct celeriac_value *v = json_parse(arena, json, len, &err);

    if (v == NULL && size > 0)
        snprintf(message, size, "%s", err.message);
    return v;
}

/* Finds long integers, and refuses deep nesting where the place of it can still be told. */
static bool
scan(struct source *s, struct error *err)
{
    int depth = 0;

    for (size_t i = 0; i < s->len;) {
        char c = s->text[i];
        if (c == '"')
            i = skip_string(s, i);
        else if (c == '-' || (c >= '0' && c <= '9'))
            i = scan_number(s, i);
        else if (c == '\0') /* jansson takes it for the end */
            return fail_at(s, i + 1, "NUL byte", err);
        else {
            if ((c == '[' || c == '{') && ++depth > SCAN_DEPTH_MAX)
                return fail_at(s, i + 1, "nested too deep", err);
            if (c == ']' || c == '}')
                depth--;
            i++;
        }
    }
    return true;
}

static size_t
skip_string(const struct source *s, size_t i)
{
    for (i++; i < s->len && s->text[i] != '"'; i++)
        if (s->text[i] == '\\')
            i++;
    return i + 1;
}

static size_t
scan_number(struct source *s, size_t i)
{
    size_t end = i + 1;

    while (end < s->len && s->text[end] != '\0' && strchr("0123456789+-.eE", s->text[end]) != NULL)
        end++;
    if (is_long_integer(s->text + i, end - i) && !is_key(s, end))
        replace(s, i, end - i);
    return end;
}

static bool
is_long_integer(const char *token, size_t len)
{
    bool is_negative = token[0] == '-';
    const char *digits = token + (is_negative ? 1 : 0);
    size_t n = len - (is_negative ? 1 : 0);

    if (n < LONG_MIN_LEN || digits[0] == '0')
        return false;
    for (size_t i = 0; i < n; i++)
        if (digits[i] < '0' || digits[i] > '9')
            return false;
    if (n > LONG_MIN_LEN)
        return true;
    return memcmp(digits, is_negative ? "9223372036854775808" : "9223372036854775807", n) > 0;
}

static bool
is_key(const struct source *s, size_t i)
{
    while (i < s->len && s->text[i] != '\0' && strchr(" \t\r\n", s->text[i]) != NULL)
        i++;
    return i < s->len && s->text[i] == ':';
}

static void
replace(struct source *s, size_t at, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    if (s->copy == NULL) {
        unsigned char random[MARK_LEN];
        MUST(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
        for (size_t i = 0; i < MARK_LEN; i++)
            s->mark[i] = digits[random[i] & 63];
        s->copy = mem_alloc(s->len);
        memcpy(s->copy, s->text, s->len);
    }
    char *token = s->copy + at;
    memset(token, ' ', len);
    token[0] = token[len - 1] = '"';
    memcpy(token + 1, s->mark, MARK_LEN);
    MUST(at < (uint64_t)1 << 6 * PLACE_LEN);
    for (int i = 0; i < PLACE_LEN; i++)
        token[1 + MARK_LEN + i] = digits[at >> 6 * i & 63];
}

/* ---- jansson's tree into ours; NULL: too deep ---- */

static struct celeriac_value *
convert_string(const struct source *s, const json_t *j, struct celeriac_arena *arena)
{
    const char *text = json_string_value(j);
    size_t len = json_string_length(j);

    if (s->copy == NULL || len < MARK_LEN + PLACE_LEN || memcmp(text, s->mark, MARK_LEN) != 0)
        return celeriac_string(arena, text, len);
    size_t at = 0;
    for (int i = PLACE_LEN - 1; i >= 0; i--) {
        char c = text[MARK_LEN + i];
        unsigned d = c >= 'A' && c <= 'Z'   ? (unsigned)(c - 'A')
                     : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 26
                     : c >= '0' && c <= '9' ? (unsigned)(c - '0') + 52
                     : c == '-'             ? 62
                                            : 63;
        at = at << 6 | d;
    }
    return celeriac_bigint(arena, s->text + at, len + 2);
}

static struct celeriac_value *
convert_array(const struct source *s, json_t *j, int depth, struct celeriac_arena *arena)
{
    struct celeriac_value *array = celeriac_array(arena);

    if (depth == JSON_DEPTH_MAX)
        return NULL;
    value_reserve(array, json_array_size(j));
    for (size_t i = 0; i < json_array_size(j); i++) {
        struct celeriac_value *item = convert(s, json_array_get(j, i), depth + 1, arena);
        if (item == NULL)
            return NULL;
        celeriac_append(array, item);
    }
    return array;
}

/* {"$binary":"<base64>"} -> BINARY; NULL: it is another object. */
static struct celeriac_value *
convert_binary(const json_t *j, struct celeriac_arena *arena)
{
    const json_t *text = json_object_size(j) == 1 ? json_object_get(j, "$binary") : NULL;
    size_t len;

    if (!json_is_string(text))
        return NULL;
    char *bytes = arena_alloc(arena, base64_room(json_string_length(text)) + 1);
    if (!base64_decode(json_string_value(text), json_string_length(text), bytes, &len))
        return NULL;
    return celeriac_binary(arena, bytes, len);
}

static struct celeriac_value *
convert_object(const struct source *s, json_t *j, int depth, struct celeriac_arena *arena)
{
    struct celeriac_value *object = convert_binary(j, arena);
    const char *key;
    json_t *member;

    if (object != NULL)
        return object;
    if (depth == JSON_DEPTH_MAX)
        return NULL;
    object = celeriac_object(arena);
    value_reserve(object, json_object_size(j));
    json_object_foreach(j, key, member)
    {
        struct celeriac_value *item = convert(s, member, depth + 1, arena);
        if (item == NULL)
            return NULL;
        value_add(object, key, strlen(key), item);
    }
    return object;
}

static struct celeriac_value *
convert(const struct source *s, json_t *j, int depth, struct celeriac_arena *arena)
{
    switch (json_typeof(j)) {
    case JSON_NULL:
        return celeriac_null(arena);
    case JSON_TRUE:
    case JSON_FALSE:
        return celeriac_boolean(arena, json_is_true(j));
    case JSON_INTEGER:
        return celeriac_integer(arena, json_integer_value(j));
    case JSON_REAL:
        return celeriac_number(arena, json_real_value(j));
    case JSON_STRING:
        return convert_string(s, j, arena);
    case JSON_ARRAY:
        return convert_array(s, j, depth, arena);
    case JSON_OBJECT:
        return convert_object(s, j, depth, arena);
    }
    BUG("JSON of no type");
}

static void
explain(const struct source *s, json_error_t *problem, struct error *err)
{
    char mark[MARK_LEN + 1];

    memcpy(mark, s->mark, MARK_LEN);
    mark[MARK_LEN] = '\0';
    char *near = strstr(problem->text, " near ");
    if (near != NULL && s->copy != NULL && strstr(near, mark) != NULL)
        *near = '\0'; /* a replaced integer: not what people wrote */
    fail_at(s, problem->position > 0 ? (size_t)problem->position : 0, problem->text, err);
}

static bool
fail_at(const struct source *s, size_t position, const char *what, struct error *err)
{
    size_t line = 1, column = 0;

    for (size_t i = 0; i < position && i < s->len; i++) {
        column++;
        if (s->text[i] == '\n') {
            line++;
            column = 0;
        }
    }
    return error_set(err, ERROR_DATA, "JSON: %s (line %zu, column %zu)", what, line, column);
}
