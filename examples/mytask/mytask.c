/* A module with two tasks: `collatz`, which computes, and `fan_out` (fan_out.c), which submits
 * other jobs. To add a task: a function, its parameters, a row in `tasks`. */
#include "mytask.h"

#include <stdio.h>
#include <stdlib.h>

/* How many steps of the rule "half of it if even, else 3 n + 1" lead from n to 1?
 *
 * A worker has checked the argument against its declaration before this runs. It runs in several
 * threads at once: what it changes is its own. */
static enum celeriac_outcome
collatz_run(struct celeriac_context *ctx)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    uint64_t n = (uint64_t)celeriac_arg_integer(ctx, 0);
    uint64_t highest = n;
    int64_t steps = 0;

    for (; n != 1; steps++) {
        if (steps % 1000 == 0 && celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        if (n % 2 != 0 && n > (UINT64_MAX - 1) / 3)
            return celeriac_reject(ctx, "overflow", "step %lld leaves 64 bits", (long long)steps);
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
        highest = n > highest ? n : highest;
    }
    struct celeriac_value *result = celeriac_object(arena);
    celeriac_set(result, "steps", celeriac_integer(arena, steps));
    celeriac_set(result, "highest", celeriac_number(arena, (double)highest));
    return celeriac_return(ctx, result);
}

/* Minimum and maximum are inclusive, and hold for what they count: the number, the bytes of a
 * string, the items of an array. Whatever is not said is 0 or NULL. */
static const struct celeriac_param collatz_params[] = {
    {.name = "n", .kind = CELERIAC_ARG_INTEGER, .min = 1, .max = 1e15, .help = "where it begins"},
};

static const struct celeriac_param fan_out_params[] = {
    {.name = "task", .kind = CELERIAC_ARG_STRING, .min = 1, .max = 64, .help = "what is run"},
    {.name = "count",
     .kind = CELERIAC_ARG_INTEGER,
     .min = 1,
     .max = 1000,
     .unit = "jobs",
     .help = "with 1, 2, ... as their argument"},
    {.name = "queue",
     .kind = CELERIAC_ARG_STRING,
     .optional = true,
     .fallback = "\"default\"",
     .min = 1,
     .max = 64,
     .help = "where they wait"},
};

static const struct celeriac_task tasks[] = {
    {.name = "collatz",
     .help = "Counts the steps from n to 1",
     .run = collatz_run,
     .params = collatz_params,
     .n_params = 1,
     .returns = "{steps, highest: the largest number on the way}"},
    {.name = "fan_out",
     .help = "Submits a job for each number from 1 to count",
     .run = fan_out_run,
     .params = fan_out_params,
     .n_params = 3,
     .returns = "an array of their ids"},
};

/* Once in each thread that runs tasks, in that thread. It does not connect: a worker whose Redis is
 * away starts nevertheless. */
static bool
thread_setup(void **state, char *message, size_t size)
{
    *state = calloc(1, sizeof(struct mytask_thread));
    if (*state == NULL)
        snprintf(message, size, "no memory");
    return *state != NULL;
}

static void
thread_clear(void *state)
{
    struct mytask_thread *thread = state;
    celeriac_close(thread->client);
    free(thread);
}

/* The one symbol that a module must have. */
const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "mytask",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
    .thread_setup = thread_setup,
    .thread_clear = thread_clear,
};
