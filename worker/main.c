/* The program: the verbs of client/cli and the verb `worker`, put together here so that client/
 * knows nothing of worker/. */
#include "client/cli/command.h"

extern const struct command cmd_worker;

int
main(int argc, char **argv)
{
    const struct command *commands[CLI_COMMANDS_MAX];
    size_t n = cli_client_commands(commands);

    commands[n++] = &cmd_worker;
    return cli_main(argc, argv, commands, n);
}
