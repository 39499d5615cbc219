/* Running a job: what a compute thread does between taking a job from the pool and giving it back
 * done.
 *
 * decode -> cancelled or expired already? -> find the task -> show the job in the slot -> run ->
 * conclude
 *
 * Nothing here talks to Redis or waits. The time of the job's start is Redis' own: that of the
 * reservation plus what has passed since on the monotonic clock. */
#include "worker/job.h"

#include <string.h>

#include "client/context.h"
#include "client/module.h"
#include "common/clock.h"
#include "worker/retry.h"
#include "worker/scoreboard.h"

/* One run, while it lasts. */
struct run {
    struct job_place *place;
    struct job *job;
    const struct module_task *task;
    int64_t started_us, started_redis_ms;
    uint32_t max_retries;
};

static void run_task(struct run *run);
static void show(const struct run *run);
static void ask_for_look(const struct run *run, const struct slot_job *shown);
static enum celeriac_outcome run_chunk(struct celeriac_context *ctx, const struct message *m);
static void conclude(const struct run *run, enum celeriac_outcome end,
                     struct celeriac_context *ctx);
static void conclude_failure(const struct run *run, struct outcome *o, bool is_final);

static int64_t
redis_ms(const struct job *job, int64_t now_us)
{
    return job->reserved_redis_ms + (now_us - job->reserved_us) / 1000;
}

static void
end_unstarted(struct job_place *place, struct job *job, enum job_state state, int64_t now_ms)
{
    struct outcome o = OUTCOME_INIT;
    o.state = state;
    o.finished_at_ms = now_ms;
    job_end(job, &o, place->worker, &place->scratch);
}

void
job_run(struct job_place *place, struct job *job)
{
    struct error err = ERROR_INIT;
    struct run run = {.place = place, .job = job, .started_us = clock_mono_us()};
    struct message *m = &job->message;

    run.started_redis_ms = redis_ms(job, run.started_us);
    *m = MESSAGE_INIT;
    if (!message_decode(job->bytes, job->len, job->arena, m, &err)) {
        *m = MESSAGE_INIT;
        if (!message_peek(job->bytes, job->len, m))
            *m = MESSAGE_INIT;
        const char *reason = arena_text(job->arena, err.message, strlen(err.message));
        job_end_dead(job, "bad_message", reason, place->worker, &place->scratch);
    } else if (job->is_cancelled) {
        end_unstarted(place, job, JOB_CANCELLED, run.started_redis_ms);
    } else if (m->expires_at_ms != 0 && m->expires_at_ms <= run.started_redis_ms) {
        end_unstarted(place, job, JOB_EXPIRED, run.started_redis_ms);
    } else {
        run.task = module_set_find(place->modules, m->task, m->task_len);
        if (run.task != NULL)
            run_task(&run);
        else
            job->end = JOB_HAS_NO_TASK;
    }
}

static void
run_task(struct run *run)
{
    struct job_place *place = run->place;
    struct job *job = run->job;
    const struct message *m = &job->message;
    char uuid[ID_MAX + 1];
    struct celeriac_context ctx = {.arena = job->arena,
                                   .task = run->task->task,
                                   .stop = &place->slot->stop,
                                   .progress = &place->slot->progress,
                                   .thread_state = place->states[run->task->module],
                                   .job_id = id_print(&job->id, uuid),
                                   .attempt = m->attempts + 1u,
                                   .retry_delay_ms = -1};

    run->max_retries = retry_limit(m->max_retries, ctx.task->max_retries);
    show(run);
    enum celeriac_outcome end =
        m->chunk > 0 ? run_chunk(&ctx, m) : context_run(&ctx, m->args, m->kwargs);
    const bool was_stray = slot_flag_is_stray(place->slot);
    const enum stop_reason reason = slot_stop_reason(place->slot);
    slot_end(place->slot);
    job->runtime_us = clock_mono_us() - run->started_us;

    if (was_stray && end != CELERIAC_SUCCESS) {
        job_end_retry(job, 0, true); /* it stopped for a flag that was meant for the job before */
        return;
    }
    if (end == CELERIAC_CANCELLED && reason == STOP_TIMEOUT)
        end = celeriac_fail(&ctx, "timeout", "the time limit passed");
    else if (end == CELERIAC_CANCELLED && reason == STOP_SHUTDOWN)
        end = celeriac_again(&ctx, 0, true);
    conclude(run, end, &ctx);
}

static void
show(const struct run *run)
{
    const struct job *job = run->job;
    const struct message *m = &job->message;
    struct slot_job shown = {.started_ms = run->started_us / 1000,
                             .started_redis_ms = run->started_redis_ms,
                             .soft_limit_ms = m->soft_limit_ms,
                             .hard_limit_ms = m->hard_limit_ms,
                             .backoff_ms = m->backoff_ms,
                             .backoff_max_ms = m->backoff_max_ms,
                             .result_ttl_ms = m->result_ttl_ms,
                             .attempts = m->attempts,
                             .max_retries = run->max_retries,
                             .crashes = m->crashes,
                             .runner_k = job->runner_k,
                             .has_unique = m->unique != NULL};
    const size_t task_len = m->task_len < sizeof(shown.task) ? m->task_len : sizeof(shown.task) - 1;

    memcpy(shown.id, job->id.text, job->id.len + 1u);
    memcpy(shown.task, m->task, task_len);
    memcpy(shown.queue, job->queue_name, strnlen(job->queue_name, sizeof(shown.queue) - 1));
    slot_begin(run->place->slot, &shown);
    if (shown.soft_limit_ms > 0 || shown.hard_limit_ms > 0)
        ask_for_look(run, &shown);
}

