/* A job in JSON and as a block of text.
 *
 * Three sources make one picture: the message (until the job is done), the outcome (afterwards;
 * dead letters have both), and what the broker keeps beside them: queue, due time, owner. A message
 * that somebody else wrote and that cannot be read shows what its head tells. */
#include "client/cli/job_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"

/* The two decoded. */
struct parts {
    const struct broker_record *record;
    struct celeriac_arena *arena;
    struct message message;
    struct outcome outcome;
    bool has_message, has_outcome;
};

static void decode(struct parts *p);
static void add_request(struct celeriac_value *v, const struct parts *p);
static void add_counters(struct celeriac_value *v, const struct parts *p);
static void add_times(struct celeriac_value *v, const struct parts *p);
static void add_worker(struct celeriac_value *v, const struct parts *p,
                       const struct job_progress *progress);
static void add_end(struct celeriac_value *v, const struct outcome *o,
                    struct celeriac_arena *arena);
static struct celeriac_value *borrow(const struct celeriac_value *v);
static void set_text(struct celeriac_value *v, const char *key, const char *text);
static void set_integer(struct celeriac_value *v, const char *key, int64_t n);
static void set_time(struct celeriac_value *v, const char *key, int64_t wall_ms);
static const struct celeriac_value *find_progress(const struct job_progress *progress,
                                                  const char *id);

struct job_progress
job_progress_read(struct broker *b, const char *queue, struct celeriac_arena *arena)
{
    struct job_progress p = {NULL, 0};
    const char **json;
    size_t n;

    if (!broker_workers(b, queue, arena, &json, &n, NULL)) {
        return p;
    }
    p.states = arena_alloc(arena, (n + 1) * sizeof *p.states);
    for (size_t i = 0; i < n; i++) {
        p.states[p.n] = json_parse(arena, json[i], strlen(json[i]), NULL);
        p.n += p.states[p.n] != NULL;
    }
    return p;
}

struct celeriac_value *
job_view(const struct broker_record *record, const struct job_progress *progress,
         struct celeriac_arena *arena)
{
    struct parts p = {.record = record, .arena = arena};
    struct celeriac_value *v = celeriac_object(arena);
    char id[ID_MAX + 1];

    decode(&p);
    set_integer(v, "v", 1);
    set_text(v, "id", id_print(&record->id, id));
    add_request(v, &p);
    set_text(v, "state", job_state_name(record->state));
    add_counters(v, &p);
    add_times(v, &p);
    add_worker(v, &p, progress);
    if (p.has_outcome) {
        add_end(v, &p.outcome, arena);
    }
    if (record->state == JOB_QUEUED && record->ahead >= 0) {
        set_integer(v, "ahead", record->ahead);
    }
    if (p.has_message && p.message.limit_key) {
        value_add(v, "limit_key", 9,
                  celeriac_string(arena, p.message.limit_key, p.message.limit_key_len));
    }
    if (record->waits_for_key) {
        set_text(v, "waits_for", arena_printf(arena, "its limit key %s", record->waits_for_key));
    }
    if (p.has_message && celeriac_size(p.message.tags)) {
        value_add(v, "tags", 4, borrow(p.message.tags));
    }
    return v;
}

void
job_view_add_outcome(struct celeriac_value *view, const struct outcome *o,
                     struct celeriac_arena *arena)
{
    set_time(view, "started_at", o->started_at_ms);
    set_time(view, "finished_at", o->finished_at_ms);
    set_text(view, "worker", o->worker);
    add_end(view, o, arena);
}

void
job_view_print(const struct celeriac_value *view, bool has_colors)
{
    for (size_t i = 0; i < celeriac_size(view); i++) {
        const char *key;
        const struct celeriac_value *v = celeriac_entry(view, i, &key);
        struct celeriac_arena *arena = arena_new();
        enum job_state state = JOB_UNKNOWN;

        if (strcmp(key, "v") == 0) {
            arena_free(arena);
            continue;
        }
        printf("%-12s ", key);
        if (strcmp(key, "state") == 0 && job_state_parse(celeriac_bytes(v, NULL), &state)) {
            printf("%s%s%s\n", output_state_color(has_colors, state), celeriac_bytes(v, NULL),
                   output_color_end(has_colors));
        } else if (strcmp(key, "error") == 0) {
            printf("%s\n", job_view_error(v, arena));
        } else {
            output_result(v, strcmp(key, "result") != 0);
        }
        arena_free(arena);
    }
}

const char *
job_view_text(const struct celeriac_value *view, const char *field)
{
    const struct celeriac_value *v = celeriac_get(view, field);

    return celeriac_type(v) == CELERIAC_STRING ? celeriac_bytes(v, NULL) : "";
}

int64_t
job_view_integer(const struct celeriac_value *view, const char *field)
{
    int64_t n = 0;

    celeriac_get_integer(celeriac_get(view, field), &n);
    return n;
}

const char *
job_view_error(const struct celeriac_value *error, struct celeriac_arena *arena)
{
    const char *type = job_view_text(error, "type");
    const char *message = job_view_text(error, "message");
    const char *signal = job_view_text(error, "signal");

    return arena_printf(arena, "%s%s%s%s%s%s", type, *type && *message ? ": " : "", message,
                        *signal ? " (signal " : "", signal, *signal ? ")" : "");
}

