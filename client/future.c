/* Futures: what became of a job, for whoever submitted it.
 *
 *     open ---- outcome pushed -------------------> done ---- callback called
 *       |  `--- announced, being too large: fetched --^
 *       `--- the broker knows nothing of the job: done, UNKNOWN
 *
 * News come while the feed is read (watch.c); they only change the future and put it on the list of
 * those that are ready. Callbacks run afterwards, from that list, so that they may submit, wait and
 * free. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/mem.h"

struct celeriac_future {
    struct watch watch; /* first: watches are cast back */
    struct celeriac_client *client;
    struct celeriac_future *next, **back; /* of the client's list */
    struct celeriac_future *next_in_turn; /* of `large` or `ready` */
    struct celeriac_arena *arena;         /* once done */
    struct celeriac_report report;
    bool is_done, is_large, is_ready;
    celeriac_done_fn *on_done;
    void *arg;
    char id[ID_MAX + 1];
};

/* A celeriac_wait under way; a callback may free the future it waits for, or wait for another one.
 */
struct waiting {
    struct celeriac_future *future; /* NULL: freed */
    struct waiting *outer;
};

_Static_assert((int)CELERIAC_STATE_DEAD == (int)JOB_DEAD, "the public states are ours");

static void on_news(struct watch *w, enum watch_news news, const char *outcome, size_t len);
static void finish(struct celeriac_future *f, const char *outcome, size_t len);
static bool step(struct celeriac_client *c, int timeout_ms, struct error *err);
static bool fetch_large(struct celeriac_client *c, struct error *err);
static void fetch_one(struct celeriac_future *f, const struct broker_record *record);
static void call_ready(struct celeriac_client *c);
static void make_ready(struct celeriac_future *f);
static void drop(struct celeriac_future **list, struct celeriac_future *f);
static int left_ms(int64_t deadline_ms);

struct celeriac_future *
future_new(struct celeriac_client *c, const struct id *id, const char *queue)
{
    struct celeriac_future *f = mem_zero(sizeof *f);

    f->watch.id = *id;
    f->watch.queue = queue;
    f->watch.on_news = on_news;
    f->client = c;
    id_print(id, f->id);
    f->next = c->futures;
    f->back = &c->futures;
    if (f->next) {
        f->next->back = &f->next;
    }
    c->futures = f;
    return f;
}

struct watch *
future_watch(struct celeriac_future *f)
{
    return &f->watch;
}

struct celeriac_future *
celeriac_attach(struct celeriac_client *c, const char *queue, const char *id,
                struct celeriac_error *error)
{
    struct celeriac_arena *arena;
    struct broker_record record = {.state = JOB_UNKNOWN};
    struct celeriac_future *f = NULL;
    struct error err = ERROR_INIT;
    struct id parsed;

    if (!id_parse(&parsed, id, strlen(id)) && !id_from_redis(&parsed, id, strlen(id))) {
        client_fail_with(error, ERROR_USAGE, "id \"%s\": expected a UUID", id);
        return NULL;
    }
    arena = arena_new();
    if (!broker_find(c->broker, queue, &parsed, 1, false, arena, &record, &err)) {
        client_fail(error, &err);
    } else if (record.state == JOB_UNKNOWN || !record.queue) {
        client_fail_with(error, ERROR_NOT_FOUND, "no job %s", id);
    } else {
        f = future_new(c, &parsed, client_intern(c, record.queue));
        if (job_state_is_final(record.state)) {
            fetch_one(f, &record);
        } else {
            watcher_add_late(&c->watcher, &f->watch);
        }
    }
    arena_free(arena);
    return f;
}

void
celeriac_future_free(struct celeriac_future *f)
{
    struct celeriac_client *c;

    if (!f) {
        return;
    }
    c = f->client;
    watcher_remove(&c->watcher, &f->watch);
    if (f->is_large) {
        drop(&c->large, f);
    }
    if (f->is_ready) {
        drop(&c->ready, f);
        for (c->ready_end = &c->ready; *c->ready_end;
             c->ready_end = &(*c->ready_end)->next_in_turn) {
        }
    }
    for (struct waiting *w = c->waiting; w; w = w->outer) {
        if (w->future == f) {
            w->future = NULL;
        }
    }
    *f->back = f->next;
    if (f->next) {
        f->next->back = f->back;
    }
    if (f->arena) {
        arena_free(f->arena);
    }
    free(f);
}

