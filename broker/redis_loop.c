/* The life of a connection on an event loop: its events, its timer, its end.
 *
 * The first call of a round activates `on_round`, which runs when all other events of the round
 * have been handled and has everything written that has gathered. One timer serves all deadlines:
 * it is set for the oldest call and, when it fires, set again if that call was answered meanwhile,
 * so that an answered call costs no timer. Before a call is given up the socket is read once more:
 * after a stop of this process the answer may lie there.
 *
 * Callbacks may make calls and may free the connection: everything that calls back stands between
 * loop_enter and loop_leave, and what was freed meanwhile goes when the outermost of them returns.
 */
#include "broker/redis_loop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "broker/outcome_state.h"
#include "common/clock.h"
#include "common/mem.h"

static bool make_events(struct broker_loop *b);
static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_round(evutil_socket_t fd, short what, void *arg);
static void destroy(struct broker_loop *b);

bool
broker_loop_new(struct broker_loop **out, struct event_base *base,
                const struct broker_settings *settings, const struct broker_loop_events *events,
                struct error *err)
{
    const char *space = settings->namespace != NULL ? settings->namespace : NAMESPACE_DEFAULT;
    struct link link;
    if (!key_check_namespace(space, err) || !link_init(&link, settings, err))
        return false;
    struct broker_loop *b = mem_zero(sizeof *b);
    b->base = base;
    b->url = link.url;
    b->connect_timeout_ms = link.connect_timeout_ms;
    b->command_timeout_ms = link.command_timeout_ms;
    b->space = mem_text(space);
    b->events = *events;
    b->fd = -1;
    call_list_init(&b->waiting);
    call_list_init(&b->refused);
    outcome_bare(JOB_CANCELLED, &b->cancelled);
    if (!make_events(b)) {
        destroy(b);
        return error_set(err, ERROR_INTERNAL, "no events for the connection to Redis");
    }
    loop_arm(b, 0);
    *out = b;
    return true;
}

void
broker_loop_free(struct broker_loop *b)
{
    if (b == NULL || b->is_doomed)
        return;
    b->is_doomed = true;
    struct error why;
    error_set(&why, ERROR_UNAVAILABLE, "%s: the connection is closed", b->url.shown);
    loop_enter(b);
    loop_close(b);
    loop_fail_all(b, &why);
    loop_leave(b);
}

bool
broker_loop_is_up(const struct broker_loop *b)
{
    return b->state == LOOP_UP && !b->is_doomed;
}

int64_t
broker_loop_round_trip_us(const struct broker_loop *b)
{
    return b->round_trip_us;
}

/* ---- events ---- */

static bool
make_events(struct broker_loop *b)
{
    b->on_timer = evtimer_new(b->base, on_timer, b);
    b->on_round = event_new(b->base, -1, 0, on_round, b);
    return b->on_timer != NULL && b->on_round != NULL;
}

void
loop_arm(struct broker_loop *b, int64_t in_ms)
{
    struct timeval tv = {.tv_sec = in_ms / 1000, .tv_usec = in_ms % 1000 * 1000};
    b->armed_ms = clock_mono_ms() + in_ms;
    MUST(evtimer_add(b->on_timer, &tv) == 0);
}

void
loop_wake(struct broker_loop *b)
{
    event_active(b->on_round, EV_TIMEOUT, 0);
}

/* The socket of a dial: events live as long as it does. */
void
loop_watch(struct broker_loop *b, int fd)
{
    b->fd = fd;
    b->on_read = event_new(b->base, fd, EV_READ | EV_PERSIST, on_read, b);
    b->on_write = event_new(b->base, fd, EV_WRITE, on_write, b);
    MUST(b->on_read != NULL && b->on_write != NULL);
    MUST(event_add(b->on_write, NULL) == 0);
    b->is_writing = true;
}

/* The socket is full: go on when it is writable. */
void
loop_await_writable(struct broker_loop *b)
{
    MUST(event_add(b->on_write, NULL) == 0);
    b->is_writing = true;
}

void
loop_close(struct broker_loop *b)
{
    if (b->on_read != NULL)
        event_free(b->on_read);
    if (b->on_write != NULL)
        event_free(b->on_write);
    if (b->fd >= 0)
        close(b->fd);
    if (b->reader != NULL)
        redisReaderFree(b->reader);
    b->on_read = b->on_write = NULL;
    b->reader = NULL;
    b->fd = -1;
    b->is_writing = false;
    b->notice = NULL;
    b->state = LOOP_WAITING;
}

void
loop_enter(struct broker_loop *b)
{
    b->depth++;
}

void
loop_leave(struct broker_loop *b)
{
    MUST(b->depth > 0);
    if (--b->depth == 0 && b->is_doomed)
        destroy(b);
}

static void
on_read(evutil_socket_t fd, short what, void *arg)
{
    struct broker_loop *b = arg;
    struct error err;
    (void)fd, (void)what;
    loop_enter(b);
    if (!loop_read_all(b, &err))
        loop_down(b, &err);
    loop_leave(b);
}

static void
on_write(evutil_socket_t fd, short what, void *arg)
{
    struct broker_loop *b = arg;
    (void)fd, (void)what;
    b->is_writing = false;
    loop_enter(b);
    if (b->state == LOOP_CONNECTING)
        loop_on_connected(b);
    else
        loop_flush(b);
    loop_leave(b);
}

static void
on_round(evutil_socket_t fd, short what, void *arg)
{
    struct broker_loop *b = arg;
    (void)fd, (void)what;
    loop_enter(b);
    loop_fail_refused(b);
    loop_flush(b);
    loop_leave(b);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct broker_loop *b = arg;
    struct error err;
    (void)fd, (void)what;
    b->armed_ms = INT64_MAX;
    loop_enter(b);
    if (b->state == LOOP_WAITING) {
        loop_begin_dial(b);
    } else if (b->state != LOOP_UP) {
        error_set(&err, ERROR_UNAVAILABLE, "%s: no connection within %d ms", b->url.shown,
                  b->connect_timeout_ms);
        loop_down(b, &err);
    } else if (!loop_read_all(b, &err)) {
        loop_down(b, &err);
    } else if (b->notice != NULL) {
        if (!loop_check_silence(b, &err))
            loop_down(b, &err);
    } else if (b->waiting.head != NULL) {
        int64_t left_ms = b->waiting.head->deadline_ms - clock_mono_ms();
        if (left_ms > 0) {
            loop_arm(b, left_ms);
        } else {
            error_set(&err, ERROR_UNAVAILABLE, "%s: no answer within the time-out of %d ms",
                      b->url.shown, b->command_timeout_ms);
            loop_down(b, &err);
        }
    }
    loop_leave(b);
}

static void
destroy(struct broker_loop *b)
{
    struct error why;
    loop_close(b);
    error_set(&why, ERROR_UNAVAILABLE, "%s: the connection is closed", b->url.shown);
    b->is_doomed = true;
    b->depth++; /* calls made by the last callbacks fail, too */
    while (b->refused.head != NULL)
        loop_fail_all(b, &why);
    loop_free_spare(b);
    if (b->on_timer != NULL)
        event_free(b->on_timer);
    if (b->on_round != NULL)
        event_free(b->on_round);
    socket_clear(&b->tries);
    request_clear(&b->greeting);
    buffer_clear(&b->cancelled);
    url_clear(&b->url);
    free(b->reserved);
    free(b->space);
    free(b);
}
