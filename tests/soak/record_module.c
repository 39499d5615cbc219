/* Module record: one task that writes down its own life, for tests that must know what really ran.
 *
 * Each run appends lines to the file that the environment variable CELERIAC_RECORD names, each with
 * one write(2) to a descriptor opened with O_APPEND, so lines of many processes never mix and
 * outlive a SIGKILL:
 *
 *     S <job> <attempt> <pid> <parent> <ms>      a run has started
 *     E <job> <attempt> <pid> <ms> ok|fail|stop  it has ended: this is what its worker was told
 *     C <job> <attempt> <pid> <ms>               it is about to kill its process
 *
 * Times are ms since 1970 by the wall clock, which on one machine is Redis's clock too. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/celeriac_task.h"

static int record_fd = -1;

static long long
ms_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
append(const char *line, int len)
{
    if (write(record_fd, line, (size_t)len) != len)
        abort();
}

static void
note_start(const struct celeriac_context *ctx)
{
    char line[160];
    append(line,
           snprintf(line, sizeof(line), "S %s %u %d %d %lld\n", celeriac_job_id(ctx),
                    celeriac_attempt(ctx), (int)getpid(), (int)getppid(), ms_of(CLOCK_REALTIME)));
}

static void
note(const struct celeriac_context *ctx, char what, const char *how)
{
    char line[160];
    append(line, snprintf(line, sizeof(line), "%c %s %u %d %lld%s%s\n", what, celeriac_job_id(ctx),
                          celeriac_attempt(ctx), (int)getpid(), ms_of(CLOCK_REALTIME),
                          how[0] != '\0' ? " " : "", how));
}

/* False if the job was cancelled meanwhile. */
static bool
rest(const struct celeriac_context *ctx, double seconds)
{
    const long long end = ms_of(CLOCK_MONOTONIC) + (long long)(seconds * 1000);
    const struct timespec slice = {.tv_nsec = 2 * 1000 * 1000};

    while (ms_of(CLOCK_MONOTONIC) < end) {
        if (celeriac_cancelled(ctx))
            return false;
        nanosleep(&slice, NULL);
    }
    return true;
}

static enum celeriac_outcome
record_run(struct celeriac_context *ctx)
{
    note_start(ctx);
    if (!rest(ctx, celeriac_arg_number(ctx, 0))) {
        note(ctx, 'E', "stop");
        return celeriac_stop(ctx);
    }
    if (celeriac_arg_integer(ctx, 2) != 0) {
        note(ctx, 'C', "");
        raise((int)celeriac_arg_integer(ctx, 2));
    }
    if (celeriac_attempt(ctx) <= celeriac_arg_integer(ctx, 1)) {
        note(ctx, 'E', "fail");
        return celeriac_fail(ctx, "asked", "attempt %u of %lld that fail", celeriac_attempt(ctx),
                             (long long)celeriac_arg_integer(ctx, 1));
    }
    note(ctx, 'E', "ok");
    return celeriac_return(ctx, celeriac_arg(ctx, 0));
}

static bool
open_record(char *message, size_t size)
{
    const char *path = getenv("CELERIAC_RECORD");
    record_fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (record_fd < 0)
        snprintf(message, size, "CELERIAC_RECORD names no file that can be written");
    return record_fd >= 0;
}

static void
close_record(void)
{
    close(record_fd);
}

static const struct celeriac_param record_params[] = {
    {.name = "seconds",
     .kind = CELERIAC_ARG_NUMBER,
     .max = 3600,
     .unit = "s",
     .help = "how long it runs"},
    {.name = "times",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .max = 1e6,
     .help = "fail in so many first attempts"},
    {.name = "signal",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .max = 64,
     .help = "end by killing the process with it"},
};

static const struct celeriac_task tasks[] = {
    {.name = "record",
     .help = "Writes down when it starts and ends",
     .run = record_run,
     .params = record_params,
     .n_params = sizeof(record_params) / sizeof(record_params[0]),
     .returns = "the seconds"}};

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "record",
    .tasks = tasks,
    .n_tasks = 1,
    .process_setup = open_record,
    .process_clear = close_record,
};
