/* celeriac pause, resume, purge: changes of whole queues. */
#include <stdio.h>

#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct purge_options {
    bool yes;
};

typedef bool queue_change_fn(const struct cli *cli, struct broker *b, const char *queue,
                             struct error *err);

static int run_pause(struct cli *cli, const void *options);
static int run_resume(struct cli *cli, const void *options);
static int run_purge(struct cli *cli, const void *options);
static int change_all(const struct cli *cli, queue_change_fn *change);
static bool pause_queue(const struct cli *cli, struct broker *b, const char *queue,
                        struct error *err);
static bool resume_queue(const struct cli *cli, struct broker *b, const char *queue,
                         struct error *err);
static bool set_paused(const struct cli *cli, struct broker *b, const char *queue, bool is_paused,
                       struct error *err);
static bool purge_queue(const struct cli *cli, struct broker *b, const char *queue,
                        struct error *err);
static void print_json(const char *queue, const char *key, struct celeriac_value *v,
                       struct celeriac_arena *arena);

#define EXIT_CODES "0   done\n" SESSION_EXIT_USAGE "66  no such queue\n" SESSION_EXIT_BROKER

static const struct option purge_rows[] = {
    {.name = "yes",
     .letter = 'y',
     .type = OPTION_FLAG,
     .help = "do not ask",
     .offset = offsetof(struct purge_options, yes)},
};

const struct command cmd_pause = {
    .name = "pause",
    .group = GROUP_QUEUES,
    .summary = "Pauses queues: jobs are accepted, but none is started",
    .usage = "pause QUEUE...",
    .examples = {"celeriac pause default", "celeriac pause mail reports"},
    .exit_codes = EXIT_CODES,
    .run = run_pause,
};

const struct command cmd_resume = {
    .name = "resume",
    .group = GROUP_QUEUES,
    .summary = "Lets paused queues go on",
    .usage = "resume QUEUE...",
    .examples = {"celeriac resume default", "celeriac resume mail reports"},
    .exit_codes = EXIT_CODES,
    .run = run_resume,
};

const struct command cmd_purge = {
    .name = "purge",
    .group = GROUP_QUEUES,
    .summary = "Removes all waiting and delayed jobs of queues; asks before",
    .usage = "purge QUEUE...",
    .rows = purge_rows,
    .n_rows = 1,
    .options_size = sizeof(struct purge_options),
    .examples = {"celeriac purge default", "celeriac purge -y default"},
    .exit_codes = EXIT_CODES,
    .run = run_purge,
};

static int
run_pause(struct cli *cli, const void *options)
{
    (void)options;
    return change_all(cli, pause_queue);
}

static int
run_resume(struct cli *cli, const void *options)
{
    (void)options;
    return change_all(cli, resume_queue);
}

static int
run_purge(struct cli *cli, const void *options)
{
    const struct purge_options *o = options;
    int code = 0;

    if (!session_needs(cli, 1, &code) ||
        !session_is_sure(o->yes, "waiting and delayed jobs", cli->operands.items,
                         cli->operands.count, &code)) {
        return code;
    }
    return change_all(cli, purge_queue);
}

static int
change_all(const struct cli *cli, queue_change_fn *change)
{
    struct broker *b;
    int code = 0;

    if (!session_needs(cli, 1, &code)) {
        return code;
    }
    b = session_broker(cli, &code);
    for (size_t i = 0; b && i < cli->operands.count; i++) {
        struct error err = ERROR_INIT;
        if (!change(cli, b, cli->operands.items[i], &err)) {
            code = session_worse(code, cli_fail(&err));
        }
    }
    broker_close(b);
    return code;
}

static bool
pause_queue(const struct cli *cli, struct broker *b, const char *queue, struct error *err)
{
    return set_paused(cli, b, queue, true, err);
}

static bool
resume_queue(const struct cli *cli, struct broker *b, const char *queue, struct error *err)
{
    return set_paused(cli, b, queue, false, err);
}

static bool
set_paused(const struct cli *cli, struct broker *b, const char *queue, bool is_paused,
           struct error *err)
{
    struct celeriac_arena *arena;

    if (!broker_pause(b, queue, is_paused, err)) {
        return false;
    }
    arena = arena_new();
    if (cli->options.json) {
        print_json(queue, "paused", celeriac_boolean(arena, is_paused), arena);
    }
    arena_free(arena);
    return true;
}

static bool
purge_queue(const struct cli *cli, struct broker *b, const char *queue, struct error *err)
{
    struct celeriac_arena *arena;
    int64_t removed;

    if (!broker_purge(b, queue, &removed, err)) {
        return false;
    }
    arena = arena_new();
    if (cli->options.json) {
        print_json(queue, "removed", celeriac_integer(arena, removed), arena);
    } else {
        fprintf(stderr, "celeriac: %lld jobs removed from %s\n", (long long)removed, queue);
    }
    arena_free(arena);
    return true;
}

static void
print_json(const char *queue, const char *key, struct celeriac_value *v,
           struct celeriac_arena *arena)
{
    struct celeriac_value *line = celeriac_object(arena);

    celeriac_set(line, "queue", celeriac_text(arena, queue));
    celeriac_set(line, key, v);
    output_json(line);
}
