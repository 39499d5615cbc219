/* The sentences of `celeriac explain`. Each has a word of its own, for programs; the words are part
 * of the contract, the sentences are not.
 *
 * A job that waits can have several reasons at once (paused, and nobody would serve it anyway): all
 * are told, so that who mends the first is not surprised by the second. */
#include "client/cli/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/fleet_view.h"
#include "client/cli/job_view.h"
#include "client/cli/limit_text.h"
#include "client/cli/output.h"
#include "common/arena.h"
#include "common/clock.h"

struct telling {
    const struct explain_facts *f;
    struct celeriac_arena *arena;
    struct celeriac_value *reasons;
    struct message message;
    bool has_message;
};

/* Slots of the workers that take new jobs. */
struct slots {
    int64_t workers, all, busy;
};

static void tell(struct telling *t, const char *reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void tell_unknown(struct telling *t);
static void tell_delayed(struct telling *t);
static void tell_queued(struct telling *t);
static void tell_running(struct telling *t);
static void tell_ended(struct telling *t);
static void tell_dead_letter(struct telling *t);
static void tell_workers(struct telling *t);
static void tell_limits(struct telling *t);
static void tell_place(struct telling *t);
static void tell_expiry(struct telling *t, int64_t due_at_ms);
static const struct celeriac_value *worker_of(const struct telling *t, const char **name);
static const struct celeriac_value *running_on(const struct celeriac_value *worker, const char *id);
static struct slots count_slots(const struct telling *t);
static const char *when(struct telling *t, int64_t wall_ms);
static const char *span(struct telling *t, int64_t ms);

struct celeriac_value *
explain(const struct explain_facts *facts, struct celeriac_arena *arena)
{
    struct telling t = {.f = facts, .arena = arena, .message = MESSAGE_INIT};
    const struct broker_record *record = facts->record;

    t.reasons = celeriac_array(arena);
    if (record->message) {
        t.has_message =
            message_decode(record->message, record->message_len, arena, &t.message, NULL) ||
            message_peek(record->message, record->message_len, &t.message);
    }
    switch (record->state) {
    case JOB_UNKNOWN:
        tell_unknown(&t);
        break;
    case JOB_DELAYED:
        tell_delayed(&t);
        break;
    case JOB_QUEUED:
        tell_queued(&t);
        break;
    case JOB_RUNNING:
        tell_running(&t);
        break;
    case JOB_SUCCESS:
    case JOB_CANCELLED:
    case JOB_EXPIRED:
        tell_ended(&t);
        break;
    case JOB_FAILURE:
    case JOB_DEAD:
        tell_dead_letter(&t);
        break;
    }
    return t.reasons;
}

static void
tell(struct telling *t, const char *reason, const char *format, ...)
{
    struct celeriac_value *v = celeriac_object(t->arena);
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    celeriac_set(v, "reason", celeriac_text(t->arena, reason));
    celeriac_set(v, "text", celeriac_text(t->arena, text));
    celeriac_append(t->reasons, v);
}

/* ---- unknown ---- */

static void
tell_unknown(struct telling *t)
{
    int64_t created_ms = id_created_ms(&t->f->record->id);
    int64_t age_ms = t->f->now_ms - created_ms;

    if (created_ms > 0 && age_ms > 0) {
        tell(t, "unknown",
             "No queue knows this id, which was made %s ago: its job was purged or discarded, was "
             "never submitted to this Redis and namespace, or its outcome has expired (a day is "
             "kept "
             "unless --result-ttl says otherwise).",
             span(t, age_ms));
    } else {
        tell(t, "unknown",
             "No queue knows this id: no such job was submitted to this Redis and namespace, or "
             "its outcome has expired.");
    }
}

/* ---- delayed ---- */

static void
tell_delayed(struct telling *t)
{
    int64_t due_ms = t->f->record->due_at_ms, left_ms = due_ms - t->f->now_ms;

    if (left_ms <= 0) {
        tell(t, "due", "It has been due since %s (%s): a live worker of queue %s queues it.",
             when(t, due_ms), span(t, -left_ms), t->f->record->queue);
    } else if (t->message.attempts > 0) {
        tell(t, "retry",
             "It failed %u time%s; after its back-off the next attempt is due at %s, in %s.",
             t->message.attempts, t->message.attempts == 1 ? "" : "s", when(t, due_ms),
             span(t, left_ms));
    } else {
        tell(t, "delayed", "It is due at %s, in %s.", when(t, due_ms), span(t, left_ms));
    }
    tell_expiry(t, due_ms);
    if (t->f->queue->is_paused) {
        tell(t, "paused", "Queue %s is paused: even when it is due it waits for `celeriac resume`.",
             t->f->record->queue);
    }
    tell_workers(t);
}

/* ---- queued ---- */

static void
tell_queued(struct telling *t)
{
    const char *queue = t->f->record->queue;

    if (t->f->ties.mark) {
        tell(t, "cancelled",
             "It was cancelled while it ran and then came back: whoever takes it next ends it as "
             "cancelled.");
    }
    if (t->f->queue->is_paused) {
        tell(t, "paused", "Queue %s is paused: `celeriac resume %s` lets it go on.", queue, queue);
    }
    tell_expiry(t, 0);
    tell_workers(t);
    if (t->message.flags & MESSAGE_SUSPECT) {
        tell(t, "suspect",
             "It ran in a process that died without a culprit, so it runs alone: it waits for a "
             "runner that is wholly idle.");
    }
    tell_limits(t);
    tell_place(t);
}

/* What keeps every job of this queue and task from running. */
static void
tell_workers(struct telling *t)
{
    const char *queue = t->f->record->queue;
    const char *task = job_view_text(t->f->view, "task");
    struct slots slots = count_slots(t);

    if (t->f->n_workers == 0) {
        tell(t, "no_worker", "No live worker serves queue %s.", queue);
        return;
    }
    if (slots.workers == 0) {
        tell(t, "quiet", "No worker of queue %s takes new jobs: %zu quiet or stopping.", queue,
             t->f->n_workers);
    }
    if (t->f->has_tables && !t->f->is_task_known) {
        tell(t, "unknown_task",
             "No live worker of queue %s knows task %s: it ends as dead when one takes it.", queue,
             task);
    }
}

/* What holds back the starts of a queue whose workers are idle. */
static void
tell_limits(struct telling *t)
{
    const struct broker_limits *limits = &t->f->queue->limits;
    int64_t at_once = limits->of[LIMIT_CONCURRENCY];
    const char *key = t->f->record->waits_for_key;
    char text[LIMIT_TEXT_MAX];

    if (key) {
        tell(t, "limit_key", "It waits for its limit key %s to have room: %s.", key,
             limit_text_print(limits, text));
    } else if (at_once > 0 && t->f->queue->running >= at_once) {
        tell(t, "limit", "Queue %s runs at most %" PRId64 " at once, and %" PRId64 " run.",
             t->f->record->queue, at_once, t->f->queue->running);
    } else if (limits->of[LIMIT_RATE] || limits->of[LIMIT_KEY_CONCURRENCY] ||
               limits->of[LIMIT_KEY_RATE]) {
        tell(t, "limit", "Starts of queue %s are limited, which may hold it back: %s.",
             t->f->record->queue, limit_text_print(limits, text));
    }
}

static void
tell_place(struct telling *t)
{
    struct slots slots = count_slots(t);
    int64_t ahead = t->f->record->ahead;

    if (ahead > 0) {
        tell(t, "ahead",
             "%" PRId64 " job%s of its %s with the same or a higher priority %s before it.", ahead,
             ahead == 1 ? "" : "s", t->f->record->waits_for_key ? "limit key" : "queue",
             ahead == 1 ? "comes" : "come");
    }
    if (slots.workers > 0 && slots.busy >= slots.all) {
        tell(t, "busy", "All %" PRId64 " slots of the %" PRId64 " worker%s of queue %s are busy.",
             slots.all, slots.workers, slots.workers == 1 ? "" : "s", t->f->record->queue);
    }
    if (celeriac_size(t->reasons) == 0) {
        tell(t, "next", "Nothing holds it back: the next idle slot takes it.");
    }
}

/* A job that is due at `due_at_ms` (0: now) and may be too late then. */
static void
tell_expiry(struct telling *t, int64_t due_at_ms)
{
    int64_t expires_ms = t->message.expires_at_ms;

    if (expires_ms == 0) {
        return;
    }
    if (expires_ms <= t->f->now_ms) {
        tell(t, "expired", "It expired at %s: whoever takes it next ends it as expired.",
             when(t, expires_ms));
    } else if (due_at_ms && expires_ms <= due_at_ms) {
        tell(t, "expires", "It expires at %s, before it is due: it will not run.",
             when(t, expires_ms));
    }
}

/* ---- running ---- */

static void
tell_running(struct telling *t)
{
    const struct broker_record *r = t->f->record;
    const char *name, *share = "";
    const struct celeriac_value *worker = worker_of(t, &name), *running;
    double x;

    if (!r->runner) {
        tell(t, "moving", "It is on its way between two places: look again.");
        return;
    }
    running = running_on(worker, t->f->id);
    if (celeriac_get_number(celeriac_get(running, "progress"), &x)) {
        share = arena_printf(t->arena, ", %.0f%% done", x * 100);
    }
    if (running) {
        tell(t, "running",
             "It runs on worker %s (process %" PRId64 ") since %s (%s), attempt %u%s.", name,
             job_view_integer(running, "pid"), when(t, job_view_integer(running, "since_ms")),
             span(t, t->f->now_ms - job_view_integer(running, "since_ms")), t->message.attempts + 1,
             share);
    } else if (worker) {
        tell(t, "reserved",
             "Worker %s has reserved it at %s (%s ago) and has not yet shown that it runs.", name,
             when(t, r->started_at_ms), span(t, t->f->now_ms - r->started_at_ms));
    } else {
        tell(t, "lost", "Worker %s reserved it at %s and is not heard of any more: %s", name,
             when(t, r->started_at_ms),
             t->f->n_workers ? "another worker takes it over when the lease has ended."
                             : "the next worker of the queue that starts takes it over.");
    }
    if (t->f->ties.mark) {
        tell(t, "cancelled", "It is cancelled%s: whatever it computes, it ends as cancelled.",
             t->f->ties.mark == BROKER_MARK_FORCE ? " by force" : "");
    }
}

/* ---- ended ---- */

static void
tell_ended(struct telling *t)
{
    const struct celeriac_value *v = t->f->view;
    const char *started = job_view_text(v, "started_at"), *at = job_view_text(v, "finished_at");
    double ms = 0;

    celeriac_get_number(celeriac_get(v, "runtime_ms"), &ms);
    if (t->f->record->state == JOB_SUCCESS) {
        tell(t, "success", "It succeeded at %s on worker %s, attempt %" PRId64 ", after %.3f s.",
             at, job_view_text(v, "worker"), job_view_integer(v, "attempt"), ms / 1000);
    } else if (t->f->record->state == JOB_EXPIRED) {
        tell(t, "expired", "It expired before it was started%s%s.", *at ? ", seen at " : "", at);
    } else if (*started) {
        tell(t, "cancelled", "It was cancelled while it ran; it ended at %s.", at);
    } else {
        tell(t, "cancelled", "It was cancelled before it was started%s%s.", *at ? ", at " : "", at);
    }
}

static void
tell_dead_letter(struct telling *t)
{
    const struct celeriac_value *v = t->f->view;
    bool is_failure = t->f->record->state == JOB_FAILURE;
    char holder[ID_MAX + 1];
    int64_t ends_ms = t->f->ties.holder_ends_ms;

    tell(t, is_failure ? "failure" : "dead",
         "It %s at %s, after %" PRId64 " attempt%s and %" PRId64 " crash%s: %s.",
         is_failure ? "failed for good" : "was given up", job_view_text(v, "finished_at"),
         job_view_integer(v, "attempt"), job_view_integer(v, "attempt") == 1 ? "" : "s",
         job_view_integer(v, "crashes"), job_view_integer(v, "crashes") == 1 ? "" : "es",
         job_view_error(celeriac_get(v, "error"), t->arena));
    if (t->f->ties.has_holder && (ends_ms == 0 || ends_ms > t->f->now_ms)) {
        tell(t, "unique",
             "Job %s holds its uniqueness key, so it cannot be retried before that ends.",
             id_print(&t->f->ties.holder, holder));
    } else {
        tell(t, "dead_letter", "It is a dead letter: `celeriac retry %s` runs it again.", t->f->id);
    }
}

/* ---- what workers say ---- */

/* NULL: its worker has not published itself for three leases. */
static const struct celeriac_value *
worker_of(const struct telling *t, const char **name)
{
    const char *runner = t->f->record->runner ? t->f->record->runner : "";

    *name = arena_text(t->arena, runner, strcspn(runner, "/"));
    for (size_t i = 0; i < t->f->n_workers; i++) {
        if (strcmp(job_view_text(t->f->workers[i], "worker"), *name) == 0) {
            return t->f->workers[i];
        }
    }
    return NULL;
}

static const struct celeriac_value *
running_on(const struct celeriac_value *worker, const char *id)
{
    const struct celeriac_value *running = celeriac_get(worker, "running");

    for (size_t i = 0; i < celeriac_size(running); i++) {
        const struct celeriac_value *job = celeriac_at(running, i);
        if (strcmp(job_view_text(job, "id"), id) == 0) {
            return job;
        }
    }
    return NULL;
}

static struct slots
count_slots(const struct telling *t)
{
    struct slots s = {0, 0, 0};

    for (size_t i = 0; i < t->f->n_workers; i++) {
        const struct celeriac_value *w = t->f->workers[i];
        if (strcmp(job_view_text(w, "state"), "running") == 0) {
            s.workers++;
            s.all += fleet_view_slots(w);
            s.busy += job_view_integer(w, "busy");
        }
    }
    return s;
}

static const char *
when(struct telling *t, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    return arena_printf(t->arena, "%s", clock_print(wall_ms, text));
}

static const char *
span(struct telling *t, int64_t ms)
{
    char text[16];

    return arena_printf(t->arena, "%s", output_age(ms, text));
}
