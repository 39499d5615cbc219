/* The names of a runner: how it joins its queues, and when it takes another name.
 *
 *     new --join--> joined --retire--> (in `retired`, until its jobs have ended) --leave--> gone
 *
 * A name is retired when others took this worker for dead (NOT_REGISTERED), or when an answer was
 * lost that may have given it jobs which nobody here knows of: those are disowned at once, and a
 * reserve that is still on its way somewhere is refused from then on. Each queue has its own
 * current name. */
#include "worker/runner_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static void
take_name(struct runner_queue *q, unsigned k)
{
    struct runner *r = q->runner;
    struct identity *id = mem_zero(sizeof(*id));

    id->queue = q;
    id->k = k;
    (void)worker_runner_name(id->name, r->settings->id, r->heritage->number, k);
    id->who = (struct broker_runner){
        .worker = r->settings->id, .runner = id->name, .lease_ms = r->settings->lease_ms};
    q->current = id;
    if (k > r->heritage->board->renames)
        r->heritage->board->renames = k;
}

static void
on_joined(void *arg, const struct error *err)
{
    struct identity *id = arg;
    struct runner *r = id->queue->runner;

    id->calls--;
    id->state = err == NULL ? IDENTITY_JOINED : IDENTITY_NEW;
    if (err != NULL && err->code == ERROR_DENIED && !r->is_ready) {
        runner_refuse(r, err); /* this user will not be allowed to by trying again */
        return;
    }
    if (err != NULL && broker_loop_is_up(r->command))
        runner_back_off(r);
    runner_round(r);
}

static void
on_left(void *arg, const struct error *err)
{
    struct identity *id = arg;
    struct runner_queue *q = id->queue;
    struct runner *r = q->runner;

    id->calls--;
    if (err != NULL) {
        id->state = IDENTITY_JOINED; /* perhaps: leaving twice does no harm */
        if (broker_loop_is_up(r->command))
            runner_back_off(r);
        return;
    }
    for (struct identity **at = &q->retired; *at != NULL; at = &(*at)->next) {
        if (*at == id) {
            *at = id->next;
            free(id);
            break;
        }
    }
    runner_round(r);
}

void
identity_retire(struct identity *id)
{
    struct runner_queue *q = id->queue;

    if (q->current != id)
        return;
    q->current = NULL;
    id->next = q->retired;
    q->retired = id;
    if (!q->runner->is_leaving)
        take_name(q, ++q->runner->last_k);
}

static void
on_disowned(void *arg, const struct error *err)
{
    struct identity *id = arg;
    struct runner *r = id->queue->runner;

    id->calls--;
    id->is_doubtful = err != NULL;
    if (err == NULL)
        runner_round(r);
    else if (broker_loop_is_up(r->command))
        runner_back_off(r);
}

static void
disown(struct identity *id)
{
    struct runner *r = id->queue->runner;
    struct id *known = mem_array(id->jobs + 1, sizeof(*known));
    const struct job *job;
    size_t n = 0;

    LIST_FOREACH(job, &id->held, held)
    known[n++] = job->id;
    id->calls++;
    broker_loop_disown(r->command, id->queue->name, &id->who, known, n, on_disowned, id);
    free(known);
}

static void
upkeep(struct runner_queue *q)
{
    struct runner *r = q->runner;

    if (q->current == NULL && !r->is_leaving)
        take_name(q, 0);
    if (q->current != NULL && q->current->state == IDENTITY_NEW) {
        q->current->state = IDENTITY_JOINING;
        q->current->calls++;
        broker_loop_join(r->command, q->name, &q->current->who, on_joined, q->current);
    }
    for (struct identity *id = q->retired; id != NULL; id = id->next) {
        if (id->jobs == 0 && id->calls == 0 && id->state != IDENTITY_LEAVING) {
            id->state = IDENTITY_LEAVING;
            id->calls++;
            broker_loop_leave(r->command, q->name, &id->who, on_left, id);
        } else if (id->is_doubtful && id->calls == 0 && broker_loop_is_up(r->command)) {
            disown(id);
        }
    }
}

void
identity_upkeep(struct runner *r)
{
    for (size_t i = 0; i < r->n_queues; i++)
        upkeep(&r->queues[i]);
}

bool
identity_all_joined(const struct runner *r)
{
    for (size_t i = 0; i < r->n_queues; i++) {
        if (r->queues[i].current == NULL || r->queues[i].current->state != IDENTITY_JOINED)
            return false;
    }
    return true;
}

void
identity_leave_all(struct runner *r)
{
    if (r->is_leaving)
        return;
    r->is_leaving = true;
    for (size_t i = 0; i < r->n_queues; i++) {
        if (r->queues[i].current != NULL)
            identity_retire(r->queues[i].current);
    }
    identity_upkeep(r);
}

bool
identity_none_left(const struct runner *r)
{
    for (size_t i = 0; i < r->n_queues; i++) {
        if (r->queues[i].current != NULL || r->queues[i].retired != NULL)
            return false;
    }
    return true;
}
