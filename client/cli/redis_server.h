/* A redis-server of our own on a unix socket, for commands that bring their own. */
#ifndef CLIENT_CLI_REDIS_SERVER_H
#define CLIENT_CLI_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/error.h"

enum {
    REDIS_SERVER_SOCKET_MAX = 107, /* bytes in the path of a unix socket */
    REDIS_SERVER_START_MS = 10000
};

/* ERROR_UNAVAILABLE: there is none in PATH. */
bool redis_server_find(struct error *err);

struct redis_server_wish {
    const char *directory, *socket; /* absolute; its log is DIRECTORY/redis.log */
    bool is_durable;                /* with an append-only file, written through every second */
};

/* It dies with us: at once, or if it is durable with SIGTERM, and is then not reached by Ctrl-C. */
pid_t redis_server_start(const struct redis_server_wish *wish);

/* Whether something listens there. */
bool redis_server_answers(const char *socket);

#endif
