/* celeriac tasks: what live workers know to compute. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/catalogue.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "client/signature.h"
#include "common/arena.h"
#include "common/mem.h"

struct tasks_options {
    const char *queue;
};

/* Signatures as published; the same task of several tables stands once. */
struct known {
    const struct celeriac_value **items;
    size_t n, room;
};

static int run(struct cli *cli, const void *options);
static void on_table(void *arg, const struct celeriac_value *table);
static int compare(const void *a, const void *b);
static int show_all(const struct cli *cli, const struct known *k, struct celeriac_arena *arena);
static int show_one(const struct cli *cli, const struct known *k, const char *name,
                    struct celeriac_arena *arena);
static void show_parameters(const struct cli *cli, const struct celeriac_task *task,
                            struct celeriac_arena *arena);
static const char *line_of(const struct celeriac_value *signature, struct celeriac_arena *arena);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "what workers of this queue know",
     .offset = offsetof(struct tasks_options, queue)},
};

static const struct table_column columns[] = {{"TASK", false, false}, {"HELP", false, true}};

const struct command cmd_tasks = {
    .name = "tasks",
    .group = GROUP_QUEUES,
    .summary = "Lists the tasks that live workers know; with NAME, its parameters",
    .usage = "tasks [NAME...]",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct tasks_options),
    .examples = {"celeriac tasks", "celeriac tasks solve"},
    .exit_codes =
        "0   listed\n" SESSION_EXIT_USAGE "66  no live worker knows the task\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct tasks_options *o = options;
    struct celeriac_arena *arena;
    struct known k = {NULL, 0, 0};
    struct error err = ERROR_INIT;
    struct broker *b;
    int code = 0;

    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    arena = arena_new();
    if (!catalogue_read(b, o->queue, arena, on_table, &k, &err)) {
        code = cli_fail(&err);
    } else if (cli->operands.count == 0) {
        code = show_all(cli, &k, arena);
    }
    for (size_t i = 0; !err.code && i < cli->operands.count; i++) {
        code = session_worse(code, show_one(cli, &k, cli->operands.items[i], arena));
    }
    free(k.items);
    arena_free(arena);
    broker_close(b);
    return code;
}

static void
on_table(void *arg, const struct celeriac_value *table)
{
    struct known *k = arg;

    for (size_t i = 0; i < celeriac_size(table); i++) {
        const char *name = job_view_text(celeriac_at(table, i), "name");
        bool is_new = *name != '\0';
        for (size_t j = 0; is_new && j < k->n; j++) {
            is_new = strcmp(job_view_text(k->items[j], "name"), name) != 0;
        }
        if (!is_new) {
            continue;
        }
        if (k->n == k->room) {
            k->room = k->room ? 2 * k->room : 32;
            k->items = mem_grow(k->items, k->room, sizeof *k->items);
        }
        k->items[k->n++] = celeriac_at(table, i);
    }
}

static int
compare(const void *a, const void *b)
{
    const struct celeriac_value *const *x = a, *const *y = b;

    return strcmp(job_view_text(*x, "name"), job_view_text(*y, "name"));
}

static int
show_all(const struct cli *cli, const struct known *k, struct celeriac_arena *arena)
{
    struct table *t = table_new(columns, 2);

    if (k->n) {
        qsort(k->items, k->n, sizeof *k->items, compare);
    }
    for (size_t i = 0; i < k->n; i++) {
        if (cli->options.json) {
            output_json(k->items[i]);
            continue;
        }
        table_cell(t, "%s", line_of(k->items[i], arena));
        table_cell(t, "%s", job_view_text(k->items[i], "help"));
    }
    if (!cli->options.json) {
        table_print(t, output_width(), output_has_colors(cli), stdout);
    }
    table_free(t);
    return 0;
}

static int
show_one(const struct cli *cli, const struct known *k, const char *name,
         struct celeriac_arena *arena)
{
    struct celeriac_task task;

    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(job_view_text(k->items[i], "name"), name) != 0) {
            continue;
        }
        if (cli->options.json) {
            output_json(k->items[i]);
        } else if (signature_read(k->items[i], arena, &task, NULL)) {
            printf("%s\n", signature_text(&task, arena));
            printf("%s\n", task.help ? task.help : "");
            if (task.returns) {
                printf("returns %s\n", task.returns);
            }
            show_parameters(cli, &task, arena);
        }
        return 0;
    }
    return cli_fail_with(ERROR_NOT_FOUND, "no live worker knows the task %s", name);
}

/* With a column for units if there are any. */
static void
show_parameters(const struct cli *cli, const struct celeriac_task *task,
                struct celeriac_arena *arena)
{
    static const struct table_column columns_with[] = {
        {"PARAMETER", false, false}, {"TYPE", false, false}, {"UNIT", false, false},
        {"DEFAULT", false, false},   {"HELP", false, true},
    };
    static const struct table_column columns_without[] = {
        {"PARAMETER", false, false},
        {"TYPE", false, false},
        {"DEFAULT", false, false},
        {"HELP", false, true},
    };
    bool has_units = false;
    struct table *t;

    for (size_t i = 0; i < task->n_params; i++) {
        has_units |= task->params[i].unit != NULL;
    }
    t = has_units ? table_new(columns_with, 5) : table_new(columns_without, 4);
    for (size_t i = 0; i < task->n_params; i++) {
        const struct celeriac_param *p = &task->params[i];
        table_cell(t, "%s", p->name);
        table_cell(t, "%s", signature_type(p, arena));
        if (has_units) {
            table_cell(t, "%s", p->unit ? p->unit : "");
        }
        table_cell(t, "%s", p->fallback ? p->fallback : p->optional ? "(none)" : "required");
        table_cell(t, "%s", p->help ? p->help : "");
    }
    if (task->n_params) {
        table_print(t, output_width(), output_has_colors(cli), stdout);
    }
    table_free(t);
}

static const char *
line_of(const struct celeriac_value *signature, struct celeriac_arena *arena)
{
    struct celeriac_task task;

    return signature_read(signature, arena, &task, NULL) ? signature_text(&task, arena)
                                                         : job_view_text(signature, "name");
}
