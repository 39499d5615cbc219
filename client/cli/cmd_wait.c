/* celeriac wait, celeriac result: the results of jobs that were submitted before; with and without
 * waiting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/celeriac.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_report.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/clock.h"
#include "common/mem.h"

struct wait_options {
    bool raw;
    int64_t wait_timeout_ms;
};

static int run_wait(struct cli *cli, const void *options);
static int run_result(struct cli *cli, const void *options);
static int wait_for(struct cli *cli, struct celeriac_client *client, const struct wait_options *o);
static int result_of(struct cli *cli, struct celeriac_client *client, const char *id, bool raw);

static const struct option rows[] = {
    {.name = "raw",
     .letter = 'r',
     .type = OPTION_FLAG,
     .help = "print strings without quotes",
     .offset = offsetof(struct wait_options, raw)},
    {.name = "wait-timeout",
     .type = OPTION_DURATION,
     .unit = "DUR",
     .help = "wait no longer than that, for all of them together: exit 124",
     .offset = offsetof(struct wait_options, wait_timeout_ms)},
};

#define EXIT_CODES                                                                                 \
    "0   all succeeded\n1   a job failed, died, expired or was cancelled\n" SESSION_EXIT_USAGE     \
    "66  no such job\n" SESSION_EXIT_BROKER

const struct command cmd_wait = {
    .name = "wait",
    .group = GROUP_JOBS,
    .summary = "Waits for jobs and prints their results, in the order given",
    .usage = "wait ID...",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct wait_options),
    .examples = {"celeriac wait 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac wait --wait-timeout 10s $(celeriac submit factorial 24)"},
    .exit_codes = EXIT_CODES "124 --wait-timeout has passed; the jobs go on\n",
    .run = run_wait,
};

const struct command cmd_result = {
    .name = "result",
    .group = GROUP_JOBS,
    .summary = "Prints the results of jobs that are done, without waiting",
    .usage = "result ID...",
    .rows = rows,
    .n_rows = 1,
    .options_size = sizeof(struct wait_options),
    .examples = {"celeriac result 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11",
                 "celeriac result --json 019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11"},
    .exit_codes = EXIT_CODES "75  not done yet\n",
    .run = run_result,
};

static int
run_wait(struct cli *cli, const void *options)
{
    struct celeriac_client *client;
    int code = 0;

    if (!session_needs(cli, 1, &code)) {
        return code;
    }
    client = session_client(cli, &code);
    if (client) {
        interrupt_note("the jobs go on");
        code = wait_for(cli, client, options);
    }
    celeriac_close(client);
    return code;
}

/* All are watched from the beginning, so that they are waited for together. */
static int
wait_for(struct cli *cli, struct celeriac_client *client, const struct wait_options *o)
{
    size_t n = cli->operands.count;
    struct celeriac_future **futures = mem_array(n, sizeof *futures);
    int timeout_ms = session_timeout(o->wait_timeout_ms);
    int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    struct celeriac_error error;
    int code = 0;

    for (size_t i = 0; i < n; i++) {
        futures[i] = celeriac_attach(client, NULL, cli->operands.items[i], &error);
        if (!futures[i]) {
            code = session_worse(code, session_fail(&error));
        }
    }
    for (size_t i = 0; i < n; i++) {
        int64_t left = deadline_ms - clock_mono_ms();
        if (!futures[i]) {
            continue;
        }
        if (!celeriac_wait(futures[i], timeout_ms < 0 ? -1 : left < 0 ? 0 : (int)left, &error)) {
            code = session_worse(code, error.code == CELERIAC_ERROR_TIMEOUT
                                           ? cli_fail_with(ERROR_TIMEOUT, "job %s is not done yet",
                                                           celeriac_id(futures[i]))
                                           : session_fail(&error));
            continue;
        }
        code = session_worse(code, job_report_print(cli, futures[i], NULL, o->raw));
        fflush(stdout);
    }
    free(futures);
    return code;
}

static int
run_result(struct cli *cli, const void *options)
{
    const struct wait_options *o = options;
    struct celeriac_client *client;
    int code = 0;

    if (!session_needs(cli, 1, &code)) {
        return code;
    }
    client = session_client(cli, &code);
    for (size_t i = 0; client && i < cli->operands.count; i++) {
        code = session_worse(code, result_of(cli, client, cli->operands.items[i], o->raw));
    }
    celeriac_close(client);
    return code;
}

static int
result_of(struct cli *cli, struct celeriac_client *client, const char *id, bool raw)
{
    struct celeriac_error error;
    struct celeriac_future *future = celeriac_attach(client, NULL, id, &error);
    enum celeriac_state state = CELERIAC_STATE_UNKNOWN;
    int code;

    if (!future) {
        return session_fail(&error);
    }
    if (celeriac_done(future)) {
        code = job_report_print(cli, future, NULL, raw);
    } else if (celeriac_look(client, id, &state, &error)) {
        code = cli_fail_with(ERROR_TRY_LATER, "job %s is not done yet: %s", id,
                             celeriac_state_name(state));
    } else {
        code = session_fail(&error);
    }
    celeriac_future_free(future);
    return code;
}
