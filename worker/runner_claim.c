/* Claiming: how a runner comes by jobs.
 *
 * It wants as many as its idle slots can start at once and a little more (worker/lookahead.h). One
 * reserve is in flight at a time. A claim round goes through the queues in order
 * (worker/queue_order.h) until what is wanted has come or all are empty; then, if slots idle, the
 * runner waits at the bell:
 *
 *     wants --> reserve from queue 1, 2, ... --all empty--> bell --rings--> reserve ...
 *
 * With one queue the reserve rides behind the bell in the same write. While the runner waits there
 * it asks for nothing else: the queues were empty before, and whatever comes rings. With several
 * queues the bell only says which one rang; the reserve that must follow a ring (it was taken from
 * somebody else) goes out in the next round.
 *
 * Suspects (jobs that may have killed a process) run alone: when one waits, the runner takes
 * nothing until it is idle, asks as the one that is alone, and takes nothing else until the suspect
 * has ended. */
#include "worker/runner_state.h"

#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "worker/wire.h"

enum {
    BELL_TIMEOUT_MS = 30000,
    EMPTY_HOLD_US = 5000, /* a queue that was empty is not asked again before that; its bell tells,
                             if need be */
    RESERVE_MAX = 1000,
};

static void on_reserved(void *arg, const char *queue, const struct broker_reservation *v,
                        const struct error *err);
static void on_bell(void *arg, const char *queue, const struct broker_reservation *v,
                    const struct error *err);

static size_t
idle_slots(const struct runner *r)
{
    return r->in_pool < r->settings->threads ? r->settings->threads - r->in_pool : 0;
}

static size_t
target(const struct runner *r)
{
    return r->settings->threads +
           (r->holds_back ? 0 : lookahead_jobs(r->mean_us, r->mean_bytes, r->settings->threads));
}

/* Bounded by what is left of the runner's life, if that is counted in jobs. */
static size_t
within_life(const struct runner *r, size_t n)
{
    const uint64_t most = (uint64_t)r->settings->max_jobs;
    if (most == 0)
        return n;
    const uint64_t left = r->reserved < most ? most - r->reserved : 0;
    return n < left ? n : (size_t)left;
}

static size_t
wanted(const struct runner *r)
{
    const size_t most = target(r);
    const size_t n = most > r->in_pool ? most - r->in_pool : 0;
    /* Not in driblets: as long as no slot idles, wait until half of the stock is used up. */
    if (idle_slots(r) == 0 && 2 * n < most)
        return 0;
    return within_life(r, n < RESERVE_MAX ? n : RESERVE_MAX);
}

static bool
may_claim(const struct runner *r)
{
    if (!r->is_ready || r->is_quiet || r->is_draining || r->asked > 0 || r->is_bell_in_flight)
        return false;
    return !(r->runs_suspect || r->waits_for_suspect) || r->in_pool == 0;
}

static unsigned
how_to_reserve(const struct runner *r, const struct runner_queue *q)
{
    return (r->in_pool == 0 ? RESERVE_ALONE : 0) | (q->is_limited ? RESERVE_LIMITED : 0);
}

static bool
reserve_from(struct runner *r, struct runner_queue *q, size_t n)
{
    if (q->current == NULL || q->current->state != IDENTITY_JOINED ||
        clock_mono_us() < q->empty_until_us)
        return false;
    if (q->is_limited && n > idle_slots(r))
        n = idle_slots(r);
    if (n == 0)
        return false;
    r->asked = n;
    q->current->calls++;
    broker_loop_reserve(r->command, q->name, &q->current->who, n, how_to_reserve(r, q), on_reserved,
                        q->current);
    return true;
}

void
claim_round(struct runner *r)
{
    if (!may_claim(r))
        return;
    const size_t n = wanted(r);
    if (n == 0)
        return;
    if (r->in_pool == 0)
        r->runs_suspect = r->waits_for_suspect = false;
    if (!r->is_round_open) {
        queue_order_round(&r->order, r->round);
        r->round_at = 0;
        r->is_round_open = true;
    }
    while (r->round_at < r->n_queues) {
        if (reserve_from(r, &r->queues[r->round[r->round_at++]], n))
            return;
    }
    r->is_round_open = false;
    claim_ring(r);
}

void
claim_ring(struct runner *r)
{
    const char *names[WORKER_QUEUES_MAX];
    /* While nothing runs the mean cannot change, so what may be reserved ahead may be now. */
    const size_t n = r->in_pool == 0 ? wanted(r) : within_life(r, idle_slots(r));
    struct identity *id = r->queues[0].current;

    if (n == 0 || r->bell == NULL || !broker_loop_is_up(r->bell) || !identity_all_joined(r))
        return;
    for (size_t i = 0; i < r->n_queues; i++)
        names[i] = r->queues[i].name;
    r->is_bell_in_flight = true;
    r->bell_asked = n;
    id->calls++;
    broker_loop_bell(r->bell, names, r->n_queues, BELL_TIMEOUT_MS, &id->who,
                     r->n_queues == 1 ? n : 0, how_to_reserve(r, &r->queues[0]), on_bell, id);
}

