/* Writes lines of text that fit: cut or padded to columns of the terminal, with nothing in them
 * that could move its cursor. A style is one byte in the text, a control character, which stands
 * until the next one. */
#ifndef CLIENT_CLI_TOP_PEN_H
#define CLIENT_CLI_TOP_PEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

enum top_style {
    TOP_PLAIN = 1,
    TOP_TITLE,
    TOP_SELECTED,
    TOP_STRONG,
    TOP_GOOD,
    TOP_BUSY,
    TOP_BAD,
    TOP_STYLES,
};

struct top_pen {
    struct buffer *out;
    int columns; /* of a line */
    int left;    /* of this line */
    bool has_utf8;
};

void top_pen_style(struct top_pen *pen, enum top_style style);
/* `width` columns, aligned to the left; below 0: to the right; 0: as many as the text needs. What
 * does not fit is cut, with a mark. Control characters and bad UTF-8 become '?'. */
void top_pen_text(struct top_pen *pen, int width, const char *text);
void top_pen_format(struct top_pen *pen, int width, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A count in a few columns: 999999, 12.3M; and with a fraction where it is small: 0.5, 99.9. */
void top_pen_count(struct top_pen *pen, int width, double n, bool is_exact);
/* A bar of `share` (0..1) of `width` columns; above 0 it is never empty. */
void top_pen_bar(struct top_pen *pen, int width, double share);
/* Fills the line with spaces up to `left` columns from its end. */
void top_pen_fill(struct top_pen *pen, int left);
/* Ends the line, plain again. */
void top_pen_end(struct top_pen *pen);
/* Text as one or more lines, broken at spaces, indented from the second on. */
void top_pen_wrap(struct top_pen *pen, const char *text, int indent);

/* Columns that a text takes. */
int top_pen_width(const char *text, bool has_utf8);

#endif
