/* The verb `worker`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/command.h"
#include "client/cli/verbs.h"
#include "common/log.h"
#include "common/mem.h"
#include "worker/check.h"
#include "worker/process.h"
#include "worker/worker.h"
#include "worker/worker_options.h"

enum { COMMAND_LINE_MAX = 1 << 20, WORDS_MAX = 4096 };

extern const struct command cmd_worker;

static bool reload(struct worker_settings *out, struct error *err);

static int
run(struct cli *cli, const void *options)
{
    const struct worker_options *o = options;
    struct error err = ERROR_INIT;

    if (cli->operands.count > 0)
        return cli_fail_with(ERROR_USAGE, "worker %s: takes options only", cli->operands.items[0]);
    if (o->is_check)
        return check_ask(o->name, stdout, &err) ? 0 : cli_fail(&err);
    struct worker_settings *settings = mem_zero(sizeof(*settings)); /* until the process ends */
    if (!worker_settings_read(settings, o, &cli->broker, &err) ||
        !worker_make_id(settings->id, o->name, &err))
        process_leave(cli_fail(&err));
    settings->reload = reload;
    log_setup((enum log_level)o->log_level, (enum log_format)o->log_format);
    worker_main(settings);
}

/* The words that this process was started with; they point into `text`, of COMMAND_LINE_MAX + 1
 * bytes. */
static int
read_command_line(char *text, char **argv)
{
    FILE *f = fopen("/proc/self/cmdline", "re");
    const size_t len = f != NULL ? fread(text, 1, COMMAND_LINE_MAX, f) : 0;
    int argc = 0;

    if (f != NULL)
        (void)fclose(f);
    text[len] = '\0';
    for (size_t at = 0; at < len && argc < WORDS_MAX; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    argv[argc] = NULL;
    return argc;
}

static bool
read_again(struct worker_settings *out, struct cli *cli, char *text, char **argv, struct error *err)
{
    struct worker_options o = {.is_strict = false};
    struct option_origin origins[CLIENT_SETTINGS_ROWS + CLI_ROWS + WORKER_OPTION_ROWS];
    struct option_set sets[] = {{client_settings_rows, CLIENT_SETTINGS_ROWS, &cli->settings},
                                {cli_rows, CLI_ROWS, &cli->options},
                                {worker_option_rows, WORKER_OPTION_ROWS, &o}};
    int argc = read_command_line(text, argv);
    const int verb = options_first_operand(sets, 2, argc, argv);

    if (verb >= argc)
        return error_set(err, ERROR_INTERNAL, "the command line holds no verb any more");
    memmove(argv + verb, argv + verb + 1, (size_t)(argc - verb) * sizeof(*argv));
    if (!options_read(sets, 3, argc - 1, argv, &cli->operands, origins, err))
        return false;
    (void)client_settings_finish(&cli->settings, origins);
    const struct broker_settings broker = client_settings_broker(&cli->settings);
    return worker_settings_read(out, &o, &broker, err);
}

/* The same options again, with what the files hold now. */
static bool
reload(struct worker_settings *out, struct error *err)
{
    struct cli *cli = mem_zero(sizeof(*cli));
    char *text = mem_alloc(COMMAND_LINE_MAX + 1);
    char **argv = mem_array(WORDS_MAX + 1, sizeof(*argv));
    const bool ok = read_again(out, cli, text, argv, err);

    free(argv);
    free(text);
    free(cli);
    return ok;
}

const struct command cmd_worker = {
    .name = "worker",
    .group = GROUP_QUEUES,
    .summary = "Runs a worker",
    .usage = "worker",
    .details = "Takes jobs from queues and runs them, in processes with threads, until it is told "
               "to stop.\n"
               "Signals: TERM finishes what runs, up to --grace, then ends; INT the same, a second "
               "one ends now; QUIT\n"
               "ends now; TSTP takes nothing new; CONT goes on; HUP reloads settings and modules; "
               "TTIN and TTOU add and\n"
               "remove a process; USR1 logs what runs.\n"
               "With --check nothing is run: the workers on this host, or in this container, are "
               "asked whether they\n"
               "take jobs, and answer with a line each; with --name those of that name.",
    .rows = worker_option_rows,
    .n_rows = WORKER_OPTION_ROWS,
    .options_size = sizeof(struct worker_options),
    .examples = {"celeriac worker",
                 "celeriac worker -q urgent,10 -q default -P 4 -T 2 --module ./mine.so"},
    .exit_codes =
        "0   stopped as asked; --check: a worker is ready\n64  usage\n69  --check: no worker "
        "answers, or none is ready\n77  denied by Redis at the start\n78  bad configuration, or a "
        "module that does not load\n",
    .run = run,
};
