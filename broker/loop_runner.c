/* The verbs of a runner but for the commit (loop_commit.c). */
#include <string.h>

#include "broker/loop_call.h"
#include "common/mem.h"

static void write_reserve(struct broker_loop *b, struct call *c, const struct broker_runner *who,
                          size_t n, unsigned how);
static struct call *new_reserve(struct broker_loop *b, const char *queue,
                                const struct broker_runner *who, size_t n, unsigned how);
static bool deliver_reserved(struct broker_loop *b, struct call *c, const redisReply *answer,
                             struct error *err);
static void fail_reserved(struct broker_loop *b, struct call *c, const struct error *err);
static bool deliver_rung(struct broker_loop *b, struct call *c, const redisReply *answer,
                         struct error *err);

static const struct call_kind kind_reserve = {deliver_reserved, fail_reserved};
static const struct call_kind kind_rung = {deliver_rung, fail_reserved};

/* ---- plain ends ---- */

static void
fail_done(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    if (c->done != NULL)
        ((broker_done_fn *)c->done)(c->arg, err);
}

static bool
deliver_any(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    (void)answer, (void)err;
    fail_done(b, c, NULL);
    return true;
}

static bool
deliver_status(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    if (answer_status(answer) < 0)
        return answer_unexpected(answer, script_source(c->script)->name, err);
    fail_done(b, c, NULL);
    return true;
}

const struct call_kind call_kind_any = {deliver_any, fail_done};
const struct call_kind call_kind_status = {deliver_status, fail_done};

/* ---- joining and leaving ---- */

/* The queue's name lies in another hash slot than its keys: a command of its own, whose end nobody
 * needs. */
void
broker_loop_join(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                 broker_done_fn *done, void *arg)
{
    static const enum queue_key keys[] = {QUEUE_WORKERS};
    struct key names;
    struct call *c = call_new(b, &call_kind_any, queue);
    key_queues(&names, b->space);
    request_command(&c->request, "SADD", 3);
    request_key(&c->request, &names);
    request_text(&c->request, c->queue);
    call_send(b, c);

    c = call_script(b, &call_kind_status, queue, SCRIPT_JOIN, 1, 3);
    call_on_done(c, done, arg);
    call_keys(b, c, keys, 1);
    request_text(&c->request, who->worker);
    request_text(&c->request, who->runner);
    request_number(&c->request, who->lease_ms);
    call_send(b, c);
}

void
broker_loop_release(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                    const struct id *ids, size_t n, int64_t delay_ms, broker_done_fn *done,
                    void *arg)
{
    static const enum queue_key more[] = {QUEUE_SUSPECTS, QUEUE_DELAYED, QUEUE_BELL, QUEUE_STATS};
    struct call *c =
        call_script(b, &call_kind_status, queue, SCRIPT_RELEASE, 8 + PRIORITY_COUNT, 2 + n);
    struct request *r = &c->request;
    struct key key;
    call_on_done(c, done, arg);
    key_of_queue(&key, b->space, c->queue, QUEUE_JOBS);
    request_key(r, &key);
    key_active(&key, b->space, c->queue, who->runner);
    request_key(r, &key);
    call_keys(b, c, more, sizeof more / sizeof more[0]);
    request_ready_keys(r, b->space, c->queue);
    call_permit_keys(b, c);
    key_of_queue(&key, b->space, c->queue, QUEUE_CONTROL);
    request_key(r, &key);
    request_number(r, delay_ms);
    for (size_t i = 0; i < n; i++)
        call_arg(c, ids[i].text, ids[i].len);
    call_send(b, c);
}

/* ---- reserving ---- */

