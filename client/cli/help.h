/* --help, `help`, from the tables. */
#ifndef CLIENT_CLI_HELP_H
#define CLIENT_CLI_HELP_H

#include "client/cli/command.h"

void help_program(const struct cli *cli, FILE *out);
void help_command(const struct command *command, FILE *out);

#endif
