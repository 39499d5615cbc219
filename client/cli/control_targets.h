/* The workers that a control command is addressed to, and what each has answered. */
#ifndef CLIENT_CLI_CONTROL_TARGETS_H
#define CLIENT_CLI_CONTROL_TARGETS_H

#include "broker/control.h"
#include "common/value.h"

struct control_target {
    const char *worker;
    bool is_sent;                        /* somebody heard it: it is not said again */
    const struct celeriac_value *answer; /* NULL: none yet */
};

struct control_targets {
    struct control_target *items; /* all in the arena */
    size_t count;
    struct celeriac_arena *arena;
};

/* Live workers whose name (or host, if they have none) or whole id matches the pattern (fnmatch);
 * "all": every one. ERROR_NOT_FOUND: there is none. */
bool control_targets_find(struct broker *b, const char *pattern, struct celeriac_arena *arena,
                          struct control_targets *out, struct error *err);
/* Sends the command to each and takes answers until all have come or the time is over. A worker
 * that nobody listens for (its steward is being replaced) is tried again until then. False: Redis
 * is away or refuses; answers that came are kept. */
bool control_targets_ask(struct control_targets *t, struct broker *b, struct broker_control *c,
                         const char *command, int timeout_ms, struct error *err);
/* Has any worker got the command? */
bool control_targets_are_sent(const struct control_targets *t);

#endif