void
broker_loop_disown(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                   const struct id *known, size_t n, broker_done_fn *done, void *arg)
{
    static const enum queue_key more[] = {QUEUE_JOBS, QUEUE_SUSPECTS, QUEUE_BELL, QUEUE_STATS};
    struct call *c =
        call_script(b, &call_kind_status, queue, SCRIPT_DISOWN, 8 + PRIORITY_COUNT, 2 + n);
    struct key key;
    call_on_done(c, done, arg);
    key_of_queue(&key, b->space, c->queue, QUEUE_WORKERS);
    request_key(&c->request, &key);
    key_active(&key, b->space, c->queue, who->runner);
    request_key(&c->request, &key);
    call_keys(b, c, more, sizeof more / sizeof more[0]);
    request_ready_keys(&c->request, b->space, c->queue);
    call_permit_keys(b, c);
    request_text(&c->request, who->worker);
    request_text(&c->request, who->runner);
    for (size_t i = 0; i < n; i++)
        call_arg(c, known[i].text, known[i].len);
    call_send(b, c);
}

void
broker_loop_reserve(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                    size_t n, unsigned how, broker_reserved_fn *done, void *arg)
{
    struct call *c = new_reserve(b, queue, who, n, how);
    c->done = (void (*)(void))done;
    c->arg = arg;
    call_send(b, c);
}

/* BLPOP, and with one queue the reservation behind it, which Redis looks at when the bell has rung
 * or the time is up. The bell's own answer then tells nothing more. */
void
broker_loop_bell(struct broker_loop *b, const char *const *queues, size_t n_queues, int timeout_ms,
                 const struct broker_runner *who, size_t n, unsigned how, broker_reserved_fn *done,
                 void *arg)
{
    bool reserves = n_queues == 1 && n > 0;
    struct call *c = call_new(b, reserves ? &call_kind_any : &kind_rung, NULL);
    char seconds[32];
    MUST(n_queues > 0 && (n_queues == 1 || n == 0));
    if (timeout_ms < 1)
        timeout_ms = 1; /* 0 would be for ever */
    request_command(&c->request, "BLPOP", 2 + n_queues);
    for (size_t i = 0; i < n_queues; i++) {
        struct key bell;
        key_of_queue(&bell, b->space, queues[i], QUEUE_BELL);
        request_key(&c->request, &bell);
    }
    snprintf(seconds, sizeof seconds, "%d.%03d", timeout_ms / 1000, timeout_ms % 1000);
    request_text(&c->request, seconds);
    if (!reserves) {
        c->done = (void (*)(void))done;
        c->arg = arg;
    }
    call_send_blocking(b, c, timeout_ms);
    if (!reserves)
        return;
    c = new_reserve(b, queues[0], who, n, how);
    c->done = (void (*)(void))done;
    c->arg = arg;
    c->is_behind = true;
    call_send_blocking(b, c, timeout_ms);
}

static struct call *
new_reserve(struct broker_loop *b, const char *queue, const struct broker_runner *who, size_t n,
            unsigned how)
{
    const bool is_limited = (how & RESERVE_LIMITED) != 0;
    struct call *c =
        call_script(b, &kind_reserve, queue, is_limited ? SCRIPT_RESERVE_LIMITED : SCRIPT_RESERVE,
                    (is_limited ? 11 : 8) + PRIORITY_COUNT, is_limited ? 4 : 3);
    write_reserve(b, c, who, n, how);
    return c;
}

static void
write_reserve(struct broker_loop *b, struct call *c, const struct broker_runner *who, size_t n,
              unsigned how)
{
    static const enum queue_key before[] = {QUEUE_WORKERS, QUEUE_JOBS};
    static const enum queue_key behind[] = {QUEUE_BELL, QUEUE_META, QUEUE_CANCELLED,
                                            QUEUE_SUSPECTS};
    static const enum queue_key plain[] = {QUEUE_PARKED};
    static const enum queue_key limited[] = {QUEUE_PERMITS, QUEUE_PARKED, QUEUE_BARRED,
                                             QUEUE_BUCKETS};
    const bool is_limited = (how & RESERVE_LIMITED) != 0;
    struct key active, control;
    call_keys(b, c, before, 2);
    key_active(&active, b->space, c->queue, who->runner);
    request_key(&c->request, &active);
    call_keys(b, c, behind, 4);
    request_ready_keys(&c->request, b->space, c->queue);
    call_keys(b, c, is_limited ? limited : plain, is_limited ? 4 : 1);
    request_text(&c->request, who->runner);
    request_number(&c->request, (int64_t)(n < 1000 ? n : 1000));
    request_text(&c->request, (how & RESERVE_ALONE) != 0 ? "1" : "0");
    if (!is_limited)
        return;
    key_of_queue(&control, b->space, c->queue, QUEUE_CONTROL);
    request_key(&c->request, &control);
}

