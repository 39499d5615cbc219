/* celeriac explain: why a job is not running, or where it is. What is read here is a picture of
 * several moments: a job that moves meanwhile is explained as it was first seen. */
#include <stdio.h>
#include <string.h>

#include "client/catalogue.h"
#include "client/cli/explain.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct search {
    struct explain_facts *facts;
    const char *task;
};

static int run(struct cli *cli, const void *options);
static int look(const struct cli *cli, struct broker *b, const struct id *id,
                struct celeriac_arena *arena);
static bool read_facts(struct broker *b, struct explain_facts *f, struct celeriac_arena *arena,
                       struct error *err);
static void on_table(void *arg, const struct celeriac_value *table);
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
    struct broker_record record;
    struct explain_facts f = {.record = &record};
    struct error err = ERROR_INIT;
    struct celeriac_value *view;
    char text[ID_MAX + 1];

    if (!broker_find(b, NULL, id, 1, true, arena, &record, &err) ||
        !broker_redis_time(b, &f.now_ms, &err)) {
        return cli_fail(&err);
    }
    view = job_view(&record, NULL, arena);
    f.view = view;
    f.id = id_print(id, text);
    if (record.message && !read_facts(b, &f, arena, &err)) {
        return cli_fail(&err);
    }
    print(cli, view, explain(&f, arena));
    return record.state == JOB_UNKNOWN
               ? cli_fail_with(ERROR_NOT_FOUND, "no job %s", cli->operands.items[0])
               : 0;
}

static bool
read_facts(struct broker *b, struct explain_facts *f, struct celeriac_arena *arena,
           struct error *err)
{
    const struct broker_record *r = f->record;
    struct search search = {f, job_view_text(f->view, "task")};
    struct broker_queue *queues;
    size_t n;

    if (!broker_queues(b, r->queue, arena, &queues, &n, err) ||
        (n == 0 && !error_set(err, ERROR_NOT_FOUND, "no queue %s", r->queue)) ||
        !broker_find_ties(b, r, &f->ties, err) ||
        !catalogue_read(b, r->queue, arena, on_table, &search, err)) {
        return false;
    }
    struct job_progress states = job_progress_read(b, r->queue, arena);
    f->queue = queues;
    f->workers = states.states;
    f->n_workers = states.n;
    return true;
}

static void
on_table(void *arg, const struct celeriac_value *table)
{
    struct search *s = arg;

    s->facts->has_tables = true;
    for (size_t i = 0; i < celeriac_size(table); i++) {
        if (strcmp(job_view_text(celeriac_at(table, i), "name"), s->task) == 0) {
            s->facts->is_task_known = true;
        }
    }
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
