/* A non-blocking socket, poll(2) and hiredis' reader: so a deadline covers a whole answer however
 * it trickles in, and a long pipeline is written and read at the same time, which a blocking write
 * of all of it would turn into a deadlock once the buffers on both sides are full.
 *
 * Whoever sleeps is woken late: on a virtual machine 30 us after the bytes are there, as long as
 * Redis took. So a wait that follows a short one looks for SPIN_US before it sleeps, and lets
 * others run between two looks.
 *
 * After any anomaly the caller closes; nothing is ever read from a stream that may be out of step.
 */
#include "broker/link.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/greeting.h"
#include "broker/socket.h"
#include "common/clock.h"

enum { READ_SIZE = 64 * 1024, SPIN_US = 300 };

static bool connect_some(struct link *l, int64_t deadline_ms, struct error *err);
static bool greet(struct link *l, int64_t deadline_ms, struct error *err);
static int await(struct link *l, struct pollfd *p, int timeout_ms);
static bool read_some(struct link *l, struct error *err);
static enum link_event lose(struct link *l);
static int time_left(int64_t deadline_ms);

bool
link_init(struct link *l, const struct broker_settings *settings, struct error *err)
{
    struct broker_url url;
    if (!url_parse(&url, settings->url, err))
        return false;
    if (settings->password_file != NULL && !url_read_password(&url, settings->password_file, err)) {
        url_clear(&url);
        return false;
    }
    *l = (struct link){.url = url, .fd = -1, .may_spin = true, .waited_us = SPIN_US};
    l->connect_timeout_ms =
        settings->connect_timeout_ms > 0 ? settings->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    l->command_timeout_ms =
        settings->command_timeout_ms > 0 ? settings->command_timeout_ms : COMMAND_TIMEOUT_MS;
    return true;
}

void
link_clear(struct link *l)
{
    link_close(l);
    request_clear(&l->out);
    url_clear(&l->url);
}

void
link_close(struct link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->reader != NULL)
        redisReaderFree(l->reader);
    l->fd = -1;
    l->reader = NULL;
}

bool
link_dial(struct link *l, struct error *err)
{
    int64_t deadline_ms = clock_mono_ms() + l->connect_timeout_ms;
    link_close(l);
    if (!connect_some(l, deadline_ms, err))
        return false;
    l->reader = answer_reader();
    struct request kept = l->out;
    size_t kept_sent = l->sent;
    l->out = REQUEST_INIT;
    l->sent = 0;
    bool ok = greet(l, deadline_ms, err);
    request_clear(&l->out);
    l->out = kept;
    l->sent = kept_sent;
    if (!ok)
        link_close(l);
    return ok;
}

bool
link_is_quiet(const struct link *l)
{
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    return l->fd >= 0 && poll(&p, 1, 0) == 0;
}

enum link_event
link_wait(struct link *l, int timeout_ms, redisReply **answer, struct error *err)
{
    int64_t deadline_ms = timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
    for (bool is_last_look = false;;) {
        void *got = NULL;
        if (redisReaderGetReply(l->reader, &got) != REDIS_OK) {
            error_set(err, ERROR_INTERNAL, "%s: %s", l->url.shown, l->reader->errstr);
            return lose(l);
        }
        if (got != NULL) {
            *answer = got;
            return LINK_ANSWER;
        }
        if (!link_send(l, err))
            return LINK_LOST;
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        if (l->sent < l->out.bytes.len)
            p.events |= POLLOUT;
        int left = timeout_ms < 0 ? -1 : time_left(deadline_ms);
        int ready = await(l, &p, left);
        if (ready == 0 && left == 0 && is_last_look) {
            error_set(err, ERROR_TIMEOUT, "%s: no answer within %d ms", l->url.shown, timeout_ms);
            return LINK_TIMEOUT;
        }
        is_last_look = left == 0;
        if (ready > 0 && (p.revents & ~POLLOUT) != 0 && !read_some(l, err))
            return lose(l);
    }
}

bool
link_send(struct link *l, struct error *err)
{
    while (l->sent < l->out.bytes.len) {
        ssize_t n =
            send(l->fd, l->out.bytes.data + l->sent, l->out.bytes.len - l->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n < 0) {
            error_set_errno(err, ERROR_UNAVAILABLE, "%s", l->url.shown);
            lose(l);
            return false;
        }
        l->sent += (size_t)n;
    }
    return true;
}

/* poll(2). */
static int
await(struct link *l, struct pollfd *p, int timeout_ms)
{
    if (timeout_ms == 0 || !l->may_spin)
        return poll(p, 1, timeout_ms);
    const int64_t since_us = clock_mono_us();
    int ready = 0;
    if (l->waited_us < SPIN_US) {
        do
            ready = poll(p, 1, 0);
        while (ready == 0 && clock_mono_us() - since_us < SPIN_US && sched_yield() == 0);
    }
    if (ready == 0)
        ready = poll(p, 1, timeout_ms);
    l->waited_us = clock_mono_us() - since_us;
    return ready;
}

static enum link_event
lose(struct link *l)
{
    link_close(l);
    return LINK_LOST;
}

static bool
read_some(struct link *l, struct error *err)
{
    char chunk[READ_SIZE];
    ssize_t n = recv(l->fd, chunk, sizeof chunk, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    if (n < 0)
        return error_set_errno(err, ERROR_UNAVAILABLE, "%s", l->url.shown);
    if (n == 0)
        return error_set(err, ERROR_UNAVAILABLE, "%s: Redis closed the connection", l->url.shown);
    if (redisReaderFeed(l->reader, chunk, (size_t)n) != REDIS_OK)
        return error_set(err, ERROR_INTERNAL, "%s: %s", l->url.shown, l->reader->errstr);
    return true;
}

static bool
connect_some(struct link *l, int64_t deadline_ms, struct error *err)
{
    struct socket_tries tries;
    bool ok = false;
    if (!socket_resolve(&tries, &l->url, err))
        return false;
    while (!ok && socket_next(&tries, &l->url, l->command_timeout_ms, &l->fd, err)) {
        struct pollfd p = {.fd = l->fd, .events = POLLOUT};
        int ready;
        do
            ready = poll(&p, 1, time_left(deadline_ms));
        while (ready < 0 && errno == EINTR);
        if (ready == 0)
            error_set(err, ERROR_UNAVAILABLE, "%s: no connection within %d ms", l->url.shown,
                      l->connect_timeout_ms);
        ok = ready > 0 && socket_decided(l->fd, &l->url, err);
        if (!ok)
            link_close(l);
        if (ready == 0 || (!ok && tries.next == NULL))
            break; /* *err says it already */
    }
    socket_clear(&tries);
    return ok;
}

static bool
greet(struct link *l, int64_t deadline_ms, struct error *err)
{
    size_t n = greeting_write(&l->out, &l->url, GREETING_PLAIN);
    for (size_t i = 0; i < n; i++) {
        redisReply *answer;
        enum link_event event = link_wait(l, time_left(deadline_ms), &answer, err);
        if (event == LINK_TIMEOUT)
            error_set(err, ERROR_UNAVAILABLE, "%s: no greeting within %d ms", l->url.shown,
                      l->connect_timeout_ms);
        if (event != LINK_ANSWER)
            return false;
        bool ok = greeting_check(&l->url, i, answer, err);
        freeReplyObject(answer);
        if (!ok)
            return false;
    }
    return true;
}

static int
time_left(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_mono_ms();
    return left < 0 ? 0 : (int)left;
}
