/* What happens in `top`: looks are taken, keys change what is shown, and after a question what is
 * in Redis. */
#ifndef CLIENT_CLI_TOP_CONTROL_H
#define CLIENT_CLI_TOP_CONTROL_H

#include "client/cli/top_layout.h"

struct top {
    struct broker *broker;
    const char *queue; /* NULL: all */
    struct top_view view;
    struct top_look *look;
    struct top_frame frame;
    int64_t lost_ms; /* when the first look failed, by our own clock; 0: the last one did not */
    struct {
        int key; /* 'P', 'C', 'R' */
        char name[TOP_NAME_MAX + 1];
        bool is_paused;
    } asked; /* what the question is about */
    bool is_over, wants_look, wants_redraw;
};

/* Takes a new look; if that fails the old one stays, and the view tells why. */
void top_take_look(struct top *top);
/* Lays the screen out anew. */
void top_lay_out(struct top *top);
void top_on_key(struct top *top, int key);
void top_clear(struct top *top);

#endif
