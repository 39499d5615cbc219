/* Sockets to where a broker URL points: non-blocking, close-on-exec, watched by keepalive. No
 * protocol here. */
#ifndef BROKER_SOCKET_H
#define BROKER_SOCKET_H

#include <netdb.h>

#include "broker/url.h"

/* The addresses of a URL, tried one after the other. */
struct socket_tries {
    struct addrinfo *list, *next; /* NULL for a unix socket */
    bool is_unix_left;
};

/* Resolves the host. Numeric addresses and unix sockets take no time; a name goes through
 * getaddrinfo, which blocks for as long as the resolver takes. ERROR_UNAVAILABLE. */
bool socket_resolve(struct socket_tries *t, const struct broker_url *url, struct error *err);
/* Begins to connect to the next address that does not fail at once. *fd becomes writable when it is
 * decided. ERROR_UNAVAILABLE when no address is left. */
bool socket_next(struct socket_tries *t, const struct broker_url *url, int timeout_ms, int *fd,
                 struct error *err);
/* The decision: ERROR_UNAVAILABLE if the connection was refused. Does not close `fd`. */
bool socket_decided(int fd, const struct broker_url *url, struct error *err);
void socket_clear(struct socket_tries *t);

#endif
