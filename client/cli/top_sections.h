/* The three sections of the screen of `top`, as lines of text. */
#ifndef CLIENT_CLI_TOP_SECTIONS_H
#define CLIENT_CLI_TOP_SECTIONS_H

#include "client/cli/top_layout.h"

enum { TOP_SECTIONS = 3 };

struct top_section {
    struct buffer title; /* without its end */
    int title_width;
    struct buffer text; /* lines, each ended, and a NUL */
    int n_lines;
    int selected; /* the line that has the selected item; 0: none, or it is the first */
};

/* Also makes the items of `frame` anew, and marks the one that is selected in it. */
void top_sections_write(struct top_section *sections, const struct top_look *look,
                        const struct top_view *view, struct top_frame *frame);
void top_sections_clear(struct top_section *sections);

#endif