/* The master looks at the limits once a second, or earlier if it was told of one. The
 * read-modify-write makes sure that either it sees the slot or this thread sees the time it has
 * just set. */
static void
ask_for_look(const struct run *run, const struct slot_job *shown)
{
    const int64_t soft = shown->soft_limit_ms > 0 ? shown->soft_limit_ms : INT64_MAX / 2;
    const int64_t hard = shown->hard_limit_ms > 0 ? shown->hard_limit_ms : INT64_MAX / 2;
    const int64_t at = shown->started_ms + (soft < hard ? soft : hard);

    if (at >= atomic_fetch_add(&run->place->board->next_look_ms, 0))
        return;
    int64_t before = atomic_load(run->place->look_at_ms);
    while (at < before && !atomic_compare_exchange_weak(run->place->look_at_ms, &before, at))
        ;
    pool_poke(run->place->pool);
}

/* Containers take values that may still be changed; these are only read from now on. */
static struct celeriac_value *
borrow(const struct celeriac_value *v)
{
    union {
        const struct celeriac_value *in;
        struct celeriac_value *out;
    } same = {.in = v};
    return same.out;
}

/* One line of a chunk: an array is the list of arguments, an object the keyword arguments. The
 * codec lets nothing else through. */
static enum celeriac_outcome
run_line(struct celeriac_context *ctx, const struct celeriac_value *line)
{
    if (celeriac_type(line) == CELERIAC_OBJECT)
        return context_run(ctx, NULL, line);
    return context_run(ctx, line, NULL);
}

static struct celeriac_value *
line_result(struct celeriac_context *ctx, enum celeriac_outcome end)
{
    struct celeriac_value *entry = celeriac_object(ctx->arena);
    if (end == CELERIAC_SUCCESS) {
        celeriac_set(entry, "result", borrow(ctx->result));
        return entry;
    }
    struct celeriac_value *error = celeriac_object(ctx->arena);
    celeriac_set(error, "type", celeriac_text(ctx->arena, ctx->error_type));
    celeriac_set(error, "message", celeriac_text(ctx->arena, ctx->error_message));
    celeriac_set(entry, "error", error);
    return entry;
}

/* All lines in order, in one attempt; a line that fails does not end the others. */
static enum celeriac_outcome
run_chunk(struct celeriac_context *ctx, const struct message *m)
{
    struct celeriac_value *results = celeriac_array(ctx->arena);
    const size_t n = celeriac_size(m->args);

    for (size_t i = 0; i < n; i++) {
        if (celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        const enum celeriac_outcome end = run_line(ctx, celeriac_at(m->args, i));
        if (end == CELERIAC_RETRY || end == CELERIAC_CANCELLED)
            return end;
        celeriac_append(results, line_result(ctx, end));
        celeriac_progress(ctx, (double)(i + 1) / (double)n);
    }
    return celeriac_return(ctx, results);
}

static void
conclude(const struct run *run, enum celeriac_outcome end, struct celeriac_context *ctx)
{
    struct job *job = run->job;
    struct outcome o = OUTCOME_INIT;

    o.started_at_ms = run->started_redis_ms;
    o.finished_at_ms = run->started_redis_ms + job->runtime_us / 1000;
    o.runtime_us = job->runtime_us;
    o.error_type = ctx->error_type;
    o.error_message = ctx->error_message;
    switch (end) {
    case CELERIAC_SUCCESS:
        o.state = JOB_SUCCESS;
        o.result = ctx->result;
        job_end(job, &o, run->place->worker, &run->place->scratch);
        return;
    case CELERIAC_CANCELLED:
        o.state = JOB_CANCELLED;
        job_end(job, &o, run->place->worker, &run->place->scratch);
        return;
    case CELERIAC_RETRY:
        if (ctx->is_free || job->message.attempts < run->max_retries) {
            job_end_retry(job, ctx->retry_delay_ms, ctx->is_free);
            return;
        }
        o.error_type = "retries_exhausted";
        o.error_message = "the task asked for another attempt, and none is left";
        conclude_failure(run, &o, true);
        return;
    case CELERIAC_FAILURE:
        conclude_failure(run, &o, ctx->is_final);
        return;
    }
    BUG("context_run gave an unknown outcome");
}

static void
conclude_failure(const struct run *run, struct outcome *o, bool is_final)
{
    struct job *job = run->job;
    const struct message *m = &job->message;

    if (!is_final && m->attempts < run->max_retries) {
        job->error_type = o->error_type;
        job->error_message = o->error_message;
        job_end_retry(job,
                      retry_delay_ms(m->attempts, m->backoff_ms, m->backoff_max_ms, retry_random()),
                      false);
        return;
    }
    o->state = JOB_FAILURE;
    job_end(job, o, run->place->worker, &run->place->scratch);
}
