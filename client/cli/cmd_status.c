/* celeriac status: one look at jobs. */
#include <stdio.h>
#include <stdlib.h>

#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"
#include "common/mem.h"

static int run(struct cli *cli, const void *options);
static int look(const struct cli *cli, struct broker *b, const struct id *ids,
                struct celeriac_arena *arena);

const struct command cmd_status = {
    .name = "status",
    .group = GROUP_JOBS,
    .summary = "Shows what is known of jobs",
    .usage = "status ID...",
    .examples = {"celeriac status 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac status --json 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11"},
    .exit_codes = "0   shown\n" SESSION_EXIT_USAGE "66  no such job\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    size_t n = cli->operands.count;
    struct celeriac_arena *arena;
    struct broker *b;
    struct id *ids;
    int code = 0;

    (void)options;
    if (!session_needs(cli, 1, &code)) {
        return code;
    }
    ids = mem_array(n, sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        if (!session_id(cli->operands.items[i], &ids[i], &code)) {
            free(ids);
            return code;
        }
    }
    arena = arena_new();
    b = session_broker(cli, &code);
    if (b) {
        code = look(cli, b, ids, arena);
    }
    broker_close(b);
    arena_free(arena);
    free(ids);
    return code;
}

static int
look(const struct cli *cli, struct broker *b, const struct id *ids, struct celeriac_arena *arena)
{
    size_t n = cli->operands.count;
    struct broker_record *records = arena_alloc(arena, n * sizeof *records);
    struct job_progress progress = {NULL, 0};
    struct error err = ERROR_INIT;
    int code = 0;

    if (!broker_find(b, NULL, ids, n, true, arena, records, &err)) {
        return cli_fail(&err);
    }
    for (size_t i = 0; i < n; i++) {
        const struct celeriac_value *view;
        if (records[i].state == JOB_RUNNING && !progress.states) {
            progress = job_progress_read(b, records[i].queue, arena);
        }
        view = job_view(&records[i], &progress, arena);
        if (cli->options.json) {
            output_json(view);
        } else {
            fputs(i ? "\n" : "", stdout);
            job_view_print(view, output_has_colors(cli));
        }
        if (records[i].state == JOB_UNKNOWN) {
            code = cli_fail_with(ERROR_NOT_FOUND, "no job %s", cli->operands.items[i]);
        }
    }
    return code;
}