static void
fail_reserved(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    ((broker_reserved_fn *)c->done)(c->arg, c->queue[0] != '\0' ? c->queue : NULL, NULL, err);
}

static struct broker_reserved *
room_for(struct broker_loop *b, size_t n)
{
    if (n > b->reserved_capacity) {
        b->reserved = mem_grow(b->reserved, n, sizeof *b->reserved);
        b->reserved_capacity = n;
    }
    return b->reserved;
}

/* Few jobs are marked, if any, so they are looked for one by one. */
static bool
mark_cancelled(struct broker_reserved *jobs, size_t n, const redisReply *marked)
{
    if (!answer_is_array(marked, 0))
        return false;
    for (size_t i = 0; i < marked->elements; i++) {
        struct id id;
        if (!answer_id(marked->element[i], &id))
            return false;
        for (size_t k = 0; k < n; k++)
            jobs[k].is_cancelled = jobs[k].is_cancelled || id_equal(&jobs[k].id, &id);
    }
    return true;
}

static bool
read_reserved(struct broker_loop *b, const redisReply *answer, struct broker_reservation *r)
{
    const redisReply *ids = answer_at(answer, 3), *messages = answer_at(answer, 4);
    int64_t drain;
    if (!answer_integer(answer_at(answer, 1), &r->redis_ms) ||
        !answer_integer(answer_at(answer, 2), &drain))
        return false;
    r->suspects_waiting = drain != 0;
    if (ids == NULL)
        return true;
    if (!answer_is_array(ids, 0) || !answer_is_array(messages, ids->elements))
        return false;
    struct broker_reserved *jobs = room_for(b, ids->elements);
    for (size_t i = 0; i < ids->elements; i++) {
        const redisReply *message = messages->element[i];
        jobs[i].message = NULL;
        jobs[i].len = 0;
        jobs[i].is_cancelled = false;
        if (!answer_id(ids->element[i], &jobs[i].id) ||
            (!answer_is_nil(message) && !answer_bytes(message, &jobs[i].message, &jobs[i].len)))
            return false;
    }
    r->jobs = jobs;
    r->n = ids->elements;
    return mark_cancelled(jobs, r->n, answer_at(answer, 5));
}

static bool
deliver_reserved(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    struct broker_reservation r = {.registered = IS_REGISTERED};
    int64_t status = answer_status(answer);
    if (status < 0 || status > 5 || !read_reserved(b, answer, &r))
        return answer_unexpected(answer, "reserve", err);
    r.registered = status == 1 ? NOT_REGISTERED : IS_REGISTERED;
    r.is_suspect = status == 2;
    r.is_paused = status == 3;
    r.ask_otherwise = status >= 4;
    ((broker_reserved_fn *)c->done)(c->arg, c->queue, &r, NULL);
    return true;
}

/* [bell, value], or nil after the time-out. The queue's name is what stands in the braces. */
static bool
deliver_rung(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    const struct broker_reservation r = {.registered = IS_REGISTERED};
    const char *bell;
    size_t len;
    (void)b;
    if (answer_is_nil(answer)) {
        ((broker_reserved_fn *)c->done)(c->arg, NULL, &r, NULL);
        return true;
    }
    if (!answer_bytes(answer_at(answer, 0), &bell, &len))
        return answer_unexpected(answer, "bell", err);
    const char *open = memchr(bell, '{', len), *close = memchr(bell, '}', len);
    if (open == NULL || close == NULL || close < open || close - open - 1 > QUEUE_NAME_MAX)
        return answer_unexpected(answer, "bell", err);
    memcpy(c->queue, open + 1, (size_t)(close - open) - 1);
    c->queue[close - open - 1] = '\0';
    ((broker_reserved_fn *)c->done)(c->arg, c->queue, &r, NULL);
    return true;
}
