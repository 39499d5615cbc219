/* The window.
 *
 *     input order   0 1 2 3 4 5 6 7 8        `turn` holds places in input order; the first that is
 * not OPEN any more D o D D o o          is printed. Behind a slow job others wait, done (D): their
 * bytes count. ^ first
 *
 * Places are bounded in number. In bytes: once MAP_WAITING_BYTES_MAX wait, nothing new is sent, and
 * outcomes that still arrive are left with the broker and fetched when it is their turn, unless
 * they live there too short for that. */
#include "client/cli/map_window.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

enum { BATCH_WORTH = 256 };

static void on_news(struct watch *watch, enum watch_news news, const char *outcome, size_t len);
static void arrive(struct map_place *p, enum map_place_state state, const char *bytes, size_t len);
static void queue_up(struct map_place *p);

void
map_window_init(struct map_window *w, size_t size, bool is_unordered, bool may_leave)
{
    *w = (struct map_window){.size = size, .is_unordered = is_unordered, .may_leave = may_leave};
    w->places = mem_array(size, sizeof *w->places);
    w->free = mem_array(size, sizeof(struct map_place *));
    w->turn = mem_array(size, sizeof(struct map_place *));
    for (size_t i = 0; i < size; i++) {
        w->places[i].window = w;
        w->free[w->n_free++] = &w->places[size - 1 - i];
    }
}

void
map_window_clear(struct map_window *w)
{
    for (size_t i = 0; i < w->size; i++) {
        free(w->places[i].bytes);
        free(w->places[i].text);
    }
    free(w->places);
    free(w->free);
    free(w->turn);
    *w = (struct map_window){0};
}

bool
map_window_wants_more(const struct map_window *w)
{
    size_t worth = w->size / 4 < BATCH_WORTH ? w->size / 4 + 1 : BATCH_WORTH;

    return w->n_free >= worth && w->waiting_bytes < MAP_WAITING_BYTES_MAX;
}

struct map_place *
map_window_take(struct map_window *w, const struct id *id, const char *queue)
{
    struct map_place *p;

    if (w->n_free == 0) {
        return NULL;
    }
    p = w->free[--w->n_free];
    p->watch = (struct watch){.id = *id, .queue = queue, .on_news = on_news};
    p->state = PLACE_OPEN;
    p->n_lines = 0;
    p->is_chunk = false;
    w->n_open++;
    if (!w->is_unordered) {
        queue_up(p);
    }
    return p;
}

void
map_window_keep_text(struct map_place *p, const char *text, size_t len)
{
    MUST(p->text == NULL);
    p->text = mem_alloc(len ? len : 1);
    memcpy(p->text, text, len);
    p->text_len = len;
    p->window->waiting_bytes += len;
}

void
map_window_refuse(struct map_place *p, const char *why)
{
    arrive(p, PLACE_REFUSED, why, strlen(why) + 1);
}

struct map_place *
map_window_next(struct map_window *w)
{
    struct map_place *p = w->n_turn ? w->turn[w->first] : NULL;

    return p && p->state != PLACE_OPEN ? p : NULL;
}

void
map_window_release(struct map_place *p)
{
    struct map_window *w = p->window;

    MUST(w->n_turn && w->turn[w->first] == p);
    w->first = (w->first + 1) % w->size;
    w->n_turn--;
    w->waiting_bytes -= p->len + p->text_len;
    free(p->bytes);
    free(p->text);
    p->bytes = p->text = NULL;
    p->len = p->text_len = 0;
    p->state = PLACE_FREE;
    w->free[w->n_free++] = p;
}

static void
on_news(struct watch *watch, enum watch_news news, const char *outcome, size_t len)
{
    struct map_place *p = (struct map_place *)watch;
    const struct map_window *w = p->window;

    switch (news) {
    case WATCH_OUTCOME:
        if (w->may_leave && w->waiting_bytes + len > MAP_WAITING_BYTES_MAX) {
            arrive(p, PLACE_ANNOUNCED, NULL, 0);
        } else {
            arrive(p, PLACE_DONE, outcome, len);
        }
        return;
    case WATCH_LARGE:
        arrive(p, PLACE_ANNOUNCED, NULL, 0);
        return;
    case WATCH_GONE:
        arrive(p, PLACE_GONE, NULL, 0);
        return;
    }
}

static void
arrive(struct map_place *p, enum map_place_state state, const char *bytes, size_t len)
{
    struct map_window *w = p->window;

    MUST(p->state == PLACE_OPEN);
    p->state = state;
    if (bytes) {
        p->bytes = mem_alloc(len ? len : 1);
        memcpy(p->bytes, bytes, len);
        p->len = len;
        w->waiting_bytes += len;
    }
    w->n_open--;
    if (w->is_unordered) {
        queue_up(p);
    }
}

static void
queue_up(struct map_place *p)
{
    struct map_window *w = p->window;

    w->turn[(w->first + w->n_turn++) % w->size] = p;
}
