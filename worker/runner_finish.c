/* What becomes of jobs when they leave the pool: commits, hand-backs, and questions about unknown
 * tasks.
 *
 *     done --ends--> queue.finished --commit--> (answer) --> job_give_back
 *          \--no module here knows the task--> asked: known to a live worker? --yes--> handed back,
 * with a delay
 *                                                                             \--no--> ended as
 * dead
 *
 * One commit per queue is in flight; what finishes meanwhile gathers for the next. A commit whose
 * answer was lost is sent again: a job that the first one ended is then answered as stale, which is
 * no news. Ownership decides, so nothing here needs to know how long Redis was away. Hand-backs are
 * resent in the same way, under the old name. */
#include "worker/runner_state.h"

#include <stdlib.h>

#include "client/module.h"
#include "common/mem.h"
#include "common/clock.h"

enum {
    COMMIT_JOBS_MAX = 1000,
    COMMIT_BYTES_MAX = 32 << 20,
    UNKNOWN_TASK_DELAY_MS = 1000, /* until a worker that knows the task may meet the job */
};

static void log_end(const struct job *job);
static void ask_for_task(struct runner *r, struct job *job);
static void send_handback(struct runner *r, struct handback *h);

void
finish_take(struct runner *r)
{
    struct pool_list done = POOL_LIST_INIT;
    struct job *job;

    pool_take_done(r->pool, &done);
    r->in_pool -= done.n;
    while ((job = (struct job *)pool_list_take(&done)) != NULL) {
        r->holds_back = false;
        if (job->runtime_us >= 0)
            r->mean_us = lookahead_mean(r->mean_us, job->runtime_us);
        if (job->end == JOB_HAS_NO_TASK) {
            ask_for_task(r, job);
            continue;
        }
        log_end(job);
        pool_list_append(&job->queue->finished, &job->item);
    }
}

bool
finish_is_idle(const struct runner *r)
{
    for (size_t i = 0; i < r->n_queues; i++) {
        if (r->queues[i].finished.n > 0 || r->queues[i].is_commit_in_flight)
            return false;
    }
    return r->handbacks == NULL && r->n_lookups == 0;
}

/* ---- commits ---- */

static void
log_end(const struct job *job)
{
    char id[ID_MAX + 1];
    const char *task = job->message.task != NULL ? job->message.task : "";
    const int task_len = (int)job->message.task_len;

    if (job->state == JOB_DEAD)
        log_event(LOG_WARN, "job_dead", "id=%s queue=%s task=%.*s error=%s message=\"%.300s\"",
                  id_print(&job->id, id), job->queue_name, task_len, task, job->error_type,
                  log_quote(job->error_message));
    else if (job->error_type != NULL)
        log_event(LOG_INFO, job->state == JOB_FAILURE ? "job_failed" : "job_retried",
                  "id=%s queue=%s task=%.*s error=%s attempt=%u runtime_ms=%lld",
                  id_print(&job->id, id), job->queue_name, task_len, task, job->error_type,
                  job->message.attempts + 1u, (long long)job->runtime_us / 1000);
    else if (log_enabled(LOG_DEBUG))
        log_event(LOG_DEBUG, "job_done", "id=%s queue=%s task=%.*s state=%s runtime_us=%lld",
                  id_print(&job->id, id), job->queue_name, task_len, task,
                  job_state_name(job->state), (long long)job->runtime_us);
}

/* Names that no module here knows are not counted by name: anybody can send new ones. */
static void
count_metrics(struct runner *r, const struct job *job, enum finish_status status)
{
    static const enum metrics_outcome outcomes[] = {
        [JOB_DELAYED] = METRICS_RETRY,   [JOB_SUCCESS] = METRICS_SUCCESS,
        [JOB_FAILURE] = METRICS_FAILURE, [JOB_CANCELLED] = METRICS_CANCELLED,
        [JOB_EXPIRED] = METRICS_EXPIRED, [JOB_DEAD] = METRICS_DEAD};
    const struct message *m = &job->message;
    const int64_t created_ms = id_created_ms(&job->id);
    const int64_t wait_ms = job->reserved_redis_ms - created_ms;
    struct metrics_end end = {.task = "other", .task_len = 5, .queue = job->queue_name};

    if (status == FINISH_STALE) {
        if (!job->was_sent)
            metrics_count_stale(r->metrics);
        return;
    }
    if (m->task != NULL && module_set_find(r->modules, m->task, m->task_len) != NULL) {
        end.task = m->task;
        end.task_len = m->task_len;
    }
    end.outcome = status == FINISH_CANCELLED ? METRICS_CANCELLED : outcomes[job->state];
    end.wait_us = created_ms < 0 || m->attempts > 0 ? -1 : wait_ms > 0 ? wait_ms * 1000 : 0;
    end.run_us = job->runtime_us;
    metrics_count(r->metrics, &end);
}

