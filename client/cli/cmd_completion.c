/* celeriac completion: scripts for shells, written from the tables of verbs and options. Tasks and
 * queues are asked from the program when the key is pressed. */
#include <stdio.h>
#include <string.h>

#include "client/cli/verbs.h"

#define FISH_QUEUES "\"(celeriac queues 2>/dev/null | tail -n +2 | string split -f1 ' ')\""

static int run(struct cli *cli, const void *options);
static void print_bash(const struct cli *cli);
static void print_zsh(const struct cli *cli);
static void print_fish(const struct cli *cli);
static void print_words(const struct option *rows, size_t n);
static void print_fish_rows(const char *verb, const struct option *rows, size_t n);
static void print_quoted(const char *text, const char *special);

const struct command cmd_completion = {
    .name = "completion",
    .group = GROUP_PROGRAM,
    .summary = "Prints a completion script for a shell",
    .usage = "completion bash|zsh|fish",
    .examples = {"source <(celeriac completion bash)",
                 "celeriac completion fish > ~/.config/fish/completions/celeriac.fish"},
    .exit_codes = "0   printed\n64  wrong usage\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    static const struct {
        const char *name;
        void (*print)(const struct cli *cli);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    (void)options;
    for (size_t i = 0; i < sizeof shells / sizeof *shells && cli->operands.count == 1; i++) {
        if (strcmp(cli->operands.items[0], shells[i].name) == 0) {
            shells[i].print(cli);
            return 0;
        }
    }
    return cli_fail_with(ERROR_USAGE, "usage: celeriac %s", cli->command->usage);
}

static void
print_bash(const struct cli *cli)
{
    printf("# bash completion for celeriac\n_celeriac()\n{\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= i "
           "words=\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case ${COMP_WORDS[i]} in\n        ");
    for (size_t i = 0; i < cli->n_commands; i++) {
        printf("%s%s", i ? "|" : "", cli->commands[i]->name);
    }
    printf(") verb=${COMP_WORDS[i]}; break ;;\n        esac\n    done\n"
           "    case $before in\n"
           "    -q|--queue) words=$(celeriac queues 2>/dev/null | awk 'NR > 1 {print $1}') ;;\n"
           "    run|submit|map|tasks) words=$(celeriac tasks 2>/dev/null | awk -F'[( ]' 'NR > 1 "
           "{print $1}') ;;\n"
           "    pause|resume|purge|limit|queues) words=$(celeriac queues 2>/dev/null | awk 'NR > 1 "
           "{print $1}') ;;\n"
           "    completion) words='bash zsh fish' ;;\n    esac\n"
           "    case $verb in\n    '') words+=' ");
    for (size_t i = 0; i < cli->n_commands; i++) {
        printf("%s ", cli->commands[i]->name);
    }
    printf("' ;;\n    help) words='");
    for (size_t i = 0; i < cli->n_commands; i++) {
        printf("%s ", cli->commands[i]->name);
    }
    printf("' ;;\n");
    for (size_t i = 0; i < cli->n_commands; i++) {
        printf("    %s) words+=' ", cli->commands[i]->name);
        print_words(cli->commands[i]->rows, cli->commands[i]->n_rows);
        printf("' ;;\n");
    }
    printf("    esac\n    words+=' ");
    print_words(client_settings_rows, CLIENT_SETTINGS_ROWS);
    print_words(cli_rows, CLI_ROWS);
    printf("'\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
           "complete -o default -F _celeriac celeriac\n");
}

/* zsh runs the same function through its bash layer, which keeps the two alike. From a file in
 * $fpath the script runs as _celeriac when the key is first pressed, and has to answer. */
static void
print_zsh(const struct cli *cli)
{
    printf("#compdef celeriac\nautoload -U +X bashcompinit && bashcompinit\n");
    print_bash(cli);
    printf("[[ $funcstack[1] != _celeriac ]] || _bash_complete -o default -F _celeriac\n");
}

static void
print_fish(const struct cli *cli)
{
    printf("# fish completion for celeriac\n"
           "complete -c celeriac -f\n");
    for (size_t i = 0; i < cli->n_commands; i++) {
        printf("complete -c celeriac -n __fish_use_subcommand -a %s -d '", cli->commands[i]->name);
        print_quoted(cli->commands[i]->summary, "'\\");
        printf("'\n");
    }
    print_fish_rows(NULL, client_settings_rows, CLIENT_SETTINGS_ROWS);
    print_fish_rows(NULL, cli_rows, CLI_ROWS);
    for (size_t i = 0; i < cli->n_commands; i++) {
        print_fish_rows(cli->commands[i]->name, cli->commands[i]->rows, cli->commands[i]->n_rows);
    }
    printf("complete -c celeriac -n '__fish_seen_subcommand_from run submit map tasks' "
           "-a \"(celeriac tasks 2>/dev/null | string match -r '^[A-Za-z0-9_.-]+(?=\\()')\"\n"
           "complete -c celeriac -n '__fish_seen_subcommand_from pause resume purge limit queues' "
           "-a " FISH_QUEUES "\n"
           "complete -c celeriac -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n");
}

static void
print_words(const struct option *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("--%s ", rows[i].name);
    }
}

static void
print_fish_rows(const char *verb, const struct option *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("complete -c celeriac");
        if (verb) {
            printf(" -n '__fish_seen_subcommand_from %s'", verb);
        }
        printf(" -l %s", rows[i].name);
        if (rows[i].letter) {
            printf(" -s %c", rows[i].letter);
        }
        if (rows[i].type != OPTION_FLAG && !rows[i].value_is_optional) {
            printf(" -r");
        }
        if (strcmp(rows[i].name, "queue") == 0) {
            printf(" -a " FISH_QUEUES);
        }
        printf(" -d '");
        print_quoted(rows[i].help, "'\\");
        printf("'\n");
    }
}

static void
print_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text)) {
            putchar('\\');
        }
        putchar(*text);
    }
}
