/* Connecting without blocking, the same for clients and for the event loop.
 *
 * `timeout_ms` becomes TCP_USER_TIMEOUT: data that nobody acknowledges for that long breaks the
 * connection, and keepalive finds a peer that has gone while nothing is said. */
#include "broker/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { KEEPALIVE_IDLE_S = 15, KEEPALIVE_INTERVAL_S = 5, KEEPALIVE_COUNT = 3 };

static int open_unix(const char *path);
static int open_tcp(const struct addrinfo *address, int timeout_ms);
static void tune_tcp(int fd, int timeout_ms);

bool
socket_resolve(struct socket_tries *t, const struct broker_url *url, struct error *err)
{
    *t = (struct socket_tries){.is_unix_left = url->host == NULL};
    if (url->host == NULL)
        return true;
    char port[16];
    snprintf(port, sizeof port, "%d", url->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    int rc = getaddrinfo(url->host, port, &hints, &t->list);
    if (rc == EAI_NONAME) {
        hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
        rc = getaddrinfo(url->host, port, &hints, &t->list);
    }
    if (rc != 0) {
        t->list = NULL;
        return error_set(err, ERROR_UNAVAILABLE, "%s: %s", url->shown,
                         rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
    }
    t->next = t->list;
    return true;
}

bool
socket_next(struct socket_tries *t, const struct broker_url *url, int timeout_ms, int *fd,
            struct error *err)
{
    int opened = -1;
    errno = EADDRNOTAVAIL;
    if (t->is_unix_left) {
        t->is_unix_left = false;
        opened = open_unix(url->path);
    }
    for (; opened < 0 && t->next != NULL; t->next = t->next->ai_next)
        opened = open_tcp(t->next, timeout_ms);
    if (opened < 0)
        return error_set_errno(err, ERROR_UNAVAILABLE, "%s", url->shown);
    *fd = opened;
    return true;
}

bool
socket_decided(int fd, const struct broker_url *url, struct error *err)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0)
        return true;
    errno = error;
    return error_set_errno(err, ERROR_UNAVAILABLE, "%s", url->shown);
}

void
socket_clear(struct socket_tries *t)
{
    if (t->list != NULL)
        freeaddrinfo(t->list);
    *t = (struct socket_tries){0};
}

static int
start(int fd, const struct sockaddr *address, socklen_t len)
{
    if (connect(fd, address, len) == 0 || errno == EINPROGRESS || errno == EINTR)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int
open_unix(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    MUST(len < sizeof address.sun_path);
    memcpy(address.sun_path, path, len);
    return start(fd, (const struct sockaddr *)&address,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1));
}

static int
open_tcp(const struct addrinfo *address, int timeout_ms)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);
    if (fd < 0)
        return -1;
    tune_tcp(fd, timeout_ms);
    return start(fd, address->ai_addr, address->ai_addrlen);
}

/* A kernel that knows one of these not still gives a working connection: deadlines catch the rest.
 */
static void
tune_tcp(int fd, int timeout_ms)
{
    static const struct {
        int level, name, value;
    } rows[] = {{IPPROTO_TCP, TCP_NODELAY, 1},
                {SOL_SOCKET, SO_KEEPALIVE, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
                {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
                {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof rows[i].value);
    unsigned user_timeout = (unsigned)timeout_ms;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
}
