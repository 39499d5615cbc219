/* Keys, from the bytes that a terminal sends. */
#ifndef CLIENT_CLI_TOP_KEYS_H
#define CLIENT_CLI_TOP_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Below 256: the byte itself. */
enum top_key {
    TOP_KEY_TAB = '\t',
    TOP_KEY_REDRAW = 'L' & 0x1f,
    TOP_KEY_ESCAPE = 0x1b,
    TOP_KEY_DELETE = 0x7f,
    TOP_KEY_UP = 256,
    TOP_KEY_DOWN,
    TOP_KEY_RIGHT,
    TOP_KEY_LEFT,
    TOP_KEY_HOME,
    TOP_KEY_END,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_UNKNOWN,
};

/* Takes the first key: returns how many bytes it has. 0: the bytes may be the beginning of a longer
 * one; with `is_all` nothing more is to come, and an ESC is that key. */
size_t top_key(const char *bytes, size_t len, bool is_all, int *key);

#endif
