/* celeriac workers: a row for each live worker, as it has published itself. */
#include <stdio.h>
#include <string.h>

#include "client/cli/fleet_view.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct workers_options {
    const char *queue;
};

static int run(struct cli *cli, const void *options);
static int list(const struct cli *cli, struct broker *b, const char *queue,
                struct celeriac_arena *arena);
static void add_row(struct table *t, const struct celeriac_value *v, struct celeriac_arena *arena);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "those that serve this queue",
     .offset = offsetof(struct workers_options, queue)},
};

static const struct table_column columns[] = {{"WORKER", false, false}, {"HOST", false, true},
                                              {"PID", true, false},     {"PROCESSES", true, false},
                                              {"THREADS", true, false}, {"BUSY", true, false},
                                              {"QUEUES", false, true},  {"BEAT", true, false},
                                              {"MEMORY", true, false},  {"RUNNING", false, true}};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

const struct command cmd_workers = {
    .name = "workers",
    .group = GROUP_QUEUES,
    .summary = "Lists the live workers",
    .usage = "workers",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct workers_options),
    .examples = {"celeriac workers", "celeriac workers -q default --json"},
    .exit_codes = "0   listed\n" SESSION_EXIT_USAGE SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct workers_options *o = options;
    struct celeriac_arena *arena;
    struct broker *b;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "workers takes no operands: see celeriac workers --help");
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    arena = arena_new();
    code = list(cli, b, o->queue, arena);
    arena_free(arena);
    broker_close(b);
    return code;
}

static int
list(const struct cli *cli, struct broker *b, const char *queue, struct celeriac_arena *arena)
{
    struct table *t;
    const char **json;
    size_t n;
    int64_t now_ms;
    struct error err = ERROR_INIT;

    if (!broker_workers(b, queue, arena, &json, &n, &err) || !broker_redis_time(b, &now_ms, &err)) {
        return cli_fail(&err);
    }
    t = table_new(columns, N_COLUMNS);
    for (size_t i = 0; i < n; i++) {
        const struct celeriac_value *v = fleet_view_worker(json[i], now_ms, arena);
        if (cli->options.json) {
            output_json(v);
        } else {
            add_row(t, v, arena);
        }
    }
    if (!cli->options.json) {
        table_print(t, output_width(), output_has_colors(cli), stdout);
    }
    table_free(t);
    return 0;
}

static void
add_row(struct table *t, const struct celeriac_value *v, struct celeriac_arena *arena)
{
    const struct celeriac_value *running = celeriac_get(v, "running");
    const struct celeriac_value *first = celeriac_at(running, 0);
    char age[16];

    table_cell(t, "%s", job_view_text(v, "worker"));
    table_cell(t, "%s", job_view_text(v, "host"));
    table_cell(t, "%lld", (long long)job_view_integer(v, "pid"));
    table_cell(t, "%lld", (long long)job_view_integer(v, "processes"));
    table_cell(t, "%lld", (long long)job_view_integer(v, "threads"));
    table_cell(t, "%lld", (long long)job_view_integer(v, "busy"));
    table_cell(t, "%s", fleet_view_queues(v, arena));
    table_cell(t, "%s", output_age(job_view_integer(v, "heartbeat_age_ms"), age));
    table_cell(t, "%.1fM", (double)job_view_integer(v, "rss_bytes") / (1 << 20));
    if (first && celeriac_size(running) > 1) {
        table_cell(t, "%s and %zu more", job_view_text(first, "task"), celeriac_size(running) - 1);
    } else {
        table_cell(t, "%s", first ? job_view_text(first, "task") : "-");
    }
}
