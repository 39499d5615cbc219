/* Verbs of the command line: one `struct command` per cmd_*.c, composed to a table by
 * worker/main.c. */
#ifndef CLIENT_CLI_COMMAND_H
#define CLIENT_CLI_COMMAND_H

#include "broker/types.h"
#include "client/settings.h"
#include "common/options.h"

/* Options that every verb takes, before or after it. */
struct cli_options {
    bool json, help;
    int color; /* enum cli_color */
};

enum cli_color { CLI_COLOR_AUTO, CLI_COLOR_ALWAYS, CLI_COLOR_NEVER };

struct command;

/* One call of the program. */
struct cli {
    struct cli_options options;
    struct client_settings settings;       /* where the broker is, as text */
    struct broker_settings broker;         /* the same, for broker_open */
    bool is_broker_configured;             /* false: it is the default that nobody has named */
    struct option_operands operands;       /* behind the verb */
    const struct command *command;         /* what runs */
    const struct command *const *commands; /* all verbs */
    size_t n_commands;
};

struct command {
    const char *name;
    const char
        *group; /* heading in `celeriac --help`: "Jobs", "Queues and workers", "The program" */
    const char *summary; /* one line without full stop */
    const char *usage;   /* "map TASK [FILE]", without the program's name */
    const char *details; /* more lines for --help, or NULL */
    const struct option *rows;
    size_t n_rows;
    size_t options_size;     /* of the struct that the rows fill; zeroed before */
    const char *examples[2]; /* whole command lines */
    const char *exit_codes;  /* lines "0  ok\n", without indentation */
    int (*run)(struct cli *cli, const void *options); /* returns the exit code */
};

enum { CLI_COMMANDS_MAX = 64 };
/* Writes the verbs that live in client/cli to `out` (room for CLI_COMMANDS_MAX), in the order of
 * the help. */
size_t cli_client_commands(const struct command **out);
/* Finds the verb, reads the options, runs it. Returns the exit code. */
int cli_main(int argc, char **argv, const struct command *const *commands, size_t n);

/* The rows that every verb takes, besides client_settings_rows; they fill struct cli_options. */
enum { CLI_ROWS = 3 };
extern const struct option cli_rows[CLI_ROWS];
const struct command *cli_find_command(const struct cli *cli, const char *name);

/* Prints "celeriac: MESSAGE" to stderr and returns the exit code. */
int cli_fail(const struct error *err);
int cli_fail_with(enum error_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
