/* Random values for round-trip tests. Seeded, so that a failure can be run again. */
#ifndef TESTS_COMMON_RANDOM_VALUE_H
#define TESTS_COMMON_RANDOM_VALUE_H

#include <stdint.h>
#include <string.h>

#include "common/arena.h"
#include "common/value.h"

/* xorshift64 */
static inline uint64_t
random_bits(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline struct celeriac_value *
random_text(struct celeriac_arena *arena, uint64_t *state)
{
    static const char *const pieces[] = {"a",
                                         "Z",
                                         "0",
                                         " ",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\x01",
                                         "\x7f",
                                         "\xc3\xa4",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "longer piece of text"};
    char text[256];
    size_t len = 0, count = random_bits(state) % 8;

    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[random_bits(state) % (sizeof pieces / sizeof *pieces)];
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    if (random_bits(state) % 16 == 0)
        text[len++] = '\0';
    return celeriac_string(arena, text, len);
}

static inline struct celeriac_value *
random_number(struct celeriac_arena *arena, uint64_t *state)
{
    struct celeriac_value *v = NULL;

    while (v == NULL) {
        uint64_t bits = random_bits(state);
        double x;
        memcpy(&x, &bits, sizeof x);
        v = celeriac_number(arena, x);
    }
    return v;
}

static inline struct celeriac_value *
random_bigint(struct celeriac_arena *arena, uint64_t *state)
{
    char digits[128];
    size_t len = 21 + random_bits(state) % 60, i = 0;

    if (random_bits(state) % 2 == 0)
        digits[i++] = '-';
    digits[i++] = (char)('1' + random_bits(state) % 9);
    while (i < len)
        digits[i++] = (char)('0' + random_bits(state) % 10);
    return celeriac_bigint(arena, digits, len);
}

/* At most `depth` containers deep. */
static inline struct celeriac_value *
random_value(struct celeriac_arena *arena, uint64_t *state, int depth)
{
    struct celeriac_value *v;
    uint64_t bits;
    char key[16];

    switch (random_bits(state) % (depth > 0 ? 9 : 7)) {
    case 0:
        return celeriac_null(arena);
    case 1:
        return celeriac_boolean(arena, random_bits(state) % 2 == 0);
    case 2:
        bits = random_bits(state);
        return celeriac_integer(arena, (int64_t)bits >> (bits % 64));
    case 3:
        return random_number(arena, state);
    case 4:
        return random_text(arena, state);
    case 5:
        bits = random_bits(state);
        return celeriac_binary(arena, &bits, bits % 9);
    case 6:
        return random_bigint(arena, state);
    case 7:
        v = celeriac_array(arena);
        for (uint64_t n = random_bits(state) % 6; n > 0; n--)
            celeriac_append(v, random_value(arena, state, depth - 1));
        return v;
    default:
        v = celeriac_object(arena);
        for (uint64_t n = random_bits(state) % 24; n > 0; n--) {
            key[0] = (char)('a' + random_bits(state) % 26);
            key[1] = (char)('a' + random_bits(state) % 26);
            key[2] = '\0';
            celeriac_set(v, key, random_value(arena, state, depth > 1 ? depth - 2 : 0));
        }
        return v;
    }
}

#endif
