/* Help from the rows: the options part of --help, and the nearest name to a misspelt one. */
#include "common/options_reader.h"

#include <string.h>

enum { HELP_COLUMN = 28, HELP_WIDTH = 80, NAME_MAX_LEN = 40 };

static void print_left(const struct option *o, char *out, size_t size);
static void print_wrapped(const char *text, FILE *out);
static size_t distance(const char *a, const char *b);

void
options_print_help(const struct option_set *set, FILE *out)
{
    char left[128], right[512];

    for (size_t i = 0; i < set->count; i++) {
        const struct option *o = &set->rows[i];
        print_left(o, left, sizeof left);
        if (o->fallback != NULL && o->type != OPTION_FLAG)
            snprintf(right, sizeof right, "%s (default: %s)", o->help, o->fallback);
        else
            snprintf(right, sizeof right, "%s", o->help);
        if (strlen(left) + 2 > HELP_COLUMN)
            fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
        else
            fprintf(out, "%-*s", HELP_COLUMN, left);
        print_wrapped(right, out);
    }
}

const char *
option_hint(const struct option_reader *r, const char *name, bool settings_alone, char *out)
{
    const char *nearest = NULL;
    size_t least = 3; /* two slips are a misspelling, more are another word */

    for (size_t i = 0; i < r->count; i++) {
        const struct option *o = r->rows[i].option;
        if (settings_alone && !o->is_setting)
            continue;
        size_t d = distance(name, o->name);
        if (d < least && d < strlen(o->name)) {
            least = d;
            nearest = o->name;
        }
    }
    out[0] = '\0';
    if (nearest != NULL)
        snprintf(out, 96, " (did you mean %s%s?)", settings_alone ? "" : "--", nearest);
    return out;
}

/* "  -q, --queue NAME" */
static void
print_left(const struct option *o, char *out, size_t size)
{
    const char *unit = o->unit != NULL ? o->unit : o->type == OPTION_CHOICE ? o->choices : "VALUE";
    char letter[] = {'-', o->letter, ',', ' ', '\0'};

    const char *first = o->letter != 0 ? letter : "    ";
    if (o->type == OPTION_FLAG)
        snprintf(out, size, "  %s--%s", first, o->name);
    else if (o->value_is_optional)
        snprintf(out, size, "  %s--%s[=%s]", first, o->name, unit);
    else
        snprintf(out, size, "  %s--%s %s", first, o->name, unit);
}

static void
print_wrapped(const char *text, FILE *out)
{
    const size_t width = HELP_WIDTH - HELP_COLUMN;

    while (strlen(text) > width) {
        size_t len = width;
        while (len > 0 && text[len] != ' ')
            len--;
        if (len == 0)
            break;
        fprintf(out, "%.*s\n%*s", (int)len, text, HELP_COLUMN, "");
        text += len + 1;
    }
    fprintf(out, "%s\n", text);
}

/* Insertions, deletions and replacements between two words (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1], len_a = strlen(a), len_b = strlen(b);

    if (len_a > NAME_MAX_LEN || len_b > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t j = 0; j <= len_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= len_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len_b; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[len_b];
}
