/* Submitting jobs from inside a task.
 *
 * The functions of celeriac.h are there as those of celeriac_task.h are, and celeriac_connect(NULL)
 * finds the broker of the worker that runs the task.
 *
 * It does not wait for its children. A task that waits holds its slot; when the waiting ones hold
 * all slots, nobody runs what they wait for, and all stand still. Return the ids, and let the
 * client wait.
 *
 * A job may start more than once (its process may die after the first children were sent), so the
 * ids of the children follow from the id of the job: a child that exists already is not sent twice.
 */
#include "mytask.h"

#include <inttypes.h>
#include <stdio.h>

/* The parent's id, with a hash of it and of the child's number (FNV-1a) in place of the last twelve
 * digits. */
static void
child_id(char out[CELERIAC_ID_SIZE], const char *parent, int64_t number)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *c = parent; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    for (int i = 0; i < 8; i++)
        hash = (hash ^ (uint64_t)(number >> 8 * i & 255)) * 1099511628211u;
    snprintf(out, CELERIAC_ID_SIZE, "%.24s%012" PRIx64, parent, hash >> 16);
}

static bool
submit_child(struct celeriac_context *ctx, struct celeriac_client *client, int64_t number,
             const char *id, struct celeriac_error *error)
{
    struct celeriac_job job = CELERIAC_JOB_INIT;
    struct celeriac_options options = CELERIAC_OPTIONS_INIT;
    char args[32];

    snprintf(args, sizeof(args), "[%" PRId64 "]", number);
    options.queue = celeriac_arg_string(ctx, 2, NULL);
    options.id = id;
    job.task = celeriac_arg_string(ctx, 0, NULL);
    job.args_json = args;
    job.options = &options;
    return celeriac_submit(client, &job, NULL, error) || error->code == CELERIAC_ERROR_EXISTS;
}

enum celeriac_outcome
fan_out_run(struct celeriac_context *ctx)
{
    struct mytask_thread *thread = celeriac_thread_state(ctx);
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *ids = celeriac_array(arena);
    struct celeriac_error error;
    char id[CELERIAC_ID_SIZE];
    const int64_t count = celeriac_arg_integer(ctx, 1);

    if (thread->client == NULL)
        thread->client = celeriac_connect(NULL, &error);
    if (thread->client == NULL) /* another attempt may succeed */
        return celeriac_fail(ctx, "unavailable", "%s", error.message);
    for (int64_t i = 1; i <= count; i++) {
        if (celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        child_id(id, celeriac_job_id(ctx), i);
        if (!submit_child(ctx, thread->client, i, id, &error))
            return error.code == CELERIAC_ERROR_USAGE
                       ? celeriac_reject(ctx, "invalid_arguments", "%s", error.message)
                       : celeriac_fail(ctx, "unavailable", "%s", error.message);
        celeriac_append(ids, celeriac_text(arena, id));
        celeriac_progress(ctx, (double)i / (double)count);
    }
    return celeriac_return(ctx, ids);
}
