/* celeriac run: one job, from submitting to its result. */
#include <stdio.h>
#include <string.h>

#include "client/cli/interrupt.h"
#include "client/cli/job_options.h"
#include "client/cli/job_report.h"
#include "client/cli/local.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "client/client.h"
#include "common/arena.h"

enum { PATIENCE_MS = 2000 }; /* before we look whether anybody is there to do it */

struct run_options {
    struct job_options job;
    struct option_list modules;
    bool local, raw;
};

static int run(struct cli *cli, const void *options);
static int submit_and_wait(struct cli *cli, const struct run_options *o,
                           const struct celeriac_job *job, bool is_local);

static bool wait_for(struct celeriac_client *client, struct celeriac_future *future, int timeout_ms,
                     bool is_local, struct celeriac_error *error);
static void say_if_nobody_serves(struct celeriac_client *client, const char *queue);

static const struct option rows[] = {
    JOB_OPTION_ROWS,
    {.name = "local",
     .type = OPTION_FLAG,
     .help = "with a private redis-server and worker that live as long as this command",
     .offset = offsetof(struct run_options, local)},
    {.name = "module",
     .type = OPTION_LIST,
     .unit = "FILE",
     .help = LOCAL_MODULE_HELP,
     .offset = offsetof(struct run_options, modules)},
    {.name = "raw",
     .letter = 'r',
     .type = OPTION_FLAG,
     .help = "print a string without quotes",
     .offset = offsetof(struct run_options, raw)},
};

const struct command cmd_run = {
    .name = "run",
    .group = GROUP_JOBS,
    .summary = "Submits one job, waits for it and prints its result",
    .usage = "run TASK [ARG...]",
    .details = "Each ARG that is valid JSON is that value, else it is a string. -- ends options.\n"
               "Without any broker configured, a private one is started, as by --local.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct run_options),
    .examples = {"celeriac run factorial 24", "celeriac run eval 'x^2+y' '{\"x\":3,\"y\":1}'"},
    .exit_codes =
        "0   the job succeeded\n1   it failed, died, expired or was cancelled\n" SESSION_EXIT_USAGE
        "65  too large a job\n" SESSION_EXIT_BROKER "73  the id or the uniqueness key is taken\n"
        "75  the queue is full\n124 --wait-timeout has passed; the job goes on\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct run_options *o = options;
    struct celeriac_arena *arena = arena_new();
    struct celeriac_options job_options;
    struct celeriac_job job;
    const struct local_wish wish = {o->local, o->job.queue, o->modules};
    struct local *local = NULL;
    struct error err = ERROR_INIT;
    int code;

    if (!job_options_job(&o->job, &cli->operands, arena, &job, &err) ||
        !job_options_read(&o->job, arena, &job_options, &err) ||
        !local_if_wanted(&local, cli, &wish, &err)) {
        code = cli_fail(&err);
    } else {
        job.options = &job_options;
        code = submit_and_wait(cli, o, &job, local != NULL);
    }
    local_stop(local);
    arena_free(arena);
    return code;
}

static int
submit_and_wait(struct cli *cli, const struct run_options *o, const struct celeriac_job *job,
                bool is_local)
{
    int timeout_ms = session_timeout(o->job.wait_timeout_ms);
    struct celeriac_future *future;
    struct celeriac_error error;
    struct celeriac_client *client;
    char note[128];
    int code = 0;

    client = session_client(cli, &code);
    if (!client) {
        return code;
    }
    if (!celeriac_submit(client, job, &future, &error)) {
        code = session_fail(&error);
    } else {
        snprintf(note, sizeof note, "the job goes on: %s", celeriac_id(future));
        interrupt_note(is_local ? "" : note);
        if (wait_for(client, future, timeout_ms, is_local, &error)) {
            code = job_report_print(cli, future, job, o->raw);
        } else if (error.code == CELERIAC_ERROR_TIMEOUT) {
            code = cli_fail_with(ERROR_TIMEOUT, "job %s is not done yet", celeriac_id(future));
        } else {
            code = session_fail(&error);
        }
    }
    celeriac_close(client);
    return code;
}

static bool
wait_for(struct celeriac_client *client, struct celeriac_future *future, int timeout_ms,
         bool is_local, struct celeriac_error *error)
{
    bool is_patient = is_local || (timeout_ms >= 0 && timeout_ms <= PATIENCE_MS);

    if (celeriac_wait(future, is_patient ? timeout_ms : PATIENCE_MS, error)) {
        return true;
    }
    if (is_patient || error->code != CELERIAC_ERROR_TIMEOUT) {
        return false;
    }
    say_if_nobody_serves(client, celeriac_future_queue(future));
    return celeriac_wait(future, timeout_ms < 0 ? -1 : timeout_ms - PATIENCE_MS, error);
}

static void
say_if_nobody_serves(struct celeriac_client *client, const char *queue)
{
    struct celeriac_arena *arena = arena_new();
    const char **states;
    size_t n;

    if (broker_workers(client->broker, queue, arena, &states, &n, NULL) && n == 0) {
        fprintf(stderr, "celeriac: no live worker serves queue %s; waiting\n", queue);
    }
    arena_free(arena);
}
