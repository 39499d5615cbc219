/* From argv to the verb.
 *
 * Global options may stand before the verb, so the verb is the first operand: everything before it
 * that is one of our rows is stepped over together with its value. The verb is then taken out of
 * argv, and one call of options_read does the rest for global options and the verb's own. */
#include "client/cli/command.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/help.h"
#include "common/mem.h"

const struct option cli_rows[CLI_ROWS] = {
    {.name = "json",
     .type = OPTION_FLAG,
     .help = "print JSON: an object a line for each item of a list",
     .offset = offsetof(struct cli_options, json)},
    {.name = "color",
     .type = OPTION_CHOICE,
     .fallback = "auto",
     .choices = "auto|always|never",
     .unit = "WHEN",
     .help = "colours: auto means on a terminal, unless NO_COLOR is set",
     .offset = offsetof(struct cli_options, color)},
    {.name = "help",
     .letter = 'h',
     .type = OPTION_FLAG,
     .help = "show this help",
     .offset = offsetof(struct cli_options, help)},
};

static const struct command *take_verb(struct cli *cli, int *argc, char **argv, int *code);
static int without_verb(const struct cli *cli, int argc, char **argv);
static void know_settings(const struct cli *cli, struct option_set *sets);
static int run_verb(struct cli *cli, int argc, char **argv);
static int flush_output(int code);

int
cli_main(int argc, char **argv, const struct command *const *commands, size_t n)
{
    struct cli cli = {.commands = commands, .n_commands = n};
    struct option_set known[CLI_COMMANDS_MAX + 1];
    int code = 0;

    signal(SIGPIPE, SIG_IGN); /* a lost connection to Redis is an error, not an end */
    know_settings(&cli, known);
    cli.command = take_verb(&cli, &argc, argv, &code);
    if (cli.command) {
        code = run_verb(&cli, argc, argv);
    }
    return flush_output(code);
}

const struct command *
cli_find_command(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli->n_commands; i++) {
        if (strcmp(cli->commands[i]->name, name) == 0) {
            return cli->commands[i];
        }
    }
    return NULL;
}

int
cli_fail(const struct error *err)
{
    fflush(stdout);
    fprintf(stderr, "celeriac: %s\n", err->message);
    return (int)err->code;
}

int
cli_fail_with(enum error_code code, const char *format, ...)
{
    char text[ERROR_MESSAGE_MAX];
    struct error err = ERROR_INIT;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&err, code, "%s", text);
    return cli_fail(&err);
}

/* NULL: there is nothing more to do but to end with *code. */
static const struct command *
take_verb(struct cli *cli, int *argc, char **argv, int *code)
{
    const struct option_set sets[] = {{client_settings_rows, CLIENT_SETTINGS_ROWS, &cli->settings},
                                      {cli_rows, CLI_ROWS, &cli->options}};
    int at = options_first_operand(sets, 2, *argc, argv);
    const struct command *command;

    if (at == *argc) {
        bool is_version = *argc == 2 && strcmp(argv[1], "--version") == 0;
        *code = is_version ? 0 : without_verb(cli, *argc, argv);
        *argc = is_version ? 1 : *argc;
        return is_version ? cli_find_command(cli, "version") : NULL;
    }
    command = cli_find_command(cli, argv[at]);
    if (!command) {
        *code = cli_fail_with(ERROR_USAGE, "no verb \"%s\": see celeriac --help", argv[at]);
        return NULL;
    }
    memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof *argv);
    --*argc;
    return command;
}

static int
without_verb(const struct cli *cli, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            help_program(cli, stdout);
            return 0;
        }
    }
    if (argc > 1) {
        return cli_fail_with(
            ERROR_USAGE, "%s: no verb follows, or this cannot stand before it: see celeriac --help",
            argv[1]);
    }
    help_program(cli, stderr);
    return ERROR_USAGE;
}

/* A file may hold settings of any verb. */
static void
know_settings(const struct cli *cli, struct option_set *sets)
{
    for (size_t i = 0; i < cli->n_commands; i++) {
        sets[i] = (struct option_set){cli->commands[i]->rows, cli->commands[i]->n_rows, NULL};
    }
    sets[cli->n_commands] = (struct option_set){client_settings_rows, CLIENT_SETTINGS_ROWS, NULL};
    options_known_settings(sets, cli->n_commands + 1);
}

static int
run_verb(struct cli *cli, int argc, char **argv)
{
    const struct command *command = cli->command;
    void *options = mem_zero(command->options_size + 1);
    struct option_set sets[] = {{client_settings_rows, CLIENT_SETTINGS_ROWS, &cli->settings},
                                {cli_rows, CLI_ROWS, &cli->options},
                                {command->rows, command->n_rows, options}};
    struct option_origin *origins =
        mem_array(CLIENT_SETTINGS_ROWS + CLI_ROWS + command->n_rows, sizeof *origins);
    struct error err = ERROR_INIT;
    int code;

    if (!options_read(sets, 3, argc, argv, &cli->operands, origins, &err)) {
        code = cli_fail(&err);
    } else if (cli->options.help) {
        help_command(command, stdout);
        code = 0;
    } else {
        cli->is_broker_configured = client_settings_finish(&cli->settings, origins);
        cli->broker = client_settings_broker(&cli->settings);
        code = command->run(cli, options);
    }
    free(origins);
    free(options);
    return code;
}

/* A reader that has gone (`| head`) ends us as it ends any program; a full disk is an error. */
static int
flush_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    if (errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    return code ? code
                : cli_fail_with(ERROR_INTERNAL, "cannot write the output: %s", strerror(errno));
}
