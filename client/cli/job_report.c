/* The end of a job in the three verbs that show it. */
#include "client/cli/job_report.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "common/arena.h"

static void print_json(struct celeriac_future *future, const struct celeriac_job *job);
static struct outcome outcome_of(const struct celeriac_report *r);

int
job_report_print(const struct cli *cli, struct celeriac_future *future,
                 const struct celeriac_job *job, bool raw)
{
    const struct celeriac_report *r = celeriac_future_report(future);
    const struct celeriac_value *result;
    struct celeriac_error error;

    if (cli->options.json) {
        print_json(future, job);
        return r->state == CELERIAC_STATE_SUCCESS   ? 0
               : r->state == CELERIAC_STATE_UNKNOWN ? ERROR_NOT_FOUND
                                                    : 1;
    }
    result = celeriac_result(future, &error);
    if (!result) {
        return session_fail(&error);
    }
    output_result(result, raw);
    return 0;
}

/* Values live in the arenas of the caller and of the future; encoding is the copy that brings them
 * together in the view's. */
static void
print_json(struct celeriac_future *future, const struct celeriac_job *job)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_value *v;
    struct broker_record record = {.state = (enum job_state)celeriac_future_report(future)->state,
                                   .ahead = -1};
    struct outcome o = outcome_of(celeriac_future_report(future));
    struct buffer message = BUFFER_INIT, outcome = BUFFER_INIT;
    struct message m = MESSAGE_INIT;
    const char *id = celeriac_id(future);

    if (!id_parse(&record.id, id, strlen(id))) {
        id_from_redis(&record.id, id, strlen(id));
    }
    record.queue = celeriac_future_queue(future);
    if (job) {
        m.task = job->task;
        m.task_len = strlen(job->task);
        m.args = job->args;
        m.kwargs = job->kwargs;
        m.tags = job->options ? job->options->tags : NULL;
        m.priority = (uint8_t)(job->options ? job->options->priority : 5);
        if (message_encode(&m, MESSAGE_MAX_DEFAULT, &message, NULL)) {
            record.message = message.data;
            record.message_len = message.len;
        }
    }
    if (job_state_is_final(o.state) && outcome_encode(&o, SIZE_MAX, &outcome, NULL)) {
        record.outcome = outcome.data;
        record.outcome_len = outcome.len;
    }
    v = job_view(&record, NULL, arena);
    output_json(v);
    buffer_clear(&message);
    buffer_clear(&outcome);
    arena_free(arena);
}

static struct outcome
outcome_of(const struct celeriac_report *r)
{
    return (struct outcome){.state = (enum job_state)r->state,
                            .result = r->result,
                            .error_type = r->error_type,
                            .error_message = r->error_message,
                            .error_signal = r->error_signal,
                            .worker = r->worker,
                            .started_at_ms = r->started_at_ms,
                            .finished_at_ms = r->finished_at_ms,
                            .runtime_us = r->runtime_us,
                            .attempt = r->attempt,
                            .crashes = r->crashes};
}
