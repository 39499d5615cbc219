/* Records between the master and its children. Nothing is queued here: a record that the other
 * side's socket has no room for is refused, and what must arrive (deaths) is sent again until it is
 * acknowledged. */
#include "worker/wire.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/log.h"

bool
wire_pair(int fds[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
        return error_set_errno(err, ERROR_UNAVAILABLE, "socketpair");
    return true;
}

bool
wire_send(int fd, struct wire *w)
{
    w->version = WIRE_VERSION;
    return send(fd, w, sizeof(*w), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(*w);
}

bool
wire_tell(int fd, enum wire_kind kind, uint32_t number, uint32_t value)
{
    struct wire w = {.kind = kind, .number = number, .value = value};
    return wire_send(fd, &w);
}

enum wire_read
wire_receive(int fd, struct wire *w)
{
    for (;;) {
        const ssize_t got = recv(fd, w, sizeof(*w), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return WIRE_GONE;
        if (got < 0)
            return WIRE_NOTHING;
        if (got == (ssize_t)sizeof(*w) && w->version == WIRE_VERSION)
            return WIRE_GOT;
        log_event(LOG_ERROR, "wire_dropped", "size=%zd version=%u", got, (unsigned)w->version);
    }
}