static void
tell(struct runner *r, const struct job *job, enum finish_status status)
{
    static const enum broker_event_kind kinds[] = {
        [JOB_DELAYED] = EVENT_JOB_RETRIED, [JOB_SUCCESS] = EVENT_JOB_SUCCEEDED,
        [JOB_FAILURE] = EVENT_JOB_FAILED,  [JOB_CANCELLED] = EVENT_JOB_CANCELLED,
        [JOB_EXPIRED] = EVENT_JOB_EXPIRED, [JOB_DEAD] = EVENT_JOB_DEAD};

    if (status == FINISH_STALE)
        return;
    events_tell(&r->events, r->command,
                (struct broker_event){.kind = status == FINISH_CANCELLED ? EVENT_JOB_CANCELLED
                                                                         : kinds[job->state],
                                      .queue = job->queue_name,
                                      .id = &job->id,
                                      .attempt = job->message.attempts + 1});
}

static void
count(struct runner *r, const struct job *job, enum finish_status status)
{
    struct scoreboard *board = r->heritage->board;
    char id[ID_MAX + 1];
    unsigned left_out;

    if (r->metrics != NULL)
        count_metrics(r, job, status);
    switch (status) {
    case FINISHED:
    case FINISH_CANCELLED:
        atomic_fetch_add_explicit(
            job->state == JOB_FAILURE || job->state == JOB_DEAD ? &board->failed : &board->done, 1,
            memory_order_relaxed);
        return;
    case FINISH_STALE:
        if (job->was_sent) /* the first commit may have ended it */
            return;
        atomic_fetch_add_explicit(&board->stale, 1, memory_order_relaxed);
        if (log_allowed(&r->stale_limit, 1000, &left_out))
            log_event(LOG_WARN, "job_stale", "id=%s queue=%s name=%s unnoticed=%u",
                      id_print(&job->id, id), job->queue_name, job->owner->name, left_out);
        return;
    }
}

/* The commit did not happen, or nobody knows whether it did: the same jobs again, in front of the
 * others. If Redis was reached and did not like them, they go behind the others, so that one bad
 * outcome does not hold up the rest. */
static void
take_back_commit(struct runner_queue *q, const struct error *err)
{
    struct runner *r = q->runner;
    const bool is_away = err->code == ERROR_UNAVAILABLE || err->code == ERROR_TRY_LATER;
    unsigned left_out;

    for (struct pool_item *i = q->committing.first; i != NULL; i = i->next)
        ((struct job *)i)->was_sent = true;
    if (is_away) {
        pool_list_join(&q->committing, &q->finished);
        q->finished = q->committing;
        q->committing = POOL_LIST_INIT;
    } else {
        pool_list_join(&q->finished, &q->committing);
    }
    if (!broker_loop_is_up(r->command))
        return;
    if (log_allowed(&r->commit_limit, 10000, &left_out))
        log_event(is_away ? LOG_WARN : LOG_ERROR, "commit_failed",
                  "queue=%s reason=\"%s\" unnoticed=%u", q->name, log_quote(err->message),
                  left_out);
    runner_back_off(r);
}

static void
on_committed(void *arg, const char *queue, const enum finish_status *statuses, size_t n,
             const struct error *err)
{
    struct runner_queue *q = arg;
    struct runner *r = q->runner;
    struct job *job = (struct job *)q->committing.first;
    (void)queue;

    q->is_commit_in_flight = false;
    job->owner->calls--;
    if (err != NULL) {
        take_back_commit(q, err);
        runner_round(r);
        return;
    }
    MUST(n == q->committing.n);
    for (size_t i = 0; (job = (struct job *)pool_list_take(&q->committing)) != NULL; i++) {
        count(r, job, statuses[i]);
        tell(r, job, statuses[i]);
        job->owner->jobs--;
        job_give_back(&r->store, job);
    }
    runner_round(r);
}

