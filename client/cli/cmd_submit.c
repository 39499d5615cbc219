/* celeriac submit: one job, not waited for. */
#include <stdio.h>
#include <string.h>

#include "client/cli/job_options.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "client/client.h"
#include "client/request.h"
#include "common/arena.h"
#include "common/clock.h"

struct submit_options {
    struct job_options job;
    bool dry_run;
};

static int run(struct cli *cli, const void *options);
static int submit(struct cli *cli, struct celeriac_job *job, struct celeriac_options *options,
                  bool is_dry);
static int show(struct celeriac_client *client, const struct celeriac_job *job,
                struct celeriac_arena *arena);

static const struct option rows[] = {
    JOB_OPTION_ROWS,
    {.name = "dry-run",
     .type = OPTION_FLAG,
     .help = "check the job and print it as JSON; nothing is submitted",
     .offset = offsetof(struct submit_options, dry_run)},
};

const struct command cmd_submit = {
    .name = "submit",
    .group = GROUP_JOBS,
    .summary = "Submits one job and prints its id",
    .usage = "submit TASK [ARG...]",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct submit_options),
    .examples = {"celeriac submit countdown 100000000",
                 "celeriac submit -q mail -p 9 --in 10m echo hello"},
    .exit_codes = "0   submitted\n" SESSION_EXIT_USAGE "65  too large a job\n" SESSION_EXIT_BROKER
                  "73  the id or the uniqueness key is taken\n75  the queue is full\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct submit_options *o = options;
    struct celeriac_arena *arena = arena_new();
    struct celeriac_options job_options;
    struct celeriac_job job;
    struct error err = ERROR_INIT;
    int code;

    if (!job_options_job(&o->job, &cli->operands, arena, &job, &err) ||
        !job_options_read(&o->job, arena, &job_options, &err)) {
        code = cli_fail(&err);
    } else {
        code = submit(cli, &job, &job_options, o->dry_run);
    }
    arena_free(arena);
    return code;
}

static int
submit(struct cli *cli, struct celeriac_job *job, struct celeriac_options *options, bool is_dry)
{
    struct celeriac_arena *arena;
    struct celeriac_value *line;
    struct celeriac_client *client;
    struct celeriac_error error;
    char id[CELERIAC_ID_SIZE];
    int code = 0;

    client = session_client(cli, &code);
    if (!client) {
        return code;
    }
    options->id = options->id ? options->id : celeriac_new_id(id);
    job->options = options;
    arena = arena_new();
    if (is_dry) {
        code = show(client, job, arena);
    } else if (!celeriac_submit(client, job, NULL, &error)) {
        code = session_fail(&error);
    } else if (cli->options.json) {
        line = celeriac_object(arena);
        celeriac_set(line, "v", celeriac_integer(arena, 1));
        celeriac_set(line, "id", celeriac_text(arena, options->id));
        celeriac_set(line, "queue", celeriac_text(arena, options->queue));
        output_json(line);
    } else {
        printf("%s\n", options->id);
    }
    arena_free(arena);
    celeriac_close(client);
    return code;
}

/* All checks of a real submission, then the picture of the message that would have gone. */
static int
show(struct celeriac_client *client, const struct celeriac_job *job, struct celeriac_arena *arena)
{
    const struct celeriac_options *o = job->options;
    struct request_job what = {.task = job->task, .args = job->args, .kwargs = job->kwargs};
    struct broker_record record = {.state = JOB_QUEUED, .queue = o->queue, .ahead = -1};
    struct broker_job encoded;
    struct buffer bytes = BUFFER_INIT;
    struct request r;
    struct error err = ERROR_INIT;
    size_t offset;
    int64_t now_ms;
    int code = 0;

    catalogue_refresh(client->catalogue, o->queue, job->task);
    if (!client_redis_ms(client, &now_ms, &err) || !request_init(&r, o, now_ms, &err)) {
        return cli_fail(&err);
    }
    r.max_bytes = client->max_message_bytes;
    if (!request_encode(&r, &what, &bytes, &offset, &encoded, &err) ||
        !catalogue_check(client->catalogue, o->queue, job->task, job->args, job->kwargs, &err)) {
        code = cli_fail(&err);
    } else {
        record.id = encoded.id;
        record.message = bytes.data;
        record.message_len = bytes.len;
        record.due_at_ms = o->due_at_ms ? o->due_at_ms : now_ms + o->delay_ms;
        record.state = record.due_at_ms > now_ms ? JOB_DELAYED : JOB_QUEUED;
        output_json(job_view(&record, NULL, arena));
    }
    buffer_clear(&bytes);
    return code;
}
