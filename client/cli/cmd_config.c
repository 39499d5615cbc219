/* celeriac config: every setting with its value, and where that comes from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"
#include "common/mem.h"

struct config_options {
    bool origin;
};

/* The settings of one verb, read again for their origins. */
struct reading {
    const struct cli *cli;
    bool with_origin;
    struct table *table;
    struct celeriac_value *object;
    struct celeriac_arena *arena;
};

static int run(struct cli *cli, const void *options);
static bool read_rows(struct reading *r, const struct option *rows, size_t n, size_t size,
                      struct error *err);
static void add(struct reading *r, const struct option_origin *o);
static const char *without_password(const char *url, struct celeriac_arena *arena);

static const struct option rows[] = {
    {.name = "origin",
     .type = OPTION_FLAG,
     .help = "also show where each value comes from",
     .offset = offsetof(struct config_options, origin)},
};

static const struct table_column columns[] = {
    {"SETTING", false, false}, {"VALUE", false, false}, {"ORIGIN", false, false}};

const struct command cmd_config = {
    .name = "config",
    .group = GROUP_PROGRAM,
    .summary = "Shows the settings: environment, files and defaults",
    .usage = "config",
    .details =
        "Option > environment > ./celeriac.conf > $XDG_CONFIG_HOME/celeriac/celeriac.conf >\n"
        "/etc/celeriac/celeriac.conf > default. A setting NAME is CELERIAC_NAME in the "
        "environment.",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct config_options),
    .examples = {"celeriac config --origin", "celeriac config --json"},
    .exit_codes = "0   shown\n64  wrong usage\n78  bad configuration\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct config_options *o = options;
    struct reading r = {.cli = cli, .with_origin = o->origin, .arena = arena_new()};
    struct error err = ERROR_INIT;
    bool ok;

    r.table = table_new(columns, o->origin ? 3 : 2);
    r.object = celeriac_object(r.arena);
    ok = read_rows(&r, client_settings_rows, CLIENT_SETTINGS_ROWS, sizeof(struct client_settings),
                   &err);
    for (size_t i = 0; ok && i < cli->n_commands; i++) {
        const struct command *c = cli->commands[i];
        ok = read_rows(&r, c->rows, c->n_rows, c->options_size, &err);
    }
    if (ok && cli->options.json) {
        output_json(r.object);
    } else if (ok) {
        table_print(r.table, output_width(), output_has_colors(cli), stdout);
    }
    table_free(r.table);
    arena_free(r.arena);
    return ok ? 0 : cli_fail(&err);
}

static bool
read_rows(struct reading *r, const struct option *from, size_t n, size_t size, struct error *err)
{
    static char program[] = "celeriac";
    char *argv[] = {program, NULL};
    void *target = mem_zero(size + 1);
    struct option_set set = {from, n, target};
    struct option_origin *origins = mem_array(n + 1, sizeof *origins);
    struct option_operands operands;
    bool ok = n == 0 || options_read(&set, 1, 1, argv, &operands, origins, err);

    if (ok && from == client_settings_rows) {
        if (!client_settings_finish(target, origins)) {
            snprintf(origins[0].value, sizeof origins[0].value, "redis://127.0.0.1:6379/0");
        }
        if (r->cli->settings.broker && strcmp(origins[0].value, r->cli->settings.broker) != 0) {
            snprintf(origins[0].value, sizeof origins[0].value, "%s", r->cli->settings.broker);
            snprintf(origins[0].origin, sizeof origins[0].origin, "option");
        }
    }
    for (size_t i = 0; ok && i < n; i++) {
        if (from[i].is_setting && !celeriac_get(r->object, from[i].name)) {
            add(r, &origins[i]);
        }
    }
    free(origins);
    free(target);
    return ok;
}

static void
add(struct reading *r, const struct option_origin *o)
{
    const char *value = without_password(o->value, r->arena);
    struct celeriac_value *v = celeriac_text(r->arena, value);

    table_cell(r->table, "%s", o->option->name);
    table_cell(r->table, "%s", *value ? value : "-");
    if (r->with_origin) {
        struct celeriac_value *pair = celeriac_object(r->arena);
        table_cell(r->table, "%s", o->origin);
        celeriac_set(pair, "value", v);
        celeriac_set(pair, "origin", celeriac_text(r->arena, o->origin));
        v = pair;
    }
    celeriac_set(r->object, o->option->name, v);
}

/* "redis://user:secret@host" -> "redis://user:***@host" */
static const char *
without_password(const char *url, struct celeriac_arena *arena)
{
    const char *scheme = strstr(url, "://");
    const char *at = scheme ? strrchr(scheme, '@') : NULL;
    const char *colon = at ? memchr(scheme + 3, ':', (size_t)(at - scheme - 3)) : NULL;

    return colon ? arena_printf(arena, "%.*s:***%s", (int)(colon - url), url, at) : url;
}