/* Takes the jobs of one name from the front of the list, as many as fit into one commit. */
static void
gather(struct runner *r, struct runner_queue *q)
{
    const struct identity *owner = ((struct job *)q->finished.first)->owner;
    size_t bytes = 0;

    if (r->finishes_room == 0) {
        r->finishes_room = COMMIT_JOBS_MAX;
        r->finishes = mem_array(r->finishes_room, sizeof(*r->finishes));
    }
    while (q->finished.first != NULL && q->committing.n < r->finishes_room) {
        struct job *job = (struct job *)q->finished.first;
        if (job->owner != owner || (bytes > 0 && bytes + job->finish.len > COMMIT_BYTES_MAX))
            return;
        bytes += job->finish.len + 1;
        r->finishes[q->committing.n] = job->finish;
        pool_list_append(&q->committing, pool_list_take(&q->finished));
    }
}

static void
commit(struct runner *r, struct runner_queue *q)
{
    if (q->is_commit_in_flight || q->finished.n == 0)
        return;
    gather(r, q);
    struct identity *owner = ((struct job *)q->committing.first)->owner;
    q->is_commit_in_flight = true;
    owner->calls++;
    broker_loop_commit(r->command, q->name, &owner->who, r->finishes, q->committing.n, on_committed,
                       q);
}

void
finish_flush(struct runner *r)
{
    for (size_t i = 0; i < r->n_queues; i++)
        commit(r, &r->queues[i]);
    for (struct handback *h = r->handbacks; h != NULL; h = h->next)
        send_handback(r, h);
}

/* ---- hand-backs ---- */

static void
on_handed_back(void *arg, const struct error *err)
{
    struct handback *h = arg;
    struct identity *owner = h->owner;
    struct runner *r = owner->queue->runner;

    h->is_in_flight = false;
    owner->calls--;
    if (err != NULL) {
        /* Perhaps it was done. So that a second try cannot hand back what has been reserved anew
         * since, whatever is reserved from now on is reserved under another name. */
        identity_retire(owner);
        if (broker_loop_is_up(r->command))
            runner_back_off(r);
        runner_round(r);
        return;
    }
    struct handback **at = &r->handbacks;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    owner->jobs -= h->n;
    free(h);
    runner_round(r);
}

static void
send_handback(struct runner *r, struct handback *h)
{
    if (h->is_in_flight)
        return;
    h->is_in_flight = true;
    h->owner->calls++;
    broker_loop_release(r->command, h->owner->queue->name, &h->owner->who, h->ids, h->n,
                        h->delay_ms, on_handed_back, h);
}

void
finish_hand_back(struct runner *r, struct pool_list *jobs, int64_t delay_ms)
{
    while (jobs->first != NULL) {
        struct identity *owner = ((struct job *)jobs->first)->owner;
        struct handback *h = mem_zero(sizeof(*h) + jobs->n * sizeof(h->ids[0]));
        h->owner = owner;
        h->delay_ms = delay_ms;
        while (jobs->first != NULL && ((struct job *)jobs->first)->owner == owner) {
            struct job *job = (struct job *)pool_list_take(jobs);
            h->ids[h->n++] = job->id;
            job_give_back(&r->store, job);
        }
        struct handback **last = &r->handbacks;
        while (*last != NULL)
            last = &(*last)->next;
        *last = h;
    }
}

/* ---- tasks that no module here knows ---- */

static void
bury_unknown(struct runner *r, struct job *job)
{
    const struct message *m = &job->message;
    const char *text =
        arena_printf(job->arena, "no live worker of the queue %s knows the task %.*s",
                     job->queue_name, (int)m->task_len, m->task);
    job_end_dead(job, "unknown_task", text, r->settings->id, &r->scratch);
    log_end(job);
    pool_list_append(&job->queue->finished, &job->item);
}

static void
on_known(void *arg, bool known, const struct error *err)
{
    struct job *job = arg;
    struct runner *r = job->queue->runner;

    r->n_lookups--;
    if (known || err != NULL) {
        struct pool_list one = POOL_LIST_INIT;
        pool_list_append(&one, &job->item);
        finish_hand_back(r, &one, UNKNOWN_TASK_DELAY_MS);
    } else {
        bury_unknown(r, job);
    }
    runner_round(r);
}

static void
ask_for_task(struct runner *r, struct job *job)
{
    const char *task = arena_text(job->arena, job->message.task, job->message.task_len);
    r->n_lookups++;
    broker_loop_task_known(r->command, job->queue_name, task, on_known, job);
}
