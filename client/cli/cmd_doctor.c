/* celeriac doctor: what is wrong with Redis and with what is kept there; --repair puts it right. */
#include <stdio.h>

#include "broker/checkup.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct doctor_options {
    bool repair;
};

struct report {
    const struct cli *cli;
    size_t n_findings, n_mended;
};

static int run(struct cli *cli, const void *options);
static void print(void *arg, const struct broker_finding *finding);
static void print_json(const struct broker_finding *finding);
static void print_line(const struct broker_finding *finding);
static void print_sum(const struct report *r, const struct broker_checkup *checkup);

static const struct option rows[] = {
    {.name = "repair",
     .type = OPTION_FLAG,
     .help = "put right what can be, without losing or repeating a job",
     .offset = offsetof(struct doctor_options, repair)},
};

const struct command cmd_doctor = {
    .name = "doctor",
    .group = GROUP_PROGRAM,
    .summary = "Checks Redis' settings, every key, every job, workers and clocks",
    .usage = "doctor",
    .details =
        "Every finding has a line: a word, what it is about, and a sentence. It may run while "
        "jobs do.\nSettings of Redis are never changed. --repair may wait for a lease, to be "
        "sure that a\nworker is gone. It needs the rights of an administrator, not of the "
        "role client.",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct doctor_options),
    .examples = {"celeriac doctor", "celeriac doctor --repair"},
    .exit_codes = "0   nothing is wrong any more\n1   something is wrong\n" SESSION_EXIT_USAGE
        SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct doctor_options *o = options;
    struct report report = {.cli = cli};
    struct broker_checkup checkup = {.mends = o->repair, .each = print, .arg = &report};
    struct error err = ERROR_INIT;
    struct broker *b;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "usage: celeriac %s", cli->command->usage);
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    if (!broker_checkup(b, &checkup, &err)) {
        code = cli_fail(&err);
    } else {
        print_sum(&report, &checkup);
        code = report.n_findings > report.n_mended ? 1 : 0;
    }
    broker_close(b);
    return code;
}

static void
print(void *arg, const struct broker_finding *finding)
{
    struct report *r = arg;

    r->n_findings++;
    r->n_mended += finding->is_mended;
    if (r->cli->options.json) {
        print_json(finding);
    } else {
        print_line(finding);
    }
}

static void
print_json(const struct broker_finding *finding)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_value *line = celeriac_object(arena);
    char id[ID_MAX + 1];

    celeriac_set(line, "v", celeriac_integer(arena, 1));
    celeriac_set(line, "finding", celeriac_text(arena, finding->flaw));
    if (finding->queue) {
        celeriac_set(line, "queue", celeriac_text(arena, finding->queue));
    }
    if (finding->key) {
        celeriac_set(line, "key", celeriac_text(arena, finding->key));
    }
    if (finding->id) {
        celeriac_set(line, "id", celeriac_text(arena, id_print(finding->id, id)));
    }
    celeriac_set(line, "text", celeriac_text(arena, finding->text));
    celeriac_set(line, "repaired", celeriac_boolean(arena, finding->is_mended));
    output_json(line);
    arena_free(arena);
}

static void
print_line(const struct broker_finding *finding)
{
    char id[ID_MAX + 1];

    printf("%s", finding->flaw);
    if (finding->id) {
        printf("  job %s, queue %s", id_print(finding->id, id), finding->queue);
    } else if (finding->key) {
        printf("  %s", finding->key);
    } else if (finding->queue) {
        printf("  queue %s", finding->queue);
    }
    printf("  %s%s\n", finding->text, finding->is_mended ? " Repaired." : "");
}

static void
print_sum(const struct report *r, const struct broker_checkup *checkup)
{
    fprintf(stderr, "celeriac: %zu keys, %zu jobs: ", checkup->n_keys, checkup->n_jobs);
    if (r->n_findings == 0) {
        fprintf(stderr, "nothing is wrong\n");
    } else {
        fprintf(stderr, "%zu findings, %zu repaired\n", r->n_findings, r->n_mended);
    }
}
