/* celeriac retry, discard: dead letters again, or away for good. */
#include <stdlib.h>

#include "client/cli/job_change.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"
#include "common/mem.h"

struct letters_options {
    bool all, yes;
    const char *queue;
};

/* Ids are collected first: the list must not change while it is read. */
struct collected {
    struct id *ids;
    size_t n, room;
};

static int run_retry(struct cli *cli, const void *options);
static int run_discard(struct cli *cli, const void *options);
static int change_all(const struct cli *cli, const char *queue, job_change_fn *change);
static bool collect(struct broker *b, const char *queue, enum job_state state, struct collected *c,
                    struct error *err);
static bool on_record(void *arg, const struct broker_record *record);
static bool retry(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
                  struct error *err);
static bool discard(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
                    struct error *err);

#define EXIT_CODES "0   done\n" SESSION_EXIT_USAGE "66  no such job\n" SESSION_EXIT_BROKER

static const struct option rows[] = {
    {.name = "all",
     .type = OPTION_FLAG,
     .help = "all dead and failed jobs of the queue",
     .offset = offsetof(struct letters_options, all)},
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "the queue, for --all",
     .offset = offsetof(struct letters_options, queue)},
    {.name = "yes",
     .letter = 'y',
     .type = OPTION_FLAG,
     .help = "do not ask, for --all",
     .offset = offsetof(struct letters_options, yes)},
};

const struct command cmd_retry = {
    .name = "retry",
    .group = GROUP_JOBS,
    .summary = "Puts dead or failed jobs into their queue again and prints their states",
    .usage = "retry ID... | retry --all -q QUEUE",
    .rows = rows,
    .n_rows = 2,
    .options_size = sizeof(struct letters_options),
    .examples = {"celeriac retry 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac retry --all -q default"},
    .exit_codes = EXIT_CODES,
    .run = run_retry,
};

const struct command cmd_discard = {
    .name = "discard",
    .group = GROUP_JOBS,
    .summary = "Removes dead or failed jobs for good; with --all, asks before",
    .usage = "discard ID... | discard --all -q QUEUE",
    .details = "A job in another state is left as it is, and its state is printed.",
    .rows = rows,
    .n_rows = 3,
    .options_size = sizeof(struct letters_options),
    .examples = {"celeriac discard 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac discard -y --all -q default"},
    .exit_codes = EXIT_CODES,
    .run = run_discard,
};

static int
run_retry(struct cli *cli, const void *options)
{
    const struct letters_options *o = options;
    int code = 0;

    if (!o->all) {
        return session_needs(cli, 1, &code) ? job_change_operands(cli, retry, NULL) : code;
    }
    return change_all(cli, o->queue, retry);
}

static int
run_discard(struct cli *cli, const void *options)
{
    const struct letters_options *o = options;
    int code = 0;

    if (!o->all) {
        return session_needs(cli, 1, &code) ? job_change_operands(cli, discard, NULL) : code;
    }
    if (o->queue && !session_is_sure(o->yes, "dead and failed jobs", &o->queue, 1, &code)) {
        return code;
    }
    return change_all(cli, o->queue, discard);
}

static int
change_all(const struct cli *cli, const char *queue, job_change_fn *change)
{
    struct collected c = {NULL, 0, 0};
    struct error err = ERROR_INIT;
    struct broker *b;
    int code = 0;

    if (!queue || cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "usage: celeriac %s", cli->command->usage);
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    if (!collect(b, queue, JOB_DEAD, &c, &err) || !collect(b, queue, JOB_FAILURE, &c, &err)) {
        code = cli_fail(&err);
    }
    for (size_t i = 0; !err.code && i < c.n; i++) {
        code = session_worse(code, job_change_one(cli, b, &c.ids[i], change, NULL));
    }
    free(c.ids);
    broker_close(b);
    return code;
}

static bool
collect(struct broker *b, const char *queue, enum job_state state, struct collected *c,
        struct error *err)
{
    struct broker_listing listing = {.queue = queue, .state = state, .limit = SIZE_MAX};
    struct celeriac_arena *arena = arena_new();
    bool ok = broker_list(b, &listing, arena, on_record, c, err);

    arena_free(arena);
    return ok;
}

static bool
on_record(void *arg, const struct broker_record *record)
{
    struct collected *c = arg;

    if (c->n == c->room) {
        c->room = c->room ? 2 * c->room : 64;
        c->ids = mem_grow(c->ids, c->room, sizeof *c->ids);
    }
    c->ids[c->n++] = record->id;
    return true;
}

static bool
retry(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
      struct error *err)
{
    (void)arg;
    return broker_retry(b, id, &done->state, err);
}

static bool
discard(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
        struct error *err)
{
    (void)arg;
    return broker_discard(b, id, &done->is_discarded, &done->state, err);
}
