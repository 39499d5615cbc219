/* From nothing to UP, and back. Dialling has one deadline for all of it: connecting to each address
 * in turn and the greeting. A host name is resolved with getaddrinfo, which blocks the loop for as
 * long as the resolver takes: numeric addresses and unix sockets take no time, and a worker that
 * must never pause uses those.
 *
 * A connection that breaks within its first second counts as another failure in a row: a replica
 * that answers the greeting and refuses all else is not hammered. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "broker/backoff.h"
#include "broker/greeting.h"
#include "broker/redis_loop.h"
#include "common/clock.h"

enum { STEADY_MS = 1000 };

static bool try_next(struct broker_loop *b, struct error *err);
static uint32_t random_bits(void);

void
loop_begin_dial(struct broker_loop *b)
{
    struct error err;
    b->dial_deadline_ms = clock_mono_ms() + b->connect_timeout_ms;
    socket_clear(&b->tries);
    if (!socket_resolve(&b->tries, &b->url, &err) || !try_next(b, &err))
        loop_down(b, &err);
}

static bool
try_next(struct broker_loop *b, struct error *err)
{
    int fd;
    if (!socket_next(&b->tries, &b->url, b->command_timeout_ms, &fd, err))
        return false;
    b->state = LOOP_CONNECTING;
    loop_watch(b, fd);
    int64_t left_ms = b->dial_deadline_ms - clock_mono_ms();
    loop_arm(b, left_ms > 0 ? left_ms : 0);
    return true;
}

void
loop_on_connected(struct broker_loop *b)
{
    struct error err;
    if (!socket_decided(b->fd, &b->url, &err)) {
        loop_close(b);
        if (b->tries.next == NULL || !try_next(b, &err))
            loop_down(b, &err);
        return;
    }
    b->reader = answer_reader();
    MUST(event_add(b->on_read, NULL) == 0);
    b->state = LOOP_GREETING;
    request_reset(&b->greeting);
    b->greeting_total = greeting_write(&b->greeting, &b->url, GREETING_SCRIPTS);
    b->greeting_sent = b->greeting_answers = 0;
    loop_flush(b);
}

bool
loop_write_greeting(struct broker_loop *b, struct error *err)
{
    const struct buffer *bytes = &b->greeting.bytes;
    while (b->greeting_sent < bytes->len) {
        ssize_t n = send(b->fd, bytes->data + b->greeting_sent, bytes->len - b->greeting_sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            loop_await_writable(b);
            return true;
        }
        if (n < 0)
            return error_set_errno(err, ERROR_UNAVAILABLE, "%s", b->url.shown);
        b->greeting_sent += (size_t)n;
    }
    return true;
}

bool
loop_take_greeting(struct broker_loop *b, const redisReply *answer, struct error *err)
{
    if (!greeting_check(&b->url, b->greeting_answers, answer, err))
        return false;
    if (++b->greeting_answers < b->greeting_total)
        return true;
    socket_clear(&b->tries);
    request_clear(&b->greeting); /* it held the source of all scripts */
    evtimer_del(b->on_timer);
    b->armed_ms = INT64_MAX;
    b->state = LOOP_UP;
    b->up_since_ms = clock_mono_ms();
    if (b->events.on_up != NULL)
        b->events.on_up(b->events.arg);
    return true;
}

void
loop_down(struct broker_loop *b, const struct error *why)
{
    struct error kept = *why;
    if (b->is_doomed)
        return;
    if (b->state == LOOP_UP && clock_mono_ms() - b->up_since_ms >= STEADY_MS)
        b->failures = 0;
    b->failures++;
    loop_close(b);
    loop_arm(b, backoff_ms(b->failures, random_bits()));
    loop_fail_all(b, &kept);
    if (!b->is_doomed && b->events.on_down != NULL)
        b->events.on_down(b->events.arg, &kept);
}

static uint32_t
random_bits(void)
{
    uint32_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
        bits = (uint32_t)clock_mono_us();
    return bits;
}
