/* The verbs of a steward, and what runners share with it: recovery is also how a runner leaves. */
#include <stdlib.h>
#include <string.h>

#include "broker/loop_call.h"
#include "broker/recovery.h"
#include "common/mem.h"

enum { PROMOTE_MAX = 1000, OWN_LIMIT = 1000000 };

/* ---- beat ---- */

static void
fail_beat(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    ((broker_beat_fn *)c->done)(c->arg, c->queue, IS_REGISTERED, NULL, 0, -2, err);
}

/* Strings of an answer end with a NUL. */
static bool
deliver_beat(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    broker_beat_fn *done = (broker_beat_fn *)c->done;
    int64_t status = answer_status(answer), next_due_in_ms = -1;
    (void)b;
    if (status == 1) {
        done(c->arg, c->queue, NOT_REGISTERED, NULL, 0, -2, NULL);
        return true;
    }
    if (status != 0 || !answer_integer(answer_at(answer, 1), &next_due_in_ms))
        return answer_unexpected(answer, "beat", err);
    size_t n = (answer->elements - 2) / 2;
    struct broker_peer *peers = mem_array(n + 1, sizeof *peers);
    for (size_t i = 0; i < n; i++) {
        size_t len;
        if (!answer_bytes(answer->element[2 + 2 * i], &peers[i].name, &len) ||
            !answer_bytes(answer->element[3 + 2 * i], &peers[i].value, &len)) {
            free(peers);
            return answer_unexpected(answer->element[2 + 2 * i], "beat", err);
        }
    }
    done(c->arg, c->queue, IS_REGISTERED, peers, n, next_due_in_ms, NULL);
    free(peers);
    return true;
}

void
broker_loop_beat(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                 uint64_t beat, broker_beat_fn *done, void *arg)
{
    static const struct call_kind kind = {deliver_beat, fail_beat};
    static const enum queue_key keys[] = {QUEUE_WORKERS, QUEUE_DELAYED, QUEUE_BARRED};
    struct call *c = call_script(b, &kind, queue, SCRIPT_BEAT, 3, 4);
    struct key control;
    c->done = (void (*)(void))done;
    c->arg = arg;
    call_keys(b, c, keys, 3);
    request_text(&c->request, who->worker);
    request_number(&c->request, (int64_t)beat);
    request_number(&c->request, who->lease_ms);
    key_of_queue(&control, b->space, c->queue, QUEUE_CONTROL);
    request_key(&c->request, &control);
    call_send(b, c);
}

/* ---- promote ---- */

static void
fail_promote(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    ((broker_promoted_fn *)c->done)(c->arg, c->queue, 0, -1, err);
}

static bool
deliver_promote(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    int64_t moved = answer_status(answer), next_due_in_ms = -1;
    (void)b;
    if (moved < 0 || !answer_integer(answer_at(answer, 1), &next_due_in_ms))
        return answer_unexpected(answer, "promote", err);
    ((broker_promoted_fn *)c->done)(c->arg, c->queue, (size_t)moved, next_due_in_ms, NULL);
    return true;
}

void
broker_loop_promote(struct broker_loop *b, const char *queue, broker_promoted_fn *done, void *arg)
{
    static const struct call_kind kind = {deliver_promote, fail_promote};
    static const enum queue_key keys[] = {QUEUE_JOBS, QUEUE_DELAYED, QUEUE_SUSPECTS, QUEUE_BELL};
    struct call *c = call_script(b, &kind, queue, SCRIPT_PROMOTE, 5 + PRIORITY_COUNT, 1);
    struct key barred;
    c->done = (void (*)(void))done;
    c->arg = arg;
    call_keys(b, c, keys, 4);
    request_ready_keys(&c->request, b->space, c->queue);
    key_of_queue(&barred, b->space, c->queue, QUEUE_BARRED);
    request_key(&c->request, &barred);
    request_number(&c->request, PROMOTE_MAX);
    call_send(b, c);
}

/* ---- recover ---- */

static void
fail_recover(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    ((broker_recovered_fn *)c->done)(c->arg, c->queue, 0, 0, false, err);
}

static bool
deliver_recover(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    int64_t status = answer_status(answer), moved, buried;
    (void)b;
    if (status < 0 || !answer_integer(answer_at(answer, 1), &moved) ||
        !answer_integer(answer_at(answer, 2), &buried) || moved < 0 || buried < 0)
        return answer_unexpected(answer, "recover", err);
    ((broker_recovered_fn *)c->done)(c->arg, c->queue, (size_t)moved, (size_t)buried, status == 1,
                                     NULL);
    return true;
}

