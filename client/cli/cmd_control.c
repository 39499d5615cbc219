/* celeriac control: commands to workers, with an answer from each. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/control_targets.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct control_options {
    int64_t wait_ms;
};

enum { ANSWER_MS = 2000, SCALE_LEAST = 1, SCALE_MOST = 64 };

static int run(struct cli *cli, const void *options);
static const char *read_command(const struct cli *cli, int *code);
static int ask(const struct cli *cli, struct broker *b, const char *command, int timeout_ms,
               struct celeriac_arena *arena);
static int print_all(const struct cli *cli, const struct control_targets *t, const char *command,
                     int timeout_ms);
static const struct celeriac_value *row_of(const struct control_target *t, const char *command,
                                           struct celeriac_arena *arena);
static void print_table(const struct cli *cli, const struct control_targets *t,
                        const char *command);
static int judge(const struct control_targets *t, int timeout_ms);

static const struct option rows[] = {
    {.name = "wait-timeout",
     .type = OPTION_DURATION,
     .unit = "DUR",
     .help = "how long answers are waited for (default: 2s)",
     .min = 1,
     .max = 3600 * 1000,
     .offset = offsetof(struct control_options, wait_ms)},
};

static const struct table_column columns[] = {{"WORKER", false, false},
                                              {"RESULT", false, false},
                                              {"STATE", false, false},
                                              {"PROCESSES", true, false},
                                              {"REASON", false, true}};

const struct command cmd_control = {
    .name = "control",
    .group = GROUP_QUEUES,
    .summary = "Sends a command to workers and prints what each answers",
    .usage = "control WORKER quiet|resume|stop|restart|scale N|dump",
    .details =
        "WORKER is a worker's name (or its host, if it has none) or whole id, a pattern of those\n"
        "(\"w*\"), or all. An answer means that the worker has obeyed:\n"
        "  quiet     it takes no new job; what runs is finished (as TSTP)\n"
        "  resume    it takes jobs again (as CONT)\n"
        "  stop      it ends: finishes what runs up to its --grace, hands back the rest (as TERM)\n"
        "  restart   it reads its settings and modules again and replaces its runners one by one\n"
        "            (as HUP)\n"
        "  scale N   it runs N runner processes from now on; those that go finish what they run.\n"
        "            Kept until it ends, or a restart finds another number in its settings\n"
        "  dump      it writes what each of its processes and threads does to its log (as USR1)\n"
        "A worker that does not answer in time is named on stderr, and the exit code is 69; it "
        "may\n"
        "obey later.",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct control_options),
    .examples = {"celeriac control all quiet", "celeriac control 'web*' scale 4 --json"},
    .exit_codes = "0   all have obeyed\n" SESSION_EXIT_USAGE "66  no live worker is meant\n"
                  "69  a worker does not answer, or Redis is out of reach\n"
                  "75  a worker refuses for now: it stops, or a restart is under way\n"
                  "77  Redis refuses us\n78  bad configuration\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct control_options *o = options;
    int code = 0;
    const char *command = read_command(cli, &code);

    if (!command) {
        return code;
    }
    struct broker *b = session_broker(cli, &code);
    if (b) {
        struct celeriac_arena *arena = arena_new();
        code = ask(cli, b, command, o->wait_ms > 0 ? (int)o->wait_ms : ANSWER_MS, arena);
        arena_free(arena);
    }
    broker_close(b);
    return code;
}

/* The command as it is sent; NULL: it is none, which has been said. */
static const char *
read_command(const struct cli *cli, int *code)
{
    static const char *const plain[] = {"quiet", "resume", "stop", "restart", "dump"};
    static char scale[32];
    const char *const *words = cli->operands.items;
    const size_t n = cli->operands.count;

    if (n < 2) {
        (void)session_needs(cli, 2, code);
        return NULL;
    }
    for (size_t i = 0; n == 2 && i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(words[1], plain[i]) == 0) {
            return plain[i];
        }
    }
    if (n != 3 || strcmp(words[1], "scale") != 0) {
        *code = cli_fail_with(ERROR_USAGE, "command \"%.80s\": usage: celeriac %s",
                              n > 3 || strcmp(words[1], "scale") == 0 ? "scale" : words[1],
                              cli->command->usage);
        return NULL;
    }
    char *end;
    errno = 0;
    const long number = strtol(words[2], &end, 10);
    if (end == words[2] || *end || errno || number < SCALE_LEAST || number > SCALE_MOST) {
        *code = cli_fail_with(ERROR_USAGE, "scale \"%.80s\": expected an integer from %d to %d",
                              words[2], SCALE_LEAST, SCALE_MOST);
        return NULL;
    }
    snprintf(scale, sizeof scale, "scale %ld", number);
    return scale;
}

