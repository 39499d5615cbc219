/* Calls on one connection: written together with one sendmsg(2) per loop round, answered in order.
 *
 * A call that Redis answers with NOSCRIPT goes to the end of the line once more, with the whole
 * script. Whatever else is an error ends it; an answer of the wrong shape ends the connection, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "broker/redis_loop.h"
#include "common/clock.h"
#include "common/mem.h"

enum {
    READ_SIZE = 64 * 1024,
    READS_MAX = 16, /* per round: other events get their turn */
    IOV_COUNT = 64,
    SPARE_MAX = 256,
    SPARE_BYTES_MAX = 64 * 1024, /* a larger buffer is not kept */
};

static void expect_rest(struct broker_loop *b);
static bool take_answers(struct broker_loop *b, struct error *err);
static bool take_answer(struct broker_loop *b, const redisReply *answer, struct error *err);
static bool write_calls(struct broker_loop *b, struct error *err);
static struct call *pop(struct call_list *list);
static void push(struct call_list *list, struct call *c);
static void recycle(struct broker_loop *b, struct call *c);

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
    c->has_source = c->is_blocking = c->is_behind = false;
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
    loop_wake(b);
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

/* ---- reading ---- */

bool
loop_read_all(struct broker_loop *b, struct error *err)
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
            return error_set(err, ERROR_UNAVAILABLE, "%s: Redis closed the connection",
                             b->url.shown);
        if (redisReaderFeed(b->reader, chunk, (size_t)n) != REDIS_OK)
            return error_set(err, ERROR_INTERNAL, "%s: %s", b->url.shown, b->reader->errstr);
        if (!take_answers(b, err))
            return false;
        if ((size_t)n < sizeof chunk)
            return true;
    }
    return true;
}

/* Redis has woken up if a part of an answer is here, or the call has only stood behind one that
 * blocked: so the rest comes as soon as that of any other call, or never. */
static void
expect_rest(struct broker_loop *b)
{
    struct call *c = b->waiting.head;
    bool has_begun = b->reader->pos < b->reader->len || b->reader->ridx >= 0;
    int64_t deadline_ms = clock_mono_ms() + b->command_timeout_ms;
    if (c == NULL || !(has_begun || c->is_behind) || c->deadline_ms <= deadline_ms)
        return;
    c->deadline_ms = deadline_ms;
    if (deadline_ms < b->armed_ms)
        loop_arm(b, b->command_timeout_ms);
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
        if (answer == NULL) {
            expect_rest(b);
            return true;
        }
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
loop_fail_refused(struct broker_loop *b)
{
    struct error why;
    struct call_list refused = b->refused;
    if (refused.head == NULL)
        return;
    call_list_init(&b->refused);
    error_set(&why, ERROR_UNAVAILABLE, "%s: no connection", b->url.shown);
    for (struct call *c; (c = pop(&refused)) != NULL;) {
        c->kind->fail(b, c, &why);
        recycle(b, c);
    }
}

void
loop_free_spare(struct broker_loop *b)
{
    while (b->spare != NULL) {
        struct call *c = b->spare;
        b->spare = c->next;
        request_clear(&c->request);
        free(c);
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
