/* One blocking connection to Redis, with a deadline for everything. What is to be sent is written
 * into `out`, which stays as it is when the connection is lost, so that it can be sent again. */
#ifndef BROKER_LINK_H
#define BROKER_LINK_H

#include <hiredis/hiredis.h>

#include "broker/request.h"
#include "broker/types.h"
#include "broker/url.h"

enum { CONNECT_TIMEOUT_MS = 5000, COMMAND_TIMEOUT_MS = 10000 };

struct link {
    struct broker_url url;
    int connect_timeout_ms, command_timeout_ms;
    int fd; /* -1: closed */
    redisReader *reader;
    struct request out;
    size_t sent;       /* bytes of `out` that have gone */
    bool may_spin;     /* looks a moment before it sleeps, if the last wait was as short */
    int64_t waited_us; /* the last wait's length */
};

/* Reads the settings; does not dial. ERROR_CONFIG. */
bool link_init(struct link *l, const struct broker_settings *settings, struct error *err);
void link_clear(struct link *l);
/* Connects and greets; `out` is not touched. */
bool link_dial(struct link *l, struct error *err);
void link_close(struct link *l);
/* Open, and nothing has come that nobody asked for (as the end of the stream does). */
bool link_is_quiet(const struct link *l);

enum link_event { LINK_ANSWER, LINK_TIMEOUT, LINK_LOST };
/* Sends what is left of `out` and takes the next answer, which the caller frees (freeReplyObject).
 * timeout_ms 0: only what is there; -1: no limit. LINK_LOST: closed; ERROR_UNAVAILABLE, or
 * ERROR_INTERNAL if what came is not Redis' protocol. LINK_TIMEOUT: nothing is closed, *err is
 * ERROR_TIMEOUT. */
enum link_event link_wait(struct link *l, int timeout_ms, redisReply **answer, struct error *err);
/* Sends without waiting for anything. False: lost. */
bool link_send(struct link *l, struct error *err);

#endif
