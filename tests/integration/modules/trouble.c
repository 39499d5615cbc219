/* A module that gives trouble, as TROUBLE (a statement) says, at the place that PLACE names;
 * without it, a good one whose task `version` gives VERSION. */
#include <celeriac_task.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef ABI
#define ABI CELERIAC_ABI
#endif
#ifndef VERSION
#define VERSION 1
#endif
#ifndef TROUBLE
#define TROUBLE (void)0
#endif
#define IN_CONSTRUCTOR 1
#define IN_PROCESS 2
#define IN_THREAD 3
#define IN_CLEAR 4
#ifndef PLACE
#define PLACE IN_PROCESS
#endif

static void
trouble(int place)
{
    if (place == PLACE) {
        TROUBLE;
    }
}

__attribute__((constructor)) static void
load(void)
{
    trouble(IN_CONSTRUCTOR);
}

static bool
process_setup(char *message, size_t size)
{
    (void)message, (void)size;
    trouble(IN_PROCESS);
    return true;
}

static void
process_clear(void)
{
    trouble(IN_CLEAR);
}

static bool
thread_setup(void **state, char *message, size_t size)
{
    (void)state, (void)message, (void)size;
    trouble(IN_THREAD);
    return true;
}

static enum celeriac_outcome
version_run(struct celeriac_context *ctx)
{
    return celeriac_return(ctx, celeriac_integer(celeriac_arena(ctx), VERSION));
}

static const struct celeriac_task tasks[] = {{.name = "version", .run = version_run}};

const struct celeriac_module celeriac_module = {.abi = ABI,
                                                .name = "trouble",
                                                .tasks = tasks,
                                                .n_tasks = 1,
                                                .process_setup = process_setup,
                                                .process_clear = process_clear,
                                                .thread_setup = thread_setup};
