/* Tables. Cells are kept as text until all are known; then each column is as wide as its widest
 * cell, counted in characters of UTF-8. A terminal that is too narrow takes from the columns that
 * may shrink, from the right, down to their titles; what still does not fit is left to the
 * terminal. The last column is not padded. */
#include "client/cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/mem.h"

enum { GAP = 2 };

struct cell {
    char *text;
    const char *color; /* NULL: none */
};

struct table {
    const struct table_column *columns;
    size_t n_columns;
    struct cell *cells;
    size_t n, room;
    const char *next_color;
};

static size_t width_of(const char *text);
static size_t bytes_of(const char *text, size_t width);
static void measure(const struct table *t, size_t *widths);
static void shrink(const struct table *t, size_t *widths, size_t room);
static void print_row(const struct table *t, const struct cell *row, const size_t *widths,
                      bool has_colors, FILE *out);

struct table *
table_new(const struct table_column *columns, size_t n)
{
    struct table *t = mem_zero(sizeof *t);

    t->columns = columns;
    t->n_columns = n;
    return t;
}

void
table_free(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->cells[i].text);
    }
    free(t->cells);
    free(t);
}

void
table_cell(struct table *t, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0) {
        text = mem_text("?");
    }
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->cells = mem_grow(t->cells, t->room, sizeof *t->cells);
    }
    t->cells[t->n++] = (struct cell){text, t->next_color};
    t->next_color = NULL;
}

void
table_color(struct table *t, const char *color)
{
    t->next_color = color && *color ? color : NULL;
}

void
table_print(const struct table *t, int width, bool has_colors, FILE *out)
{
    size_t *widths = mem_array(t->n_columns, sizeof *widths);
    struct cell *heading = mem_array(t->n_columns, sizeof *heading);

    measure(t, widths);
    if (width > 0) {
        shrink(t, widths, (size_t)width);
    }
    for (size_t i = 0; i < t->n_columns; i++) {
        heading[i].text = mem_text(t->columns[i].title);
        heading[i].color = has_colors ? "\033[1m" : NULL;
    }
    print_row(t, heading, widths, has_colors, out);
    for (size_t i = 0; i + t->n_columns <= t->n; i += t->n_columns) {
        print_row(t, t->cells + i, widths, has_colors, out);
    }
    for (size_t i = 0; i < t->n_columns; i++) {
        free(heading[i].text);
    }
    free(heading);
    free(widths);
}

static size_t
width_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

static size_t
bytes_of(const char *text, size_t width)
{
    size_t i = 0;

    for (; text[i]; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80 && width-- == 0) {
            break;
        }
    }
    return i;
}

static void
measure(const struct table *t, size_t *widths)
{
    MUST(t->n_columns > 0);
    for (size_t i = 0; i < t->n_columns; i++) {
        widths[i] = width_of(t->columns[i].title);
    }
    for (size_t i = 0; i < t->n; i++) {
        size_t width = width_of(t->cells[i].text);
        if (width > widths[i % t->n_columns]) {
            widths[i % t->n_columns] = width;
        }
    }
}

static void
shrink(const struct table *t, size_t *widths, size_t room)
{
    size_t total = GAP * (t->n_columns - 1);

    for (size_t i = 0; i < t->n_columns; i++) {
        total += widths[i];
    }
    for (size_t i = t->n_columns; i-- > 0 && total > room;) {
        size_t least = width_of(t->columns[i].title);
        size_t excess = total - room;
        if (!t->columns[i].may_shrink || widths[i] <= least) {
            continue;
        }
        if (excess > widths[i] - least) {
            excess = widths[i] - least;
        }
        widths[i] -= excess;
        total -= excess;
    }
}

static void
print_row(const struct table *t, const struct cell *row, const size_t *widths, bool has_colors,
          FILE *out)
{
    for (size_t i = 0; i < t->n_columns; i++) {
        size_t width = width_of(row[i].text);
        size_t bytes = width > widths[i] ? bytes_of(row[i].text, widths[i]) : strlen(row[i].text);
        int pad = (int)(width > widths[i] ? 0 : widths[i] - width);
        bool is_last = i + 1 == t->n_columns;
        const char *color = has_colors ? row[i].color : NULL;

        fprintf(out, "%*s%s%.*s%s", t->columns[i].is_number ? pad : 0, "", color ? color : "",
                (int)bytes, row[i].text, color ? "\033[0m" : "");
        fprintf(out, "%*s", is_last ? 0 : GAP + (t->columns[i].is_number ? 0 : pad), "");
    }
    fputc('\n', out);
}
