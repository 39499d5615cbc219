/* Jobs and how they end. The arena of a job is its own: filled by the loop (the message), then by
 * the thread that runs it (arguments, result, encoded outcome), then read by the loop, handed over
 * by the pool's locks. */
#include "worker/job.h"

#include <stdlib.h>

#include "common/buffer.h"
#include "common/mem.h"

enum { SCRATCH_KEPT = 256 * 1024 }; /* a larger scratch buffer is given back after use */

struct job *
job_take(struct job_store *store)
{
    struct job *job = (struct job *)pool_list_take(&store->unused);
    struct celeriac_arena *arena = job != NULL ? job->arena : arena_new();

    if (job == NULL)
        job = mem_alloc(sizeof(*job));
    *job =
        (struct job){.arena = arena, .max_result_bytes = store->max_result_bytes, .runtime_us = -1};
    return job;
}

void
job_give_back(struct job_store *store, struct job *job)
{
    if (job->owner != NULL)
        LIST_REMOVE(job, held);
    arena_clear(job->arena);
    pool_list_append(&store->unused, &job->item);
}

void
job_store_trim(struct job_store *store, size_t keep)
{
    while (store->unused.n > keep) {
        struct job *job = (struct job *)pool_list_take(&store->unused);
        arena_free(job->arena);
        free(job);
    }
}

void
job_end(struct job *job, struct outcome *o, const char *worker, struct buffer *scratch)
{
    const struct message *m = &job->message;
    const bool is_stored =
        o->state == JOB_SUCCESS || o->state == JOB_CANCELLED || o->state == JOB_EXPIRED;
    struct error err = ERROR_INIT;

    o->task = m->task != NULL ? arena_text(job->arena, m->task, m->task_len) : NULL;
    o->worker = worker;
    o->attempt = m->attempts + 1u;
    o->crashes = m->crashes;
    scratch->len = 0;
    if (!outcome_encode(o, job->max_result_bytes, scratch, &err)) {
        MUST(o->state == JOB_SUCCESS || o->error_message != NULL);
        o->state = JOB_FAILURE;
        o->result = NULL;
        o->error_type = "result_too_large";
        o->error_message = arena_printf(job->arena, "%.200s", err.message);
        job_end(job, o, worker, scratch);
        return;
    }
    job->end = JOB_ENDS;
    job->state = o->state;
    job->error_type = o->error_type;
    job->error_message = o->error_message;
    job->finish =
        (struct broker_finish){.id = job->id,
                               .kind = is_stored ? FINISH_STORE : FINISH_BURY,
                               .outcome = arena_copy(job->arena, scratch->data, scratch->len),
                               .len = scratch->len,
                               .ttl_ms = m->result_ttl_ms,
                               .has_unique = m->unique != NULL,
                               .state = o->state};
    if (scratch->capacity > SCRATCH_KEPT)
        buffer_clear(scratch);
}

void
job_end_dead(struct job *job, const char *type, const char *message, const char *worker,
             struct buffer *scratch)
{
    struct outcome o = OUTCOME_INIT;
    o.state = JOB_DEAD;
    o.error_type = type;
    o.error_message = message;
    o.finished_at_ms = job->reserved_redis_ms;
    job_end(job, &o, worker, scratch);
}

void
job_end_retry(struct job *job, int64_t delay_ms, bool is_free)
{
    job->end = JOB_ENDS;
    job->state = JOB_DELAYED;
    job->finish = (struct broker_finish){.id = job->id,
                                         .kind = FINISH_RETRY,
                                         .delay_ms = delay_ms,
                                         .is_free = is_free,
                                         .reserved_ms = job->reserved_redis_ms,
                                         .has_unique = job->message.unique != NULL};
}
