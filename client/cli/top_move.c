/* Where the arrows lead: the items stand in order of their lines, and in a line of their columns.
 */
#include <stdlib.h>

#include "client/cli/top_layout.h"

enum { PAGE = 10 };

static size_t vertical(const struct top_frame *frame, size_t from, int lines);
static size_t beside(const struct top_frame *frame, size_t from, int step);
static size_t next_section(const struct top_frame *frame, size_t from);

size_t
top_move(const struct top_frame *frame, size_t from, enum top_move move)
{
    if (from >= frame->n_items) {
        return 0;
    }
    switch (move) {
    case TOP_UP:
        return vertical(frame, from, -1);
    case TOP_DOWN:
        return vertical(frame, from, 1);
    case TOP_LEFT:
        return beside(frame, from, -1);
    case TOP_RIGHT:
        return beside(frame, from, 1);
    case TOP_PAGE_UP:
        return vertical(frame, from, -PAGE);
    case TOP_PAGE_DOWN:
        return vertical(frame, from, PAGE);
    case TOP_FIRST:
        return 0;
    case TOP_LAST:
        return frame->n_items - 1;
    case TOP_SECTION:
        return next_section(frame, from);
    }
    return from;
}

/* The item nearest in column on the line that is so many lines with items away. */
static size_t
vertical(const struct top_frame *frame, size_t from, int lines)
{
    const struct top_item *items = frame->items;
    int column = items[from].column, step = lines < 0 ? -1 : 1;
    size_t at = from;

    for (int left = abs(lines); left > 0; left--) {
        size_t i = at;
        while (i + (size_t)step < frame->n_items && items[i].line == items[at].line) {
            i += (size_t)step;
        }
        if (items[i].line == items[at].line) {
            break; /* there is no further line */
        }
        at = i;
    }
    for (size_t i = 0; i < frame->n_items; i++) {
        if (items[i].line == items[at].line &&
            abs(items[i].column - column) < abs(items[at].column - column)) {
            at = i;
        }
    }
    return at;
}

static size_t
beside(const struct top_frame *frame, size_t from, int step)
{
    size_t to = from + (size_t)step;

    return to < frame->n_items && frame->items[to].line == frame->items[from].line ? to : from;
}

/* The first item of the next section that has any. */
static size_t
next_section(const struct top_frame *frame, size_t from)
{
    for (size_t i = from; i < frame->n_items; i++) {
        if (frame->items[i].kind != frame->items[from].kind) {
            return i;
        }
    }
    return 0;
}
