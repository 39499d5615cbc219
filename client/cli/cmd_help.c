/* celeriac help, celeriac version. */
#include <stdio.h>

#include "client/celeriac_task.h"
#include "client/cli/help.h"
#include "client/cli/output.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

static int run_help(struct cli *cli, const void *options);
static int run_version(struct cli *cli, const void *options);

const struct command cmd_help = {
    .name = "help",
    .group = GROUP_PROGRAM,
    .summary = "Shows what there is, or the help of a verb",
    .usage = "help [VERB]",
    .examples = {"celeriac help", "celeriac help map"},
    .exit_codes = "0   shown\n64  no such verb\n",
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
    (void)options;
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
