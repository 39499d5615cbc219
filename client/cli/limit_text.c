/* Rates are kept as tokens and the milliseconds in which they come. What people write has one of
 * three units, so any other number in Redis is printed as it is. */
#include "client/cli/limit_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE_MAX = 1000000, BURST_SPAN_MS = 100 };

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};

static void add(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_rate(char *out, const char *before, const int64_t *rate);

bool
limit_text_rate(const char *text, int64_t *jobs, int64_t *per_ms)
{
    char *end;

    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || end == text || text[0] < '1' || text[0] > '9' || n > RATE_MAX || *end != '/') {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end + 1, units[i].name) == 0) {
            *jobs = n;
            *per_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

int64_t
limit_text_burst(int64_t jobs, int64_t per_ms)
{
    int64_t burst = (jobs * BURST_SPAN_MS + per_ms - 1) / per_ms;
    return burst > 0 ? burst : 1;
}

const char *
limit_text_print_rate(int64_t jobs, int64_t per_ms, char *out)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].ms == per_ms) {
            snprintf(out, 32, "%" PRId64 "/%s", jobs, units[i].name);
            return out;
        }
    }
    snprintf(out, 32, "%" PRId64 "/%" PRId64 "ms", jobs, per_ms);
    return out;
}

const char *
limit_text_print(const struct broker_limits *limits, char *out)
{
    out[0] = '\0';
    add_rate(out, "", &limits->of[LIMIT_RATE]);
    if (limits->of[LIMIT_CONCURRENCY])
        add(out, "%" PRId64 " at once", limits->of[LIMIT_CONCURRENCY]);
    add_rate(out, "per key ", &limits->of[LIMIT_KEY_RATE]);
    if (limits->of[LIMIT_KEY_CONCURRENCY])
        add(out, "per key %" PRId64 " at once", limits->of[LIMIT_KEY_CONCURRENCY]);
    if (limits->of[LIMIT_MAX_LENGTH])
        add(out, "length %" PRId64, limits->of[LIMIT_MAX_LENGTH]);
    if (out[0] == '\0')
        strcpy(out, "-");
    return out;
}

void
limit_text_json(const struct broker_limits *limits, struct celeriac_value *object,
                struct celeriac_arena *arena)
{
    static const struct {
        const char *name;
        enum broker_limit limit;
        bool is_rate;
    } members[] = {{"rate", LIMIT_RATE, true},
                   {"burst", LIMIT_BURST, false},
                   {"concurrency", LIMIT_CONCURRENCY, false},
                   {"key_rate", LIMIT_KEY_RATE, true},
                   {"key_burst", LIMIT_KEY_BURST, false},
                   {"key_concurrency", LIMIT_KEY_CONCURRENCY, false},
                   {"max_length", LIMIT_MAX_LENGTH, false}};
    char text[32];

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const int64_t *n = &limits->of[members[i].limit];
        if (*n == 0) {
            continue;
        }
        celeriac_set(object, members[i].name,
                     members[i].is_rate
                         ? celeriac_text(arena, limit_text_print_rate(n[0], n[1], text))
                         : celeriac_integer(arena, *n));
    }
}

/* `rate` points to the rate, its span and its burst. */
static void
add_rate(char *out, const char *before, const int64_t *rate)
{
    char text[32];

    if (rate[0] == 0) {
        return;
    }
    add(out, "%s%s burst %" PRId64, before, limit_text_print_rate(rate[0], rate[1], text), rate[2]);
}

static void
add(char *out, const char *format, ...)
{
    size_t len = strlen(out);
    va_list args;

    if (len > 0 && len + 2 < LIMIT_TEXT_MAX) {
        len += (size_t)snprintf(out + len, LIMIT_TEXT_MAX - len, ", ");
    }
    va_start(args, format);
    vsnprintf(out + len, LIMIT_TEXT_MAX - len, format, args);
    va_end(args);
}
