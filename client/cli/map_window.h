/* The jobs of a map that are under way or wait to be printed: bounded in number and in bytes. */
#ifndef CLIENT_CLI_MAP_WINDOW_H
#define CLIENT_CLI_MAP_WINDOW_H

#include "client/watch.h"

enum map_place_state {
    PLACE_FREE,
    PLACE_OPEN,      /* gathered or sent */
    PLACE_DONE,      /* `bytes` are the outcome */
    PLACE_ANNOUNCED, /* the outcome is there, but with the broker */
    PLACE_GONE,      /* the broker knows nothing of the job */
    PLACE_REFUSED,   /* never sent; `bytes` are why */
};

struct map_window;

/* One job, that is one line, or a chunk of lines that follow one another. */
struct map_place {
    struct watch watch; /* first: watches are cast back */
    struct map_window *window;
    enum map_place_state state;
    uint64_t line; /* of the first one */
    uint32_t n_lines;
    bool is_chunk;
    char *bytes;
    size_t len;
    char *text; /* of its lines, one behind the other; NULL: nobody asked for it */
    size_t text_len;
};

struct map_window {
    struct map_place *places;
    size_t size;
    struct map_place **free; /* stack */
    size_t n_free;
    struct map_place **turn; /* ring: in input order, or with `unordered` as they arrive */
    size_t first, n_turn;
    bool is_unordered;
    bool may_leave;       /* outcomes may be left with the broker */
    size_t waiting_bytes; /* of all places */
    uint64_t n_open;      /* jobs without an outcome */
};

enum { MAP_WAITING_BYTES_MAX = 4 << 20 };

void map_window_init(struct map_window *w, size_t size, bool is_unordered, bool may_leave);
void map_window_clear(struct map_window *w);

/* Is there room for more, so that a batch is worth its round trip? */
bool map_window_wants_more(const struct map_window *w);
/* The place of the next job: OPEN, its watch ready to be added. NULL: full. */
struct map_place *map_window_take(struct map_window *w, const struct id *id, const char *queue);
/* Keeps the text of its lines, copied; its bytes count as waiting. */
void map_window_keep_text(struct map_place *p, const char *text, size_t len);
/* It was not sent; `why` is copied. */
void map_window_refuse(struct map_place *p, const char *why);
/* The place whose lines are to be printed next; NULL: not there yet. */
struct map_place *map_window_next(struct map_window *w);
/* It has been printed. */
void map_window_release(struct map_place *p);

#endif
