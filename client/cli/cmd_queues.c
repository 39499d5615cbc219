/* celeriac queues: a row for each queue. */
#include <stdio.h>
#include <string.h>

#include "client/cli/fleet_view.h"
#include "client/cli/limit_text.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

static int run(struct cli *cli, const void *options);
static int show(const struct cli *cli, struct broker *b, const char *name,
                struct celeriac_arena *arena);
static void print_table(const struct cli *cli, const struct broker_queue *queues, size_t n);

static const struct table_column columns[] = {{"QUEUE", false, true},     {"READY", true, false},
                                              {"RUNNING", true, false},   {"DELAYED", true, false},
                                              {"DEAD", true, false},      {"LATENCY", true, false},
                                              {"PROCESSED", true, false}, {"FAILED", true, false},
                                              {"PAUSED", false, false},   {"LIMITS", false, false}};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

const struct command cmd_queues = {
    .name = "queues",
    .group = GROUP_QUEUES,
    .summary = "Lists the queues, or those that are named",
    .usage = "queues [QUEUE...]",
    .examples = {"celeriac queues", "celeriac queues --json default"},
    .exit_codes = "0   listed\n" SESSION_EXIT_USAGE "66  no such queue\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    size_t n_names = cli->operands.count;
    struct celeriac_arena *arena;
    struct broker *b;
    int code = 0;

    (void)options;
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    arena = arena_new();
    if (n_names == 0) {
        code = show(cli, b, NULL, arena);
    }
    for (size_t i = 0; i < n_names; i++) {
        code = session_worse(code, show(cli, b, cli->operands.items[i], arena));
    }
    arena_free(arena);
    broker_close(b);
    return code;
}

/* `name` NULL: all. Asked for by name, a queue that does not exist looks like an empty one, hence
 * the list. */
static int
show(const struct cli *cli, struct broker *b, const char *name, struct celeriac_arena *arena)
{
    struct broker_queue *queues;
    struct error err = ERROR_INIT;
    size_t n;

    if (!broker_queues(b, NULL, arena, &queues, &n, &err)) {
        return cli_fail(&err);
    }
    while (name && n && strcmp(queues->name, name) != 0) {
        queues++;
        n--;
    }
    if (name && n == 0) {
        return cli_fail_with(ERROR_NOT_FOUND, "no queue %s", name);
    }
    n = name ? 1 : n;
    for (size_t i = 0; i < n && cli->options.json; i++) {
        output_json(fleet_view_queue(&queues[i], arena));
    }
    if (!cli->options.json) {
        print_table(cli, queues, n);
    }
    return 0;
}

static void
print_table(const struct cli *cli, const struct broker_queue *queues, size_t n)
{
    struct table *t = table_new(columns, N_COLUMNS);

    for (size_t i = 0; i < n; i++) {
        const struct broker_queue *q = &queues[i];
        char age[16] = "-", limits[LIMIT_TEXT_MAX];
        if (q->ready) {
            output_age(q->latency_ms, age);
        }
        table_cell(t, "%s", q->name);
        table_cell(t, "%lld", (long long)q->ready);
        table_cell(t, "%lld", (long long)q->running);
        table_cell(t, "%lld", (long long)q->delayed);
        table_cell(t, "%lld", (long long)q->dead);
        table_cell(t, "%s", age);
        table_cell(t, "%lld", (long long)q->processed);
        table_cell(t, "%lld", (long long)q->failed);
        table_cell(t, "%s", q->is_paused ? "yes" : "no");
        table_cell(t, "%s", limit_text_print(&q->limits, limits));
    }
    table_print(t, output_width(), output_has_colors(cli), stdout);
    table_free(t);
}
