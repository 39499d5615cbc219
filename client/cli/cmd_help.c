/* celeriac help, celeriac version. */
#include <stdio.h>

#include "client/celeriac_task.h"
#include "client/cli/help.h"
#include "client/cli/help_man.h"
#include "client/cli/output.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct help_options {
    const char *man;
};

static int run_help(struct cli *cli, const void *options);
static int run_version(struct cli *cli, const void *options);

static const struct option help_rows[] = {
    {.name = "man",
     .type = OPTION_TEXT,
     .unit = "DIR",
     .help = "write the manual pages to this directory instead",
     .offset = offsetof(struct help_options, man)},
};

const struct command cmd_help = {
    .name = "help",
    .group = GROUP_PROGRAM,
    .summary = "Shows what there is, or the help of a verb",
    .usage = "help [VERB]",
    .rows = help_rows,
    .n_rows = 1,
    .options_size = sizeof(struct help_options),
    .examples = {"celeriac help", "celeriac help map"},
    .exit_codes = "0   shown\n64  no such verb\n78  the directory cannot be written to\n",
    .run = run_help,
};

const struct command cmd_version = {
    .name = "version",
    .group = GROUP_PROGRAM,
    .summary = "Prints the version",
    .usage = "version",
    .examples = {"celeriac version", "celeriac version --json"},
    .exit_codes = "0   shown\n",
    .run = run_version,
};

static int
run_help(struct cli *cli, const void *options)
{
    const struct help_options *o = options;
    struct error err = ERROR_INIT;

    if (o->man) {
        return help_man_write(cli, o->man, &err) ? 0 : cli_fail(&err);
    }
    if (cli->operands.count == 0) {
        help_program(cli, stdout);
    }
    for (size_t i = 0; i < cli->operands.count; i++) {
        const struct command *command = cli_find_command(cli, cli->operands.items[i]);
        if (!command) {
            return cli_fail_with(ERROR_USAGE, "no verb \"%s\": see celeriac --help",
                                 cli->operands.items[i]);
        }
        help_command(command, stdout);
    }
    return 0;
}

static int
run_version(struct cli *cli, const void *options)
{
    struct celeriac_arena *arena;
    struct celeriac_value *v;

    (void)options;
    if (!cli->options.json) {
        printf("celeriac %s\n", CELERIAC_VERSION);
        return 0;
    }
    arena = arena_new();
    v = celeriac_object(arena);
    celeriac_set(v, "version", celeriac_text(arena, CELERIAC_VERSION));
    celeriac_set(v, "module_abi", celeriac_integer(arena, CELERIAC_ABI));
    output_json(v);
    arena_free(arena);
    return 0;
}
