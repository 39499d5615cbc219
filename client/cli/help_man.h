/* The manual pages, from the tables of verbs and options. */
#ifndef CLIENT_CLI_HELP_MAN_H
#define CLIENT_CLI_HELP_MAN_H

#include "client/cli/command.h"

/* Writes celeriac.1, a page for each verb, and celeriac.conf.5 to the directory. ERROR_CONFIG: it
 * cannot. */
bool help_man_write(const struct cli *cli, const char *dir, struct error *err);

#endif
