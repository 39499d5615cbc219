/* Changing what is there: cancel, retry, discard, pause, purge, control. By id alone every queue is
 * asked; a queue that does not know the id answers so and changes nothing. */
#include <string.h>

#include "broker/events.h"
#include "broker/names.h"
#include "broker/outcome_state.h"

enum { PURGE_AT_ONCE = 500 };

static bool need_queue(struct broker *b, const char *queue, struct error *err);

/* ---- cancel ---- */

struct cancel {
    struct broker *b;
    const struct id *id;
    bool force;
    struct buffer outcome;
    enum job_state state;
    const char *const *queues;
    const char *queue; /* in which it ended */
};

static void
write_cancel(struct cancel *c, const char *queue)
{
    static const enum queue_key which[] = {QUEUE_DELAYED,   QUEUE_DEAD,    QUEUE_REASONS,
                                           QUEUE_CANCELLED, QUEUE_WAITERS, QUEUE_UNIQUE,
                                           QUEUE_STATS};
    struct request *r = exchange_script(c->b, SCRIPT_CANCEL, 11 + PRIORITY_COUNT, 6);
    struct key key;
    key_jobs(&key, c->b->space, queue, c->id);
    request_key(r, &key);
    request_queue_keys(r, c->b->space, queue, which, sizeof which / sizeof which[0]);
    key_results(&key, c->b->space, queue, c->id);
    request_key(r, &key);
    key_of_queue(&key, c->b->space, queue, QUEUE_SUSPECTS);
    request_key(r, &key);
    request_ready_keys(r, c->b->space, queue);
    key_of_queue(&key, c->b->space, queue, QUEUE_PARKED);
    request_key(r, &key);
    request_arg(r, c->id->text, c->id->len);
    request_arg(r, c->outcome.data, c->outcome.len);
    request_number(r, OUTCOME_TTL_MS);
    request_text(r, id_has_bucket(c->id) ? "0" : "1");
    request_text(r, c->force ? "force" : "grace");
    key_of_queue(&key, c->b->space, queue, QUEUE_CONTROL);
    request_key(r, &key);
}

static bool
take_cancel(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct cancel *c = arg;
    const char *outcome = "";
    size_t len = 0;
    switch (answer_status(answer)) {
    case 0:
        return true;
    case 1:
        c->state = JOB_CANCELLED;
        c->queue = c->queues[i];
        return true;
    case 2:
        c->state = JOB_RUNNING;
        return true;
    case 3:
        if (!answer_bytes(answer_at(answer, 1), &outcome, &len))
            return answer_unexpected(answer, "cancel", err);
        c->state = outcome_state(outcome, len, JOB_DEAD);
        return true;
    default:
        return answer_unexpected(answer, "cancel", err);
    }
}

bool
broker_cancel(struct broker *b, const struct id *id, bool force, enum job_state *state,
              struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    struct names queues = {.arena = arena};
    struct cancel c = {b, id, force, BUFFER_INIT, JOB_UNKNOWN, NULL, NULL};
    bool ok = names_of_queues(b, NULL, &queues, err);
    outcome_bare(JOB_CANCELLED, &c.outcome);
    if (ok) {
        c.queues = queues.items;
        for (size_t i = 0; i < queues.n; i++)
            write_cancel(&c, queues.items[i]);
        ok = exchange_run(b, take_cancel, &c, err);
    }
    if (ok)
        *state = c.state;
    if (ok && c.queue != NULL)
        broker_event(b, &(struct broker_event){EVENT_JOB_CANCELLED, .queue = c.queue, .id = id});
    buffer_clear(&c.outcome);
    arena_free(arena);
    return ok;
}

/* ---- dead letters ---- */

struct letter {
    struct broker *b;
    const struct id *id;
    const char *const *queues;
    const char *queue; /* in which it was changed; among `queues` */
    bool is_done, is_taken;
    struct id holder; /* of the uniqueness key */
};
typedef void write_letter_fn(struct broker *b, const char *queue, const struct id *id);

static void
write_retry(struct broker *b, const char *queue, const struct id *id)
{
    static const enum queue_key which[] = {QUEUE_DEAD, QUEUE_REASONS, QUEUE_UNIQUE, QUEUE_BELL,
                                           QUEUE_STATS};
    struct request *r = exchange_script(b, SCRIPT_REQUEUE, 6 + PRIORITY_COUNT, 1);
    struct key jobs;
    key_jobs(&jobs, b->space, queue, id);
    request_key(r, &jobs);
    request_queue_keys(r, b->space, queue, which, sizeof which / sizeof which[0]);
    request_ready_keys(r, b->space, queue);
    request_arg(r, id->text, id->len);
}

static void
write_discard(struct broker *b, const char *queue, const struct id *id)
{
    static const enum queue_key which[] = {QUEUE_DEAD, QUEUE_REASONS, QUEUE_STATS};
    struct request *r = exchange_script(b, SCRIPT_DISCARD, 4, 1);
    struct key jobs;
    key_jobs(&jobs, b->space, queue, id);
    request_key(r, &jobs);
    request_queue_keys(r, b->space, queue, which, sizeof which / sizeof which[0]);
    request_arg(r, id->text, id->len);
}

static bool
take_letter(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct letter *l = arg;
    int64_t status = answer_status(answer);
    if (status < 0 || status > 2 || (status == 2 && !answer_id(answer_at(answer, 1), &l->holder)))
        return answer_unexpected(answer, "dead letter", err);
    if (status == 0)
        l->queue = l->queues[i];
    l->is_taken = l->is_taken || status == 2;
    return true;
}

