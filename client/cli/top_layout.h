/* What `top` writes on the screen: a function of a look, of what the user has chosen, and of the
 * size of the terminal. */
#ifndef CLIENT_CLI_TOP_LAYOUT_H
#define CLIENT_CLI_TOP_LAYOUT_H

#include "client/cli/top_look.h"
#include "client/cli/top_pen.h"

/* What can be selected. */
enum top_kind { TOP_QUEUE, TOP_SLOT, TOP_FAILURE };
struct top_item {
    enum top_kind kind;
    const char *name;  /* of the queue, or the job's id; lives as long as the look */
    const char *queue; /* that it belongs to */
    const char *task;  /* NULL: a queue */
    bool is_paused;    /* a queue */
    int line, column;  /* from the first queue on, whether or not the line is on the screen */
};

enum top_mode { TOP_LIST, TOP_FILTER, TOP_CONFIRM, TOP_DETAILS, TOP_HELP };
enum { TOP_NAME_MAX = 64, TOP_FILTER_MAX = 60 };

struct top_view {
    int columns, rows; /* rows 0: as many as there is to say; nothing is selected then */
    bool has_utf8;
    const char *where; /* the broker, without its password */
    enum top_mode mode;
    enum top_kind kind; /* what is selected: this, and if it has gone, what stands in its place */
    char name[TOP_NAME_MAX + 1];
    size_t index;
    char filter[TOP_FILTER_MAX + 1];
    char message[ERROR_MESSAGE_MAX]; /* a question, or what the last command did */
    bool is_message_bad;
    char problem[ERROR_MESSAGE_MAX]; /* why there is no newer look; "": there is */
    struct buffer details;           /* lines, each ended */
    int scroll;                      /* lines of details and help above the screen */
};

struct top_frame {
    struct buffer text; /* lines, each ended; at most as many as there are rows */
    struct top_item *items;
    size_t n_items, room;
    size_t selected; /* among the items; n_items: none */
    int scroll;      /* as asked for, or less if there are not so many lines */
};

void top_layout(const struct top_look *look, const struct top_view *view, struct top_frame *frame);
void top_frame_clear(struct top_frame *frame);

/* The item that a move leads to from `from`. */
enum top_move {
    TOP_UP,
    TOP_DOWN,
    TOP_LEFT,
    TOP_RIGHT,
    TOP_PAGE_UP,
    TOP_PAGE_DOWN,
    TOP_FIRST,
    TOP_LAST,
    TOP_SECTION
};
size_t top_move(const struct top_frame *frame, size_t from, enum top_move move);

/* Shares `room` lines among `n` that want some: what one does not need goes to the others. */
void top_share(const int *wants, int n, int room, int *gets);

#endif