static struct call *
new_recover(struct broker_loop *b, const struct call_kind *kind, const char *queue,
            const struct broker_recovery *r, const char *counter)
{
    struct call *c = call_script(b, kind, queue, SCRIPT_RECOVER, RECOVERY_KEYS,
                                 RECOVERY_ARGS + 3 * r->n_victims);
    recovery_write(&c->request, b->space, c->queue, r, counter);
    return c;
}

void
broker_loop_recover(struct broker_loop *b, const char *queue, const struct broker_recovery *r,
                    broker_recovered_fn *done, void *arg)
{
    static const struct call_kind kind = {deliver_recover, fail_recover};
    struct call *c = new_recover(b, &kind, queue, r, "recovered");
    c->done = (void (*)(void))done;
    c->arg = arg;
    call_send(b, c);
}

void
broker_loop_leave(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                  broker_done_fn *done, void *arg)
{
    const struct broker_recovery own = {.worker = who->worker,
                                        .runner = who->runner,
                                        .max_crashes = OWN_LIMIT,
                                        .max_lost = OWN_LIMIT};
    struct call *c = new_recover(b, &call_kind_status, queue, &own, "released");
    call_on_done(c, done, arg);
    call_send(b, c);
}

void
broker_loop_forget(struct broker_loop *b, const char *queue, const char *worker,
                   const char *expected, broker_done_fn *done, void *arg)
{
    static const enum queue_key keys[] = {QUEUE_WORKERS};
    struct call *c = call_script(b, &call_kind_status, queue, SCRIPT_FORGET, 1, 2);
    call_on_done(c, done, arg);
    call_keys(b, c, keys, 1);
    request_text(&c->request, worker);
    request_text(&c->request, expected != NULL ? expected : "");
    call_send(b, c);
}

/* ---- publishing ---- */

static void
publish(struct broker_loop *b, const struct key *key, const char *json, int64_t ttl_ms,
        broker_done_fn *done, void *arg)
{
    struct call *c = call_new(b, &call_kind_any, NULL);
    call_on_done(c, done, arg);
    request_command(&c->request, json != NULL ? "SET" : "DEL", json != NULL ? 5 : 2);
    request_key(&c->request, key);
    if (json != NULL) {
        request_text(&c->request, json);
        request_text(&c->request, "PX");
        request_number(&c->request, ttl_ms);
    }
    call_send(b, c);
}

void
broker_loop_publish(struct broker_loop *b, const char *worker, const char *json, int64_t ttl_ms,
                    broker_done_fn *done, void *arg)
{
    struct key key;
    key_worker(&key, b->space, worker);
    publish(b, &key, json, ttl_ms, done, arg);
}

void
broker_loop_publish_tasks(struct broker_loop *b, const char *hash, const char *json, int64_t ttl_ms,
                          broker_done_fn *done, void *arg)
{
    struct key key;
    key_tasks(&key, b->space, hash);
    publish(b, &key, json, ttl_ms, done, arg);
}

/* ---- marks ---- */

static void
fail_marks(struct broker_loop *b, struct call *c, const struct error *err)
{
    (void)b;
    ((broker_marks_fn *)c->done)(c->arg, c->queue, NULL, NULL, 0, err);
}

static bool
deliver_marks(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    (void)b;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "marks", err);
    size_t n = answer->elements / 2, kept = 0;
    struct id *ids = mem_array(n + 1, sizeof *ids);
    bool *force = mem_array(n + 1, sizeof *force);
    for (size_t i = 0; i < n; i++) {
        const char *mark;
        size_t len;
        if (!answer_id(answer->element[2 * i], &ids[kept]) ||
            !answer_bytes(answer->element[2 * i + 1], &mark, &len))
            continue; /* not one of ours */
        force[kept++] = len == 5 && memcmp(mark, "force", 5) == 0;
    }
    ((broker_marks_fn *)c->done)(c->arg, c->queue, ids, force, kept, NULL);
    free(ids);
    free(force);
    return true;
}

void
broker_loop_marks(struct broker_loop *b, const char *queue, broker_marks_fn *done, void *arg)
{
    static const struct call_kind kind = {deliver_marks, fail_marks};
    static const enum queue_key keys[] = {QUEUE_CANCELLED};
    struct call *c = call_new(b, &kind, queue);
    c->done = (void (*)(void))done;
    c->arg = arg;
    request_command(&c->request, "HGETALL", 2);
    call_keys(b, c, keys, 1);
    call_send(b, c);
}
