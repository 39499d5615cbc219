/* celeriac cancel. */
#include <stdio.h>

#include "client/cli/job_change.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"

struct cancel_options {
    bool force;
};

static int run(struct cli *cli, const void *options);
static bool cancel(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
                   struct error *err);

static const struct option rows[] = {
    {.name = "force",
     .type = OPTION_FLAG,
     .help = "replace the process of a running job at once, without the grace time",
     .offset = offsetof(struct cancel_options, force)},
};

const struct command cmd_cancel = {
    .name = "cancel",
    .group = GROUP_JOBS,
    .summary = "Cancels jobs wherever they are and prints their states",
    .usage = "cancel ID...",
    .details = "The state afterwards: cancelled (the job waited), running (it is told to stop, and "
               "will end as\n"
               "cancelled), or the final state that it had already.",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct cancel_options),
    .examples = {"celeriac cancel 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac cancel --force 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11"},
    .exit_codes = "0   done\n" SESSION_EXIT_USAGE "66  no such job\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    int code = 0;

    return session_needs(cli, 1, &code) ? job_change_operands(cli, cancel, options) : code;
}

static bool
cancel(struct broker *b, const struct id *id, const void *arg, struct job_change *done,
       struct error *err)
{
    const struct cancel_options *o = arg;

    return broker_cancel(b, id, o->force, &done->state, err);
}
