/* Verbs of the contract that this version does not have: they say so and end with 78. */
#include "client/cli/verbs.h"

static int run(struct cli *cli, const void *options);

#define LATER(verb, heading, line)                                                                 \
    const struct command cmd_##verb = {                                                            \
        .name = #verb,                                                                             \
        .group = heading,                                                                          \
        .summary = line " (not built yet)",                                                        \
        .usage = #verb,                                                                            \
        .examples = {"celeriac " #verb, "celeriac " #verb " --help"},                              \
        .exit_codes = "78  not built yet\n",                                                       \
        .run = run}

LATER(schedule, GROUP_QUEUES, "Periodic jobs");

static int
run(struct cli *cli, const void *options)
{
    (void)options;
    return cli_fail_with(ERROR_CONFIG, "%s is not built yet", cli->command->name);
}