static struct job *
job_of(struct runner *r, struct identity *owner, const struct broker_reservation *v, size_t i)
{
    const struct broker_reserved *given = &v->jobs[i];
    struct job *job = job_take(&r->store);

    job->queue = owner->queue;
    job->queue_name = owner->queue->name;
    job->owner = owner;
    LIST_INSERT_HEAD(&owner->held, job, held);
    job->runner_k = owner->k;
    job->id = given->id;
    job->is_cancelled = given->is_cancelled;
    job->is_suspect = v->is_suspect;
    job->reserved_us = clock_mono_us();
    job->reserved_redis_ms = v->redis_ms;
    job->bytes = arena_copy(job->arena, given->message, given->len);
    job->len = given->len;
    return job;
}

/* Returns how many jobs came. */
static size_t
accept_jobs(struct runner *r, struct identity *owner, const struct broker_reservation *v)
{
    struct pool_list jobs = POOL_LIST_INIT;

    for (size_t i = 0; i < v->n; i++) {
        char id[ID_MAX + 1];
        if (v->jobs[i].message == NULL) {
            log_event(LOG_WARN, "job_without_message", "queue=%s id=%s", owner->queue->name,
                      id_print(&v->jobs[i].id, id));
            continue;
        }
        r->mean_bytes = lookahead_mean(r->mean_bytes, (int64_t)v->jobs[i].len);
        pool_list_append(&jobs, &job_of(r, owner, v, i)->item);
    }
    const size_t n = jobs.n;
    owner->jobs += n;
    if (r->is_quiet || r->is_draining) {
        finish_hand_back(r, &jobs, 0);
        return n;
    }
    r->runs_suspect |= v->is_suspect && n > 0;
    r->reserved += n;
    runner_submit(r, &jobs);
    return n;
}

static void
recycle_if_worn(struct runner *r)
{
    if (r->settings->max_jobs == 0 || r->reserved < (uint64_t)r->settings->max_jobs ||
        r->is_draining)
        return;
    (void)wire_tell(r->heritage->control_fd, WIRE_RECYCLE, r->heritage->number, 0);
    runner_drain(r, false);
}

/* What an answer to a reserve says, be it direct or by the bell. */
static void
take_reservation(struct runner *r, struct identity *id, const struct broker_reservation *v,
                 size_t asked)
{
    if (v->registered == NOT_REGISTERED) {
        log_event(LOG_WARN, "runner_forgotten", "name=%s queue=%s", id->name, id->queue->name);
        identity_retire(id);
        return;
    }
    if (v->ask_otherwise) {
        id->queue->is_limited = !id->queue->is_limited;
        id->queue->empty_until_us = 0;
        r->is_round_open = false;
        return;
    }
    const size_t n = accept_jobs(r, id, v);
    if (n < asked)
        id->queue->empty_until_us = clock_mono_us() + EMPTY_HOLD_US;
    else
        r->is_round_open = false;
    if (v->suspects_waiting) { /* nothing rings for it: ask as soon as the runner is idle */
        r->waits_for_suspect = true;
        id->queue->empty_until_us = 0;
        r->is_round_open = false;
    }
    recycle_if_worn(r);
}

/* An answer was lost: the name may own jobs that nobody here knows of; they are given back as soon
 * as Redis is there (runner_identity.c). Refusals are certain. */
static void
doubt(struct runner *r, struct identity *id, const struct error *err)
{
    if (err->code != ERROR_TRY_LATER && err->code != ERROR_DENIED) {
        id->is_doubtful = true;
        identity_retire(id);
    }
    if (broker_loop_is_up(r->command)) {
        unsigned left_out;
        if (log_allowed(&r->commit_limit, 10000, &left_out))
            log_event(LOG_WARN, "reserve_failed", "reason=\"%s\" unnoticed=%u",
                      log_quote(err->message), left_out);
        runner_back_off(r);
    }
}

static void
on_reserved(void *arg, const char *queue, const struct broker_reservation *v,
            const struct error *err)
{
    struct identity *id = arg;
    struct runner *r = id->queue->runner;
    const size_t asked = r->asked;
    (void)queue;

    r->asked = 0;
    id->calls--;
    if (err == NULL)
        take_reservation(r, id, v, asked);
    else
        doubt(r, id, err);
    runner_round(r);
}

static void
on_bell(void *arg, const char *queue, const struct broker_reservation *v, const struct error *err)
{
    struct identity *id = arg;
    struct runner *r = id->queue->runner;

    r->is_bell_in_flight = false;
    id->calls--;
    if (r->bell == NULL && err != NULL)
        return; /* closed by runner_drain */
    if (err != NULL && r->n_queues == 1)
        doubt(r, id, err);
    else if (err == NULL && r->n_queues == 1)
        take_reservation(r, id, v, r->bell_asked);
    for (size_t i = 0; err == NULL && r->n_queues > 1 && queue != NULL && i < r->n_queues; i++) {
        if (strcmp(r->queues[i].name, queue) == 0)
            r->queues[i].empty_until_us = 0;
    }
    runner_round(r);
}
