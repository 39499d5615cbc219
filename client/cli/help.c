/* Help is printed from the tables of verbs and options, so that it cannot disagree with them. */
#include "client/cli/help.h"

#include <string.h>

static void print_group(const struct cli *cli, const char *group, FILE *out);
static void print_indented(const char *lines, FILE *out);

void
help_program(const struct cli *cli, FILE *out)
{
    fprintf(out, "Celeriac: a task queue. Jobs go through Redis to workers that compute them.\n\n"
                 "Usage: celeriac VERB [OPTIONS] [OPERANDS]\n");
    for (size_t i = 0; i < cli->n_commands; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i; j++) {
            is_first &= strcmp(cli->commands[i]->group, cli->commands[j]->group) != 0;
        }
        if (is_first) {
            print_group(cli, cli->commands[i]->group, out);
        }
    }
    fprintf(out, "\nOptions of every verb, before or after it:\n");
    options_print_help(&(struct option_set){client_settings_rows, CLIENT_SETTINGS_ROWS, NULL}, out);
    options_print_help(&(struct option_set){cli_rows, CLI_ROWS, NULL}, out);
    fprintf(out, "\n`celeriac VERB --help` tells more about a verb.\n");
}

void
help_command(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: celeriac %s\n\n%s.\n", command->usage, command->summary);
    if (command->details) {
        fprintf(out, "\n%s\n", command->details);
    }
    if (command->n_rows) {
        fprintf(out, "\nOptions:\n");
        options_print_help(&(struct option_set){command->rows, command->n_rows, NULL}, out);
    }
    fprintf(out, "\nOptions of every verb:\n");
    options_print_help(&(struct option_set){client_settings_rows, CLIENT_SETTINGS_ROWS, NULL}, out);
    options_print_help(&(struct option_set){cli_rows, CLI_ROWS, NULL}, out);
    fprintf(out, "\nExamples:\n");
    for (size_t i = 0; i < 2; i++) {
        if (command->examples[i]) {
            fprintf(out, "  %s\n", command->examples[i]);
        }
    }
    fprintf(out, "\nExit codes:\n");
    print_indented(command->exit_codes, out);
}

static void
print_group(const struct cli *cli, const char *group, FILE *out)
{
    fprintf(out, "\n%s:\n", group);
    for (size_t i = 0; i < cli->n_commands; i++) {
        if (strcmp(cli->commands[i]->group, group) == 0) {
            fprintf(out, "  %-11s %s\n", cli->commands[i]->name, cli->commands[i]->summary);
        }
    }
}

static void
print_indented(const char *lines, FILE *out)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        fprintf(out, "  %.*s\n", (int)len, lines);
        lines += len + (lines[len] == '\n');
    }
}