static void
decode(struct parts *p)
{
    const struct broker_record *r = p->record;

    if (r->outcome) {
        p->has_outcome = outcome_decode(r->outcome, r->outcome_len, p->arena, &p->outcome, NULL);
    }
    if (r->message) {
        p->has_message = message_decode(r->message, r->message_len, p->arena, &p->message, NULL);
        if (!p->has_message) {
            p->has_message = message_peek(r->message, r->message_len, &p->message);
            p->message.args = p->message.kwargs = p->message.tags = NULL;
        }
    }
}

static void
add_request(struct celeriac_value *v, const struct parts *p)
{
    const struct message *m = &p->message;

    if (p->has_message && m->task_len) {
        set_text(v, "task", arena_text(p->arena, m->task, m->task_len));
    } else if (p->has_outcome) {
        set_text(v, "task", p->outcome.task);
    }
    if (p->has_message && m->args) {
        value_add(v, "args", 4, borrow(m->args));
    }
    if (p->has_message && celeriac_size(m->kwargs)) {
        value_add(v, "kwargs", 6, borrow(m->kwargs));
    }
    set_text(v, "queue", p->record->queue);
    if (p->has_message) {
        set_integer(v, "priority", m->priority);
    }
}

static void
add_counters(struct celeriac_value *v, const struct parts *p)
{
    bool is_running = p->record->state == JOB_RUNNING;

    if (p->has_outcome) {
        set_integer(v, "attempt", p->outcome.attempt);
        set_integer(v, "crashes", p->outcome.crashes);
    } else if (p->has_message) {
        set_integer(v, "attempt", p->message.attempts + (is_running ? 1 : 0));
        set_integer(v, "crashes", p->message.crashes);
    }
}

static void
add_times(struct celeriac_value *v, const struct parts *p)
{
    set_time(v, "created_at", id_created_ms(&p->record->id));
    if (p->record->state == JOB_DELAYED) {
        set_time(v, "due_at", p->record->due_at_ms);
    }
    if (p->has_outcome) {
        set_time(v, "started_at", p->outcome.started_at_ms);
        set_time(v, "finished_at", p->outcome.finished_at_ms);
    } else if (p->record->state == JOB_RUNNING) {
        set_time(v, "started_at", p->record->started_at_ms);
    }
}

static void
add_worker(struct celeriac_value *v, const struct parts *p, const struct job_progress *progress)
{
    const char *runner = p->record->runner;
    char id[ID_MAX + 1];

    if (p->has_outcome) {
        set_text(v, "worker", p->outcome.worker);
        return;
    }
    if (runner) {
        set_text(v, "worker", arena_text(p->arena, runner, strcspn(runner, "/")));
    }
    if (p->record->state == JOB_RUNNING && progress) {
        const struct celeriac_value *share = find_progress(progress, id_print(&p->record->id, id));
        double x;
        if (celeriac_get_number(share, &x)) {
            celeriac_set(v, "progress", celeriac_number(v->arena, x));
        }
    }
}

static void
add_end(struct celeriac_value *v, const struct outcome *o, struct celeriac_arena *arena)
{
    if (o->result) {
        value_add(v, "result", 6, borrow(o->result));
    }
    if (o->error_type || o->error_message || o->error_signal) {
        struct celeriac_value *error = celeriac_object(arena);
        set_text(error, "type", o->error_type);
        set_text(error, "message", o->error_message);
        set_text(error, "signal", o->error_signal);
        celeriac_set(v, "error", error);
    }
    if (o->started_at_ms) {
        celeriac_set(v, "runtime_ms", celeriac_number(arena, (double)o->runtime_us / 1000));
    }
}

/* For putting a decoded value, which nobody changes, into the view; both live in the same arena. */
static struct celeriac_value *
borrow(const struct celeriac_value *v)
{
    return (struct celeriac_value *)(uintptr_t)v;
}

static void
set_text(struct celeriac_value *v, const char *key, const char *text)
{
    if (text) {
        celeriac_set(v, key, celeriac_text(v->arena, text));
    }
}

static void
set_integer(struct celeriac_value *v, const char *key, int64_t n)
{
    celeriac_set(v, key, celeriac_integer(v->arena, n));
}

static void
set_time(struct celeriac_value *v, const char *key, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (wall_ms > 0) {
        set_text(v, key, clock_print(wall_ms, text));
    }
}

/* NULL: no worker tells. */
static const struct celeriac_value *
find_progress(const struct job_progress *progress, const char *id)
{
    for (size_t i = 0; i < progress->n; i++) {
        const struct celeriac_value *running = celeriac_get(progress->states[i], "running");
        for (size_t j = 0; j < celeriac_size(running); j++) {
            const struct celeriac_value *job = celeriac_at(running, j);
            if (strcmp(job_view_text(job, "id"), id) == 0) {
                return celeriac_get(job, "progress");
            }
        }
    }
    return NULL;
}
