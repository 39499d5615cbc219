/* celeriac explain: why a job is not running, or where it is. */
#include <stdio.h>

#include "client/cli/explain.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

static int run(struct cli *cli, const void *options);
static int look(const struct cli *cli, struct broker *b, const struct id *id,
                struct celeriac_arena *arena);
static void print(const struct cli *cli, struct celeriac_value *view,
                  struct celeriac_value *reasons);

const struct command cmd_explain = {
    .name = "explain",
    .group = GROUP_JOBS,
    .summary = "Says why a job is not running",
    .usage = "explain ID",
    .details = "Every reason has a line; with --json the job's fields and `reasons`, a list of\n"
               "objects with a word (`reason`) and a sentence (`text`).",
    .examples = {"celeriac explain 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac explain --json 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11"},
    .exit_codes = "0   explained\n" SESSION_EXIT_USAGE "66  no such job\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    struct celeriac_arena *arena;
    struct broker *b;
    struct id id;
    int code = 0;

    (void)options;
    if (cli->operands.count != 1) {
        return cli_fail_with(ERROR_USAGE, "usage: celeriac %s", cli->command->usage);
    }
    if (!session_id(cli->operands.items[0], &id, &code)) {
        return code;
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    arena = arena_new();
    code = look(cli, b, &id, arena);
    arena_free(arena);
    broker_close(b);
    return code;
}

static int
look(const struct cli *cli, struct broker *b, const struct id *id, struct celeriac_arena *arena)
{
    struct explain_facts f;
    struct error err = ERROR_INIT;

    if (!explain_read(b, id, arena, &f, &err)) {
        return cli_fail(&err);
    }
    print(cli, f.view, explain(&f, arena));
    return f.record->state == JOB_UNKNOWN
               ? cli_fail_with(ERROR_NOT_FOUND, "no job %s", cli->operands.items[0])
               : 0;
}

static void
print(const struct cli *cli, struct celeriac_value *view, struct celeriac_value *reasons)
{
    if (cli->options.json) {
        celeriac_set(view, "reasons", reasons);
        output_json(view);
        return;
    }
    for (size_t i = 0; i < celeriac_size(reasons); i++) {
        puts(job_view_text(celeriac_at(reasons, i), "text"));
    }
}