const char *
celeriac_id(const struct celeriac_future *f)
{
    return f->id;
}

const char *
celeriac_future_queue(const struct celeriac_future *f)
{
    return f->watch.queue;
}

bool
celeriac_done(const struct celeriac_future *f)
{
    return f->is_done;
}

const struct celeriac_report *
celeriac_future_report(const struct celeriac_future *f)
{
    return f->is_done ? &f->report : NULL;
}

const struct celeriac_value *
celeriac_result(struct celeriac_future *f, struct celeriac_error *error)
{
    const struct celeriac_report *r = &f->report;

    if (!f->is_done) {
        client_fail_with(error, ERROR_TRY_LATER, "job %s is not done yet", f->id);
        return NULL;
    }
    if (r->state == CELERIAC_STATE_SUCCESS && r->result) {
        return r->result;
    }
    if (r->state == CELERIAC_STATE_SUCCESS || r->state == CELERIAC_STATE_UNKNOWN) {
        client_fail_with(error, ERROR_NOT_FOUND,
                         r->state == CELERIAC_STATE_SUCCESS ? "the result of job %s was not kept"
                                                            : "no job %s",
                         f->id);
        return NULL;
    }
    client_fail_with(error, ERROR_FAILED, "job %s: %s%s%s%s%s", f->id,
                     celeriac_state_name(r->state), r->error_type ? ": " : "",
                     r->error_type ? r->error_type : "", r->error_message ? ": " : "",
                     r->error_message ? r->error_message : "");
    return NULL;
}

const char *
celeriac_result_json(struct celeriac_future *f, struct celeriac_error *error)
{
    const struct celeriac_value *result = celeriac_result(f, error);

    return result ? celeriac_print(f->arena, result) : NULL;
}

void
celeriac_on_done(struct celeriac_future *f, celeriac_done_fn *on_done, void *arg)
{
    f->on_done = on_done;
    f->arg = arg;
    if (f->is_done && on_done && !f->is_ready) {
        make_ready(f);
    }
}

bool
celeriac_future_cancel(struct celeriac_future *f, bool force, struct celeriac_error *error)
{
    return celeriac_cancel(f->client, f->id, force, NULL, error);
}

bool
celeriac_wait(struct celeriac_future *f, int timeout_ms, struct celeriac_error *error)
{
    struct celeriac_client *c = f->client;
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    struct waiting here = {f, c->waiting};
    struct error err = ERROR_INIT;
    bool ok = true;

    c->waiting = &here;
    call_ready(c);
    while (ok && here.future && !f->is_done) {
        ok = step(c, left_ms(deadline_ms), &err) ||
             (err.code == ERROR_TIMEOUT && clock_mono_ms() < deadline_ms);
    }
    c->waiting = here.outer;
    if (!ok && err.code == ERROR_TIMEOUT) {
        return client_fail_with(error, ERROR_TIMEOUT, "job %s: not done within %d ms", f->id,
                                timeout_ms);
    }
    return ok || client_fail(error, &err);
}

bool
celeriac_wait_all(struct celeriac_client *c, int timeout_ms, struct celeriac_error *error)
{
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    struct error err = ERROR_INIT;

    call_ready(c);
    while (c->watcher.count || c->large) {
        if (!step(c, left_ms(deadline_ms), &err) &&
            (err.code != ERROR_TIMEOUT || clock_mono_ms() >= deadline_ms)) {
            return client_fail(error, &err);
        }
    }
    return true;
}

bool
celeriac_poll(struct celeriac_client *c, int timeout_ms, size_t *n_done,
              struct celeriac_error *error)
{
    size_t before = c->n_finished;
    bool is_busy = c->ready || c->large;
    struct error err = ERROR_INIT;
    bool ok = true;

