/* A progress bar on stderr: share, count, rate, time left. */
#ifndef CLIENT_CLI_PROGRESS_H
#define CLIENT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool is_on, is_shown, is_terminal;
    int64_t started_ms, drawn_ms;
};

/* What is known when it is drawn. */
struct progress_state {
    uint64_t done, failed;
    uint64_t total; /* 0: not known yet */
    double share;   /* 0..1; negative: not known */
};

/* Shown if stderr is a terminal, or always with `is_wanted` (then as lines, one every second, if it
 * is none). */
void progress_init(struct progress *p, bool is_wanted);
/* Draws, if the last time is long enough ago. */
void progress_show(struct progress *p, const struct progress_state *s);
/* Takes the bar away, before something else is written. NULL is fine. */
void progress_hide(struct progress *p);
/* The last line, which stays. */
void progress_end(struct progress *p, const struct progress_state *s);
/* One line of text, at most `width` characters. Pure, for tests. */
size_t progress_print(const struct progress_state *s, int64_t elapsed_ms, int width, char *out,
                      size_t size);

#endif
