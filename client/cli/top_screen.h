/* The terminal: a screen of its own, keys without echo, and everything as it was before at the end,
 * however that comes. */
#ifndef CLIENT_CLI_TOP_SCREEN_H
#define CLIENT_CLI_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* Takes the terminal at stdin and stdout over. ERROR_USAGE if they are none, or one that cannot
 * move its cursor. There is one screen in a process. INT, TERM, HUP and faults give the terminal
 * back first. */
bool top_screen_open(bool has_colors, struct error *err);
void top_screen_close(void);
void top_screen_size(int *columns, int *rows);
/* Shows lines, each ended, with styles of top_pen.h in them. What stands there already is not
 * written again. */
void top_screen_show(const char *text, size_t len);
/* Forgets what stands there. */
void top_screen_forget(void);
/* Waits for keys, a new size, or the time. Returns how many bytes came; 0: none; -1: the terminal
 * has gone. A TSTP that comes meanwhile is obeyed in here. */
int top_screen_wait(int timeout_ms, char *bytes, size_t size);

#endif
