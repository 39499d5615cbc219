/* Calls on one connection: written together once per loop round, answered in order, each with a deadline.
 *
 * The first call of a round activates `on_round`, which runs when all other events of the round have been handled and
 * writes what has gathered with one writev(2). One timer serves all deadlines: it is set for the oldest call and, when
 * it fires, set again if that call was answered meanwhile, so that an answered call costs no timer. Before a call is
 * given up the socket is read once more: after a stop of this process the answer may lie there.
 *
 * Callbacks may make calls and may free the connection. */
#include "broker/redis_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "broker/outcome_state.h"
#include "common/clock.h"
#include "common/mem.h"

enum {
    READ_SIZE = 64 * 1024,
    READS_MAX = 16, /* per round: other events get their turn */
    IOV_COUNT = 64,
    SPARE_MAX = 256,
    SPARE_BYTES_MAX = 64 * 1024, /* a larger buffer is not kept */
};

static bool make_events(struct broker_loop *b);
static void on_read(evutil_socket_t fd, short what, void *arg);
static void on_write(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void on_round(evutil_socket_t fd, short what, void *arg);
static bool read_all(struct broker_loop *b, struct error *err);
static bool take_answers(struct broker_loop *b, struct error *err);
static bool take_answer(struct broker_loop *b, const redisReply *answer, struct error *err);
static bool write_calls(struct broker_loop *b, struct error *err);
static struct call *pop(struct call_list *list);
static void push(struct call_list *list, struct call *c);
static void recycle(struct broker_loop *b, struct call *c);
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
    outcome_bare(JOB_DEAD, &b->dead);
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

/* ---- making calls ---- */

struct call *
call_new(struct broker_loop *b, const struct call_kind *kind, const char *queue)
{
    struct call *c = b->spare;
    struct request kept = REQUEST_INIT;
    if (c != NULL) {
        b->spare = c->next;
        b->n_spare--;
        kept = c->request;
        request_reset(&kept);
    } else {
        c = mem_alloc(sizeof *c);
    }
    size_t len = queue != NULL ? strnlen(queue, QUEUE_NAME_MAX) : 0;
    c->next = NULL;
    c->request = kept;
    c->sent = 0;
    c->script = SCRIPT_NONE;
    c->has_source = c->is_blocking = false;
    c->deadline_ms = c->sent_us = 0;
    c->kind = kind;
    c->done = NULL;
    c->arg = c->op = NULL;
    c->first = c->n = 0;
    if (len > 0)
        memcpy(c->queue, queue, len);
    c->queue[len] = '\0';
    return c;
}

struct call *
call_script(struct broker_loop *b, const struct call_kind *kind, const char *queue,
            enum script script, size_t n_keys, size_t n_args)
{
    struct call *c = call_new(b, kind, queue);
    c->script = script;
    request_script(&c->request, script, n_keys, n_args);
    return c;
}

void
call_send(struct broker_loop *b, struct call *c)
{
    call_send_blocking(b, c, 0);
}

void
call_send_blocking(struct broker_loop *b, struct call *c, int block_ms)
{
    MUST(c->request.args_left == 0);
    event_active(b->on_round, EV_TIMEOUT, 0);
    if (!broker_loop_is_up(b) || b->notice != NULL) {
        push(&b->refused, c);
        return;
    }
    c->is_blocking = block_ms > 0;
    c->deadline_ms = clock_mono_ms() + b->command_timeout_ms + block_ms;
    if (c->deadline_ms < b->armed_ms)
        loop_arm(b, b->command_timeout_ms + block_ms);
    push(&b->waiting, c);
    if (b->unsent == NULL)
        b->unsent = c;
}

void
call_arg(struct call *c, const void *data, size_t len)
{
    request_arg(&c->request, data, len);
}

void
call_keys(struct broker_loop *b, struct call *c, const enum queue_key *which, size_t n)
{
    request_queue_keys(&c->request, b->space, c->queue, which, n);
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
    if (!read_all(b, &err))
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
    struct error why;
    struct call_list refused = b->refused;
    (void)fd, (void)what;
    if (refused.head == NULL)
        refused.tail = &refused.head;
    call_list_init(&b->refused);
    loop_enter(b);
    error_set(&why, ERROR_UNAVAILABLE, "%s: no connection", b->url.shown);
    for (struct call *c; (c = pop(&refused)) != NULL;) {
        c->kind->fail(b, c, &why);
        recycle(b, c);
    }
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
    } else if (!read_all(b, &err)) {
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

/* ---- reading ---- */

static bool
read_all(struct broker_loop *b, struct error *err)
{
    char chunk[READ_SIZE];
    int fd = b->fd;
    for (int i = 0; i < READS_MAX && b->fd == fd && fd >= 0; i++) {
        ssize_t n = recv(fd, chunk, sizeof chunk, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n < 0)
            return error_set_errno(err, ERROR_UNAVAILABLE, "%s", b->url.shown);
        if (n == 0)
            return error_set(err, ERROR_UNAVAILABLE, "%s: Redis closed the connection", b->url.shown);
        if (redisReaderFeed(b->reader, chunk, (size_t)n) != REDIS_OK)
            return error_set(err, ERROR_INTERNAL, "%s: %s", b->url.shown, b->reader->errstr);
        if (!take_answers(b, err))
            return false;
        if ((size_t)n < sizeof chunk)
            return true;
    }
    return true;
}

/* A callback may close the connection, and with it the reader. */
static bool
take_answers(struct broker_loop *b, struct error *err)
{
    redisReader *reader = b->reader;
    while (b->reader == reader && !b->is_doomed) {
        void *answer = NULL;
        if (redisReaderGetReply(reader, &answer) != REDIS_OK)
            return error_set(err, ERROR_INTERNAL, "%s: %s", b->url.shown, reader->errstr);
        if (answer == NULL)
            return true;
        bool ok = take_answer(b, answer, err);
        freeReplyObject(answer);
        if (!ok)
            return false;
    }
    return true;
}

static bool
resend_whole(struct broker_loop *b, struct call *c)
{
    struct request whole = REQUEST_INIT;
    request_as_eval(&whole, c->script, c->request.bytes.data, c->request.bytes.len);
    request_clear(&c->request);
    c->request = whole;
    c->has_source = true;
    c->sent = 0;
    c->next = NULL;
    call_send(b, c);
    return true;
}

static bool
take_answer(struct broker_loop *b, const redisReply *answer, struct error *err)
{
    if (b->state == LOOP_GREETING)
        return loop_take_greeting(b, answer, err);
    if (b->notice != NULL)
        return loop_take_notice(b, answer, err);
    struct call *c = b->waiting.head;
    if (c == NULL || c->sent < c->request.bytes.len)
        return error_set(err, ERROR_INTERNAL, "%s: an answer that nobody asked for", b->url.shown);
    pop(&b->waiting);
    if (answer_is_noscript(answer) && c->script != SCRIPT_NONE && !c->has_source)
        return resend_whole(b, c);
    if (!c->is_blocking && c->sent_us > 0)
        b->round_trip_us = clock_mono_us() - c->sent_us;
    struct error why = ERROR_INIT;
    bool ok = answer_check(answer, &why), closes = answer_closes(answer);
    if (ok) {
        ok = c->kind->deliver(b, c, answer, &why);
        closes = !ok;
    }
    if (!ok)
        c->kind->fail(b, c, &why);
    recycle(b, c);
    if (closes)
        *err = why;
    return !closes || b->is_doomed;
}

/* ---- writing ---- */

void
loop_flush(struct broker_loop *b)
{
    struct error err;
    bool ok = true;
    if (b->is_writing || b->is_doomed)
        return;
    if (b->state == LOOP_GREETING || b->notice != NULL)
        ok = loop_write_greeting(b, &err);
    else if (b->state == LOOP_UP)
        ok = write_calls(b, &err);
    if (!ok)
        loop_down(b, &err);
}

/* The socket is full: go on when it is writable. */
void
loop_await_writable(struct broker_loop *b)
{
    MUST(event_add(b->on_write, NULL) == 0);
    b->is_writing = true;
}

static size_t
gather(struct broker_loop *b, struct iovec *iov)
{
    size_t n = 0;
    for (struct call *c = b->unsent; c != NULL && n < IOV_COUNT; c = c->next)
        iov[n++] = (struct iovec){c->request.bytes.data + c->sent, c->request.bytes.len - c->sent};
    return n;
}

static void
mark_sent(struct broker_loop *b, size_t n)
{
    int64_t now_us = clock_mono_us();
    while (n > 0) {
        struct call *c = b->unsent;
        size_t left = c->request.bytes.len - c->sent, part = n < left ? n : left;
        c->sent += part;
        c->sent_us = now_us;
        n -= part;
        if (part == left)
            b->unsent = c->next;
    }
}

static bool
write_calls(struct broker_loop *b, struct error *err)
{
    struct iovec iov[IOV_COUNT];
    while (b->unsent != NULL) {
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = gather(b, iov)};
        ssize_t n = sendmsg(b->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            loop_await_writable(b);
            return true;
        }
        if (n < 0)
            return error_set_errno(err, ERROR_UNAVAILABLE, "%s", b->url.shown);
        mark_sent(b, (size_t)n);
    }
    return true;
}

/* ---- ends ---- */

void
loop_fail_all(struct broker_loop *b, const struct error *why)
{
    struct error each = *why;
    struct call_list lists[2] = {b->waiting, b->refused};
    each.code = ERROR_UNAVAILABLE;
    call_list_init(&b->waiting);
    call_list_init(&b->refused);
    b->unsent = NULL;
    for (size_t i = 0; i < 2; i++)
        for (struct call *c; lists[i].head != NULL;) {
            c = lists[i].head;
            lists[i].head = c->next;
            c->kind->fail(b, c, &each);
            recycle(b, c);
        }
}

void
call_list_init(struct call_list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void
push(struct call_list *list, struct call *c)
{
    c->next = NULL;
    *list->tail = c;
    list->tail = &c->next;
}

static struct call *
pop(struct call_list *list)
{
    struct call *c = list->head;
    if (c == NULL)
        return NULL;
    list->head = c->next;
    if (list->head == NULL)
        list->tail = &list->head;
    return c;
}

static void
recycle(struct broker_loop *b, struct call *c)
{
    if (b->n_spare >= SPARE_MAX || c->request.bytes.capacity > SPARE_BYTES_MAX) {
        request_clear(&c->request);
        free(c);
        return;
    }
    c->next = b->spare;
    b->spare = c;
    b->n_spare++;
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
    while (b->spare != NULL) {
        struct call *c = b->spare;
        b->spare = c->next;
        request_clear(&c->request);
        free(c);
    }
    if (b->on_timer != NULL)
        event_free(b->on_timer);
    if (b->on_round != NULL)
        event_free(b->on_round);
    socket_clear(&b->tries);
    request_clear(&b->greeting);
    buffer_clear(&b->cancelled);
    buffer_clear(&b->dead);
    url_clear(&b->url);
    free(b->reserved);
    free(b->space);
    free(b);
}
