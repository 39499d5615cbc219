/* celeriac stats: the counters that Redis keeps for each queue. */
#include <stdio.h>

#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct stats_options {
    const char *queue;
};

static int run(struct cli *cli, const void *options);
static int show(const struct cli *cli, struct broker *b, const char *queue,
                struct celeriac_arena *arena);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "of this queue alone",
     .offset = offsetof(struct stats_options, queue)},
};

static const struct table_column columns[] = {
    {"QUEUE", false, false}, {"COUNTER", false, false}, {"VALUE", true, false}};

const struct command cmd_stats = {
    .name = "stats",
    .group = GROUP_QUEUES,
    .summary = "Shows the counters of the queues",
    .usage = "stats",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct stats_options),
    .examples = {"celeriac stats", "celeriac stats -q default --json"},
    .exit_codes = "0   shown\n" SESSION_EXIT_USAGE "66  no such queue\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct stats_options *o = options;
    struct celeriac_arena *arena;
    struct broker *b;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "stats takes no operands: see celeriac stats --help");
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    arena = arena_new();
    code = show(cli, b, o->queue, arena);
    arena_free(arena);
    broker_close(b);
    return code;
}

static int
show(const struct cli *cli, struct broker *b, const char *queue, struct celeriac_arena *arena)
{
    struct table *t = table_new(columns, 3);
    struct celeriac_value *all = celeriac_object(arena);
    struct celeriac_value *by_queue = celeriac_object(arena);
    struct broker_queue *queues = NULL;
    size_t n = 0, n_counters;
    struct error err = ERROR_INIT;
    bool ok = broker_queues(b, queue, arena, &queues, &n, &err);

    for (size_t i = 0; ok && i < n; i++) {
        struct broker_counter *counters;
        struct celeriac_value *object = celeriac_object(arena);
        ok = broker_stats(b, queues[i].name, arena, &counters, &n_counters, &err);
        for (size_t j = 0; ok && j < n_counters; j++) {
            celeriac_set(object, counters[j].name, celeriac_integer(arena, counters[j].value));
            table_cell(t, "%s", queues[i].name);
            table_cell(t, "%s", counters[j].name);
            table_cell(t, "%lld", (long long)counters[j].value);
        }
        celeriac_set(by_queue, queues[i].name, object);
    }
    celeriac_set(all, "v", celeriac_integer(arena, 1));
    celeriac_set(all, "queues", by_queue);
    if (ok && cli->options.json) {
        output_json(all);
    } else if (ok) {
        table_print(t, output_width(), output_has_colors(cli), stdout);
    }
    table_free(t);
    if (ok && queue && n == 0) {
        return cli_fail_with(ERROR_NOT_FOUND, "no queue %s", queue);
    }
    return ok ? 0 : cli_fail(&err);
}