    call_ready(c);
    if (c->watcher.count || c->large) {
        ok = step(c, is_busy ? 0 : timeout_ms, &err) || err.code == ERROR_TIMEOUT;
    }
    if (n_done) {
        *n_done = c->n_finished - before;
    }
    return ok || client_fail(error, &err);
}

static void
on_news(struct watch *w, enum watch_news news, const char *outcome, size_t len)
{
    struct celeriac_future *f = (struct celeriac_future *)w;

    switch (news) {
    case WATCH_OUTCOME:
        finish(f, outcome, len);
        return;
    case WATCH_GONE:
        finish(f, NULL, 0);
        return;
    case WATCH_LARGE:
        f->is_large = true;
        f->next_in_turn = f->client->large;
        f->client->large = f;
        return;
    }
}

/* outcome NULL: nobody knows what became of the job. */
static void
finish(struct celeriac_future *f, const char *outcome, size_t len)
{
    struct outcome o = OUTCOME_INIT;
    struct error err = ERROR_INIT;

    f->arena = arena_new();
    if (outcome && !outcome_decode(outcome, len, f->arena, &o, &err)) {
        o = OUTCOME_INIT;
        o.error_type = "unreadable_outcome";
        o.error_message = arena_text(f->arena, err.message, strlen(err.message));
    }
    f->report = (struct celeriac_report){.state = (enum celeriac_state)o.state,
                                         .result = o.result,
                                         .error_type = o.error_type,
                                         .error_message = o.error_message,
                                         .error_signal = o.error_signal,
                                         .worker = o.worker,
                                         .started_at_ms = o.started_at_ms,
                                         .finished_at_ms = o.finished_at_ms,
                                         .runtime_us = o.runtime_us,
                                         .attempt = o.attempt,
                                         .crashes = o.crashes};
    f->is_done = true;
    f->client->n_finished++;
    if (f->on_done) {
        make_ready(f);
    }
}

/* Takes in what comes within the time, then calls back. */
static bool
step(struct celeriac_client *c, int timeout_ms, struct error *err)
{
    bool ok = c->large || watcher_wait(&c->watcher, timeout_ms, err);

    if (c->large && !fetch_large(c, err)) {
        ok = false;
    }
    call_ready(c);
    return ok;
}

static bool
fetch_large(struct celeriac_client *c, struct error *err)
{
    while (c->large) {
        struct celeriac_future *f = c->large;
        struct celeriac_arena *arena = arena_new();
        struct broker_record record = {.state = JOB_UNKNOWN};
        bool ok =
            broker_find(c->broker, f->watch.queue, &f->watch.id, 1, false, arena, &record, err);

        if (ok) {
            c->large = f->next_in_turn;
            f->is_large = false;
            fetch_one(f, &record);
        }
        arena_free(arena);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void
fetch_one(struct celeriac_future *f, const struct broker_record *record)
{
    bool is_there = job_state_is_final(record->state) && record->outcome;

    finish(f, is_there ? record->outcome : NULL, is_there ? record->outcome_len : 0);
    if (!is_there && job_state_is_final(record->state)) {
        f->report.state = (enum celeriac_state)record->state;
    }
}

static void
call_ready(struct celeriac_client *c)
{
    while (c->ready) {
        struct celeriac_future *f = c->ready;
        celeriac_done_fn *on_done = f->on_done;

        c->ready = f->next_in_turn;
        if (!c->ready) {
            c->ready_end = &c->ready;
        }
        f->is_ready = false;
        f->on_done = NULL;
        if (on_done) {
            on_done(f, f->arg);
        }
    }
}

static void
make_ready(struct celeriac_future *f)
{
    struct celeriac_client *c = f->client;

    f->is_ready = true;
    f->next_in_turn = NULL;
    *c->ready_end = f;
    c->ready_end = &f->next_in_turn;
}

static void
drop(struct celeriac_future **list, struct celeriac_future *f)
{
    while (*list != f) {
        list = &(*list)->next_in_turn;
    }
    *list = f->next_in_turn;
}

static int
left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_mono_ms();

    return deadline_ms == INT64_MAX ? -1 : left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}
