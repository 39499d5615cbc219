/* Option values: from text to the field of the caller's struct.
 *
 * A value is read in full before anything is stored, so a bad one changes nothing. Numbers are read
 * here, not by strtod, so no locale has a say. Texts and lists are kept in one arena that is never
 * freed, since their users hold them as long as the process lives. */
#include "common/options_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* The first one is that of a bare number. */
static const struct unit time_units[] = {{"s", 1000},    {"ms", 1},       {"m", 60000},
                                         {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},        {"K", 1 << 10},          {"M", 1 << 20},
                                         {"G", 1 << 30}, {"T", INT64_C(1) << 40}, {NULL, 0}};

union parsed {
    bool flag;
    int64_t integer;
    int choice;
};

static bool parse(const struct option *o, const char *text, union parsed *out);
static bool parse_flag(const char *text, bool *out);
static bool parse_integer(const char *text, int64_t *out);
static bool parse_choice(const struct option *o, const char *text, int *out);
static bool parse_quantity(const char *text, const struct unit *units, int64_t *out);
static bool is_in_range(const struct option *o, int64_t n);
static void keep(const struct option *o, void *field, const char *text, const union parsed *parsed);
static void append_item(struct option_list *list, const char *text);
static bool refuse(const struct option *o, const struct option_given *given, struct error *err);

bool
option_store(struct option_row *row, const struct option_given *given, struct error *err)
{
    const struct option *o = row->option;
    union parsed parsed;

    if (!parse(o, given->text, &parsed))
        return refuse(o, given, err);
    if (given->rank < row->rank)
        return true;
    if (o->type == OPTION_LIST && given->rank > row->rank)
        *(struct option_list *)row->field = (struct option_list){NULL, 0};
    keep(o, row->field, given->text, &parsed);
    row->rank = given->rank;
    snprintf(row->origin.value, sizeof row->origin.value, "%s", given->text);
    snprintf(row->origin.origin, sizeof row->origin.origin, "%s", given->origin);
    return true;
}

bool
option_check(const struct option *o, const struct option_given *given, struct error *err)
{
    union parsed parsed;

    return parse(o, given->text, &parsed) || refuse(o, given, err);
}

bool
option_parse_duration(const char *text, int64_t *ms)
{
    return parse_quantity(text, time_units, ms);
}

bool
option_parse_size(const char *text, int64_t *bytes)
{
    return parse_quantity(text, size_units, bytes);
}

void *
option_keep(size_t size)
{
    static struct celeriac_arena *kept;

    if (kept == NULL)
        kept = arena_new();
    return arena_alloc(kept, size);
}

const char *
option_keep_text(const char *text, size_t len)
{
    char *copy = option_keep(len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static bool
parse(const struct option *o, const char *text, union parsed *out)
{
    switch (o->type) {
    case OPTION_FLAG:
        return parse_flag(text, &out->flag);
    case OPTION_INTEGER:
        return parse_integer(text, &out->integer) && is_in_range(o, out->integer);
    case OPTION_DURATION:
        return option_parse_duration(text, &out->integer) && is_in_range(o, out->integer);
    case OPTION_SIZE:
        return option_parse_size(text, &out->integer) && is_in_range(o, out->integer);
    case OPTION_CHOICE:
        return parse_choice(o, text, &out->choice);
    case OPTION_TEXT:
    case OPTION_LIST:
        return true;
    }
    BUG("option of no type");
}

static bool
parse_flag(const char *text, bool *out)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (int value = 0; value < 2; value++) {
            if (strcmp(text, words[i][value]) == 0) {
                *out = value == 1;
                return true;
            }
        }
    }
    return false;
}

static bool
parse_integer(const char *text, int64_t *out)
{
    char *end;

    if (text[strspn(text, "-+0123456789")] != '\0') /* strtoll would take spaces */
        return false;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        return false;
    *out = n;
    return true;
}

static bool
parse_choice(const struct option *o, const char *text, int *out)
{
    size_t len = strlen(text);
    const char *word = o->choices;

    for (int i = 0;; i++) {
        size_t word_len = strcspn(word, "|");
        if (word_len == len && memcmp(word, text, len) == 0) {
            *out = i;
            return true;
        }
        if (word[word_len] == '\0')
            return false;
        word += word_len + 1;
    }
}