static int
ask(const struct cli *cli, struct broker *b, const char *command, int timeout_ms,
    struct celeriac_arena *arena)
{
    struct broker_control *c = NULL;
    struct control_targets targets;
    struct error err = ERROR_INIT;
    int code;

    if (!control_targets_find(b, cli->operands.items[0], arena, &targets, &err) ||
        !broker_control_open(&c, &cli->broker, &err)) {
        return cli_fail(&err);
    }
    const bool ok = control_targets_ask(&targets, b, c, command, timeout_ms, &err);
    broker_control_close(c);
    code = ok ? 0 : cli_fail(&err);
    if (ok || control_targets_are_sent(&targets)) {
        const int judged = print_all(cli, &targets, command, timeout_ms);
        code = ok ? judged : code;
    }
    return code;
}

static int
print_all(const struct cli *cli, const struct control_targets *t, const char *command,
          int timeout_ms)
{
    if (cli->options.json) {
        for (size_t i = 0; i < t->count; i++) {
            output_json(row_of(&t->items[i], command, t->arena));
        }
    } else {
        print_table(cli, t, command);
    }
    return judge(t, timeout_ms);
}

static const struct celeriac_value *
row_of(const struct control_target *t, const char *command, struct celeriac_arena *arena)
{
    struct celeriac_value *row;

    if (t->answer) {
        return t->answer;
    }
    row = celeriac_object(arena);
    celeriac_set(row, "worker", celeriac_text(arena, t->worker));
    celeriac_set(row, "command", celeriac_string(arena, command, strcspn(command, " ")));
    celeriac_set(row, "result", celeriac_text(arena, "silent"));
    return row;
}

static void
print_table(const struct cli *cli, const struct control_targets *t, const char *command)
{
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);

    for (size_t i = 0; i < t->count; i++) {
        const struct celeriac_value *row = row_of(&t->items[i], command, t->arena);
        const struct celeriac_value *reason = celeriac_get(row, "reason");
        int64_t processes;
        table_cell(table, "%s", job_view_text(row, "worker"));
        table_cell(table, "%s", job_view_text(row, "result"));
        table_cell(table, "%s", t->items[i].answer ? job_view_text(row, "state") : "-");
        if (celeriac_get_integer(celeriac_get(row, "processes"), &processes)) {
            table_cell(table, "%lld", (long long)processes);
        } else {
            table_cell(table, "-");
        }
        table_cell(table, "%s", reason ? job_view_text(row, "reason") : "");
    }
    table_print(table, output_width(), output_has_colors(cli), stdout);
    table_free(table);
}

static int
judge(const struct control_targets *t, int timeout_ms)
{
    int code = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct control_target *one = &t->items[i];
        if (!one->answer) {
            fprintf(stderr, "celeriac: worker %s does not answer within %d ms\n", one->worker,
                    timeout_ms);
            code = ERROR_UNAVAILABLE;
        } else if (strcmp(job_view_text(one->answer, "result"), "done") != 0) {
            fprintf(stderr, "celeriac: worker %s refuses: %s\n", one->worker,
                    job_view_text(one->answer, "reason"));
            code = code ? code : ERROR_TRY_LATER;
        }
    }
    return code;
}
