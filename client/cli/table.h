/* Tables of text: aligned, with a heading; on a terminal cut to its width. */
#ifndef CLIENT_CLI_TABLE_H
#define CLIENT_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
    const char *title;
    bool is_number;  /* aligned to the right */
    bool may_shrink; /* cut first when the terminal is too narrow */
};

struct table;

struct table *table_new(const struct table_column *columns, size_t n); /* borrowed */
void table_free(struct table *t);
/* The next cell, row by row. */
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An escape sequence to put around the next cell; static text. */
void table_color(struct table *t, const char *color);
/* `width` columns; 0: nothing is cut. `has_colors` also makes the heading bold. */
void table_print(const struct table *t, int width, bool has_colors, FILE *out);

#endif