/* Digits, perhaps a fraction, and a unit: "1.5h". What is below the smallest unit is dropped. */
static bool
parse_quantity(const char *text, const struct unit *units, int64_t *out)
{
    const int64_t scale_max = 1000000;
    int64_t whole = 0, fraction = 0, scale = 1, n;
    size_t digits = strspn(text, "0123456789");

    for (size_t i = 0; i < digits; i++)
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, text[i] - '0', &whole))
            return false;
    text += digits;
    if (digits > 0 && *text == '.') {
        size_t places = strspn(++text, "0123456789");
        for (size_t i = 0; i < places && scale < scale_max; i++, scale *= 10)
            fraction = 10 * fraction + (text[i] - '0');
        text += places;
        digits = places;
    }
    if (digits == 0)
        return false;
    const struct unit *u = units;
    while (u->name != NULL && strcasecmp(text, u->name) != 0)
        u++;
    if (*text == '\0')
        u = units;
    if (u->name == NULL || __builtin_mul_overflow(whole, u->factor, &n) ||
        __builtin_add_overflow(n, (int64_t)((double)fraction * (double)u->factor / (double)scale),
                               &n))
        return false;
    *out = n;
    return true;
}

static bool
is_in_range(const struct option *o, int64_t n)
{
    if (o->min == 0 && o->max == 0)
        return n >= 0;
    return n >= o->min && n <= o->max;
}

static void
keep(const struct option *o, void *field, const char *text, const union parsed *parsed)
{
    switch (o->type) {
    case OPTION_FLAG:
        *(bool *)field = parsed->flag;
        break;
    case OPTION_INTEGER:
    case OPTION_DURATION:
    case OPTION_SIZE:
        *(int64_t *)field = parsed->integer;
        break;
    case OPTION_CHOICE:
        *(int *)field = parsed->choice;
        break;
    case OPTION_TEXT:
        *(const char **)field = option_keep_text(text, strlen(text));
        break;
    case OPTION_LIST:
        append_item(field, text);
        break;
    }
}

/* The room for items doubles at each power of two; the old one stays where it is. */
static void
append_item(struct option_list *list, const char *text)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t capacity = list->count > 0 ? 2 * list->count : 1;
        const char **items = option_keep(capacity * sizeof *items);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = option_keep_text(text, strlen(text));
}

/* ---- what was expected ---- */

/* The largest unit that divides n: 86400000 -> "1d". */
static const char *
print_quantity(const struct unit *units, int64_t n, char *out, size_t size)
{
    const struct unit *best = NULL;

    for (const struct unit *u = units; u->name != NULL; u++)
        if (n % u->factor == 0 && (best == NULL || u->factor > best->factor))
            best = u;
    MUST(best != NULL); /* the unit 1 divides all */
    snprintf(out, size, "%" PRId64 "%s", n / best->factor, n == 0 ? "" : best->name);
    return out;
}

static void
print_range(const struct option *o, const char *what, const struct unit *units, char *out,
            size_t size)
{
    char min[40], max[40];

    if (o->min == 0 && o->max == 0) {
        snprintf(out, size, "%s", what);
        return;
    }
    snprintf(out, size, "%s from %s to %s", what, print_quantity(units, o->min, min, sizeof min),
             print_quantity(units, o->max, max, sizeof max));
}

static bool
refuse(const struct option *o, const struct option_given *given, struct error *err)
{
    static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
    enum error_code code = given->rank == RANK_ARGV ? ERROR_USAGE : ERROR_CONFIG;
    char expected[256] = "text";

    if (o->type == OPTION_FLAG)
        snprintf(expected, sizeof expected, "true or false");
    else if (o->type == OPTION_CHOICE)
        snprintf(expected, sizeof expected, "one of %s", o->choices);
    else if (o->type == OPTION_INTEGER)
        print_range(o, o->max == 0 && o->min == 0 ? "an integer, 0 or more" : "an integer",
                    no_units, expected, sizeof expected);
    else if (o->type == OPTION_DURATION)
        print_range(o, "a duration such as 250ms, 10s, 5m, 2h or 1d", time_units, expected,
                    sizeof expected);
    else if (o->type == OPTION_SIZE)
        print_range(o, "a size such as 64K, 200M or 1G", size_units, expected, sizeof expected);
    return error_set(err, code, "%s: expected %s", given->shown, expected);
}
