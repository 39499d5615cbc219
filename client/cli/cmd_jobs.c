/* celeriac jobs: lists jobs, what runs first. */
#include <stdio.h>
#include <string.h>

#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"
#include "common/clock.h"

struct jobs_options {
    const char *queue, *state, *task;
    int64_t limit;
};

struct listing {
    const struct cli *cli;
    const struct jobs_options *options;
    struct celeriac_arena *arena; /* of one row */
    struct job_progress progress;
    struct table *table; /* NULL with --json */
    int64_t n, now_ms;
    bool is_cut;
};

static int run(struct cli *cli, const void *options);
static int list(struct listing *l, struct broker *b, enum job_state state);
static bool on_record(void *arg, const struct broker_record *record);
static void add_row(struct listing *l, const struct broker_record *record,
                    const struct celeriac_value *view);
static const char *detail_of(const struct listing *l, const struct celeriac_value *view);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "of this queue alone",
     .offset = offsetof(struct jobs_options, queue)},
    {.name = "state",
     .type = OPTION_TEXT,
     .unit = "STATE",
     .help = "delayed, queued, running, success, failure, cancelled, expired or dead",
     .offset = offsetof(struct jobs_options, state)},
    {.name = "task",
     .type = OPTION_TEXT,
     .unit = "TASK",
     .help = "of this task alone",
     .offset = offsetof(struct jobs_options, task)},
    {.name = "limit",
     .type = OPTION_INTEGER,
     .fallback = "1000",
     .min = 0,
     .max = INT64_C(1) << 40,
     .unit = "N",
     .help = "no more than that; 0: all",
     .offset = offsetof(struct jobs_options, limit)},
};

static const struct table_column columns[] = {{"ID", false, false},  {"STATE", false, false},
                                              {"TASK", false, true}, {"QUEUE", false, true},
                                              {"AGE", true, false},  {"DETAIL", false, true}};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

const struct command cmd_jobs = {
    .name = "jobs",
    .group = GROUP_JOBS,
    .summary = "Lists jobs: running, queued in order, delayed, dead, done",
    .usage = "jobs",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct jobs_options),
    .examples = {"celeriac jobs --state running",
                 "celeriac jobs -q default --task solve --limit 20 --json"},
    .exit_codes = "0   listed\n" SESSION_EXIT_USAGE SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct jobs_options *o = options;
    struct listing l = {.cli = cli, .options = o, .now_ms = clock_wall_ms()};
    enum job_state state = JOB_UNKNOWN;
    struct broker *b;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "jobs takes no operands: see celeriac jobs --help");
    }
    if (o->state && (!job_state_parse(o->state, &state) || state == JOB_UNKNOWN)) {
        return cli_fail_with(ERROR_USAGE, "--state \"%.80s\": expected %s", o->state, rows[1].help);
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    l.arena = arena_new();
    l.table = cli->options.json ? NULL : table_new(columns, N_COLUMNS);
    code = list(&l, b, state);
    if (l.table) {
        table_free(l.table);
    }
    arena_free(l.arena);
    broker_close(b);
    return code;
}

static int
list(struct listing *l, struct broker *b, enum job_state state)
{
    struct broker_listing listing = {.queue = l->options->queue, .state = state, .limit = SIZE_MAX};
    struct celeriac_arena *arena = arena_new();
    struct celeriac_arena *shared = arena_new();
    struct error err = ERROR_INIT;
    bool ok;

    l->progress = job_progress_read(b, l->options->queue, shared);
    ok = broker_list(b, &listing, arena, on_record, l, &err);
    if (ok && l->table) {
        table_print(l->table, output_width(), output_has_colors(l->cli), stdout);
    }
    if (l->is_cut) {
        fprintf(stderr, "celeriac: these are the first %lld: --limit shows more\n",
                (long long)l->n);
    }
    arena_free(shared);
    arena_free(arena);
    return ok ? 0 : cli_fail(&err);
}

static bool
on_record(void *arg, const struct broker_record *record)
{
    struct listing *l = arg;
    const struct celeriac_value *view = job_view(record, &l->progress, l->arena);
    bool is_wanted =
        !l->options->task || strcmp(job_view_text(view, "task"), l->options->task) == 0;

    if (is_wanted && l->options->limit && l->n == l->options->limit) {
        l->is_cut = true;
        return false;
    }
    if (is_wanted) {
        l->n++;
        if (l->table) {
            add_row(l, record, view);
        } else {
            output_json(view);
        }
    }
    arena_clear(l->arena);
    return true;
}

static void
add_row(struct listing *l, const struct broker_record *record, const struct celeriac_value *view)
{
    int64_t created_ms = id_created_ms(&record->id);
    char age[16] = "";

    if (created_ms > 0) {
        output_age(l->now_ms - created_ms, age);
    }
    table_cell(l->table, "%s", job_view_text(view, "id"));
    table_color(l->table, output_state_color(true, record->state));
    table_cell(l->table, "%s", job_state_name(record->state));
    table_cell(l->table, "%s", job_view_text(view, "task"));
    table_cell(l->table, "%s", job_view_text(view, "queue"));
    table_cell(l->table, "%s", age);
    table_cell(l->table, "%s", detail_of(l, view));
}

/* The error, or when it is due, or who works on it and how far it is. */
static const char *
detail_of(const struct listing *l, const struct celeriac_value *view)
{
    const struct celeriac_value *error = celeriac_get(view, "error");
    double share;

    if (error) {
        return job_view_error(error, l->arena);
    }
    if (*job_view_text(view, "due_at")) {
        return arena_printf(l->arena, "due %s", job_view_text(view, "due_at"));
    }
    if (celeriac_get_number(celeriac_get(view, "progress"), &share)) {
        return arena_printf(l->arena, "%s %.0f%%", job_view_text(view, "worker"), share * 100);
    }
    return job_view_text(view, "worker");
}
