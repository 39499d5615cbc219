/* What may be said on a worker's control channel.
 *
 *     quiet | resume | stop | restart | dump | scale N      [ack TOKEN]
 *
 * Anybody whom Redis lets publish there may send anything: the reader takes one of these lines,
 * byte for byte, and nothing else. */
#ifndef WORKER_REMOTE_COMMAND_H
#define WORKER_REMOTE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum remote_verb {
    REMOTE_UNKNOWN, /* not one of ours, from somebody who waits for an answer */
    REMOTE_QUIET,
    REMOTE_RESUME,
    REMOTE_STOP,
    REMOTE_RESTART,
    REMOTE_SCALE,
    REMOTE_DUMP,
};

enum { REMOTE_TOKEN_MAX = 64, REMOTE_COMMAND_MAX = 256, REMOTE_SCALE_MAX = 1000000 };

struct remote_command {
    enum remote_verb verb;
    uint32_t number;                  /* SCALE; whether so many can be is the master's to say */
    char token[REMOTE_TOKEN_MAX + 1]; /* the answer goes to the feed of this name; "": to nobody */
};

/* False: not a command; `*out` is untouched. A line with a good token and an unknown command is
 * REMOTE_UNKNOWN, so that the sender hears of it. */
bool remote_command_read(const char *text, size_t len, struct remote_command *out);
const char *remote_verb_name(enum remote_verb verb); /* "quiet"; "" for UNKNOWN */

#endif