/* Asks all queues, and tells that it is done; where it is no dead letter, *state says what it is.
 */
static bool
change_letter(struct letter *l, write_letter_fn *write, enum broker_event_kind kind,
              enum job_state *state, struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    struct names queues = {.arena = arena};
    struct broker_record record = {.state = JOB_UNKNOWN};
    bool ok = names_of_queues(l->b, NULL, &queues, err);
    if (ok) {
        l->queues = queues.items;
        for (size_t i = 0; i < queues.n; i++)
            write(l->b, queues.items[i], l->id);
        ok = exchange_run(l->b, take_letter, l, err);
    }
    if (ok && l->queue != NULL)
        broker_event(l->b, &(struct broker_event){kind, .queue = l->queue, .id = l->id});
    else if (ok && !l->is_taken)
        ok = broker_find(l->b, NULL, l->id, 1, false, arena, &record, err);
    l->is_done = l->queue != NULL;
    *state = record.state;
    arena_free(arena);
    return ok;
}

bool
broker_retry(struct broker *b, const struct id *id, enum job_state *state, struct error *err)
{
    struct letter l = {.b = b, .id = id};
    char text[ID_MAX + 1];
    if (!change_letter(&l, write_retry, EVENT_JOB_REQUEUED, state, err))
        return false;
    if (l.is_done)
        *state = JOB_QUEUED;
    return !l.is_taken || error_set(err, ERROR_EXISTS, "its uniqueness key is held by job %s",
                                    id_print(&l.holder, text));
}

bool
broker_discard(struct broker *b, const struct id *id, bool *is_done, enum job_state *state,
               struct error *err)
{
    struct letter l = {.b = b, .id = id};
    if (!change_letter(&l, write_discard, EVENT_JOB_DISCARDED, state, err))
        return false;
    *is_done = l.is_done;
    return true;
}

/* ---- whole queues ---- */

static bool
take_number(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)i;
    return answer_integer(answer, arg) || answer_unexpected(answer, "number", err);
}

static bool
take_status(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    int64_t *status = arg;
    (void)i;
    *status = answer_status(answer);
    return *status >= 0 || answer_unexpected(answer, "status", err);
}

bool
broker_pause(struct broker *b, const char *queue, bool pause, struct error *err)
{
    int64_t status = 0;
    if (!need_queue(b, queue, err))
        return false;
    static const enum queue_key which[] = {QUEUE_META, QUEUE_BELL};
    struct request *r = exchange_script(b, SCRIPT_PAUSE, 2, 1);
    request_queue_keys(r, b->space, queue, which, 2);
    request_text(r, pause ? "1" : "0");
    if (!exchange_run(b, take_status, &status, err))
        return false;
    broker_event(b, &(struct broker_event){pause ? EVENT_QUEUE_PAUSED : EVENT_QUEUE_RESUMED,
                                           .queue = queue});
    return true;
}

static void
write_purge(struct broker *b, const char *queue, const struct buffer *outcome)
{
    static const enum queue_key which[] = {QUEUE_JOBS,    QUEUE_DELAYED, QUEUE_WAITERS,
                                           QUEUE_UNIQUE,  QUEUE_STATS,   QUEUE_CANCELLED,
                                           QUEUE_SUSPECTS};
    struct key parked;
    struct request *r = exchange_script(b, SCRIPT_PURGE, 8 + PRIORITY_COUNT, 2);
    request_queue_keys(r, b->space, queue, which, sizeof which / sizeof which[0]);
    request_ready_keys(r, b->space, queue);
    key_of_queue(&parked, b->space, queue, QUEUE_PARKED);
    request_key(r, &parked);
    request_number(r, PURGE_AT_ONCE);
    request_arg(r, outcome->data, outcome->len);
}

bool
broker_purge(struct broker *b, const char *queue, int64_t *removed, struct error *err)
{
    struct buffer outcome = BUFFER_INIT;
    int64_t total = 0, some = 0;
    bool ok = true;
    if (!need_queue(b, queue, err))
        return false;
    outcome_bare(JOB_CANCELLED, &outcome);
    do {
        write_purge(b, queue, &outcome);
        ok = exchange_run(b, take_status, &some, err);
        total += ok ? some : 0;
    } while (ok && some > 0);
    buffer_clear(&outcome);
    if (!ok)
        return false;
    *removed = total;
    broker_event(b, &(struct broker_event){EVENT_QUEUE_PURGED, .queue = queue, .count = total});
    return true;
}

bool
broker_control(struct broker *b, const char *worker, const char *command, int64_t *heard,
               struct error *err)
{
    struct key key;
    if (strlen(worker) > RUNNER_NAME_MAX)
        return error_set(err, ERROR_USAGE, "worker \"%.80s\": the name is too long", worker);
    key_worker_control(&key, b->space, worker);
    request_text(exchange_on_key(b, "PUBLISH", &key, 1), command);
    return exchange_run_once(b, take_number, heard, err);
}

static bool
need_queue(struct broker *b, const char *queue, struct error *err)
{
    struct key key;
    int64_t is_there = 0;
    if (!key_queue_name_is_valid(queue))
        return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
    key_queues(&key, b->space);
    request_text(exchange_on_key(b, "SISMEMBER", &key, 1), queue);
    if (!exchange_run(b, take_number, &is_there, err))
        return false;
    return is_there != 0 || error_set(err, ERROR_NOT_FOUND, "there is no queue \"%s\"", queue);
}
