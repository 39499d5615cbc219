/* Module basics: small tasks that need no library. They measure (countdown, sum_range, spin), test
 * what surrounds them (echo, sleep, fail, crash, allocate) and serve as patterns for own tasks.
 *
 * To add one: a file with its function, a prototype in basics.h, a row here. */
#include "worker/tasks/basics/basics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct celeriac_param allocate_params[] = {{.name = "bytes",
                                                         .kind = CELERIAC_ARG_INTEGER,
                                                         .min = 0,
                                                         .max = 1LL << 40,
                                                         .unit = "bytes",
                                                         .help = "how much memory is touched"},
                                                        {.name = "seconds",
                                                         .kind = CELERIAC_ARG_NUMBER,
                                                         .optional = true,
                                                         .fallback = "0",
                                                         .min = 0,
                                                         .max = 1e9,
                                                         .unit = "s",
                                                         .help = "how long it is held"}};

static const struct celeriac_param countdown_params[] = {{.name = "n",
                                                          .kind = CELERIAC_ARG_INTEGER,
                                                          .min = 0,
                                                          .max = 1e15,
                                                          .help = "where the counting starts"}};

static const struct celeriac_param crash_params[] = {{.name = "signal",
                                                      .kind = CELERIAC_ARG_STRING,
                                                      .optional = true,
                                                      .fallback = "\"SEGV\"",
                                                      .min = 1,
                                                      .max = 16,
                                                      .help = "name of the signal, such as KILL"}};

static const struct celeriac_param echo_params[] = {
    {.name = "value", .kind = CELERIAC_ARG_ANY, .help = "what comes back"}};

static const struct celeriac_param fail_params[] = {
    {.name = "message", .kind = CELERIAC_ARG_STRING, .help = "the message of the failure"},
    {.name = "times",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .min = 0,
     .max = 1e9,
     .help = "fail only in so many first attempts, then return the message"}};

static const struct celeriac_param random_params[] = {
    {.name = "low", .kind = CELERIAC_ARG_INTEGER, .help = "the least result"},
    {.name = "high", .kind = CELERIAC_ARG_INTEGER, .help = "the greatest result"}};

static const struct celeriac_param sleep_params[] = {{.name = "seconds",
                                                      .kind = CELERIAC_ARG_NUMBER,
                                                      .min = 0,
                                                      .max = 1e9,
                                                      .unit = "s",
                                                      .help = "how long"}};

static const struct celeriac_param sum_range_params[] = {{.name = "n",
                                                          .kind = CELERIAC_ARG_INTEGER,
                                                          .min = 0,
                                                          .max = 1e15,
                                                          .help = "how many numbers are added"}};

#define PARAMS(rows) .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])

static const struct celeriac_task tasks[] = {
    {.name = "countdown",
     .help = "Counts from n down to 0, one by one",
     .run = countdown_run,
     PARAMS(countdown_params),
     .returns = "n"},
    {.name = "sum_range",
     .help = "0 + 1 + ... + (n-1), one by one",
     .run = sum_range_run,
     PARAMS(sum_range_params),
     .returns = "the sum, exact"},
    {.name = "sleep",
     .help = "Waits; a cancelled one wakes up within 100 ms",
     .run = sleep_run,
     PARAMS(sleep_params),
     .returns = "the seconds"},
    {.name = "echo",
     .help = "Gives its argument back",
     .run = echo_run,
     PARAMS(echo_params),
     .returns = "the value"},
    {.name = "random",
     .help = "A random integer, evenly distributed",
     .run = random_run,
     PARAMS(random_params),
     .returns = "an integer from low to high, both included"},
    {.name = "fail",
     .help = "Fails with type \"fail\" and a message of your own",
     .run = fail_run,
     PARAMS(fail_params),
     .returns = "the message, after the failures that were asked for"},
    {.name = "crash",
     .help = "Kills the process that runs it by a signal",
     .run = crash_run,
     PARAMS(crash_params),
     .returns = "never"},
    {.name = "spin",
     .help = "Keeps a core busy and takes no notice of being cancelled",
     .run = spin_run,
     PARAMS(sleep_params),
     .returns = "the seconds"},
    {.name = "allocate",
     .help = "Touches so much memory, holds it, then frees it",
     .run = allocate_run,
     PARAMS(allocate_params),
     .returns = "the bytes"},
};

static bool
thread_setup(void **state, char *message, size_t size)
{
    struct basics_state *s = calloc(1, sizeof(*s));
    if (s == NULL || !random_seed(s)) {
        snprintf(message, size, "no seed for random numbers: %s", strerror(errno));
        free(s);
        return false;
    }
    *state = s;
    return true;
}

static void
thread_clear(void *state)
{
    free(state);
}

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "basics",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
    .thread_setup = thread_setup,
    .thread_clear = thread_clear,
};
