/* Module command: programs as tasks, so that any language can be one. Which programs, the worker's
 * host decides: the environment variable CELERIAC_COMMANDS names a file that lists them (allowed.c
 * has its form). Without it the task is there and refuses everything. No shell is ever involved.
 *
 * The list is read when the process begins, before there are threads, and is only read from then
 * on. Several sets of modules in one process (tests) share it. */
#include "worker/tasks/command/command.h"

#include <stdlib.h>

static struct allowed_list allowed;
static unsigned users;

static bool
process_setup(char *message, size_t size)
{
    const char *path = getenv("CELERIAC_COMMANDS");
    if (users == 0 && path != NULL && path[0] != '\0' &&
        !allowed_read(&allowed, path, message, size))
        return false;
    users++;
    return true;
}

static void
process_clear(void)
{
    if (--users == 0)
        allowed_clear(&allowed);
}

static enum celeriac_outcome
run_request(struct celeriac_context *ctx, const struct allowed *a, struct request *r)
{
    enum celeriac_outcome end;
    struct program program;
    if (!request_read(ctx, a, r, &end))
        return end;
    program_run(ctx, &r->order, &program);
    end = answer(ctx, a, r, &program);
    program_clear(&program);
    return end;
}

static enum celeriac_outcome
command_run(struct celeriac_context *ctx)
{
    const char *name = celeriac_arg_string(ctx, ARG_NAME, NULL);
    const struct allowed *a = allowed_find(&allowed, name);
    if (allowed.n == 0)
        return celeriac_reject(
            ctx, "not_allowed",
            "command: this worker runs no programs: its CELERIAC_COMMANDS names no list of them");
    if (a == NULL)
        return celeriac_reject(ctx, "not_allowed",
                               "command %s: not in the list of programs that this worker runs",
                               name);
    struct request *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return celeriac_fail(ctx, "no_memory", "command: no memory");
    const enum celeriac_outcome end = run_request(ctx, a, r);
    free(r);
    return end;
}

static const struct celeriac_param command_params[] = {
    {.name = "name",
     .kind = CELERIAC_ARG_STRING,
     .min = 1,
     .max = 64,
     .help = "which program, by its name in the worker's list"},
    {.name = "arguments",
     .kind = CELERIAC_ARG_ARRAY,
     .optional = true,
     .min = 0,
     .max = COMMAND_ARGUMENTS_MAX,
     .help = "strings and numbers; other values go as JSON"},
    {.name = "stdin",
     .kind = CELERIAC_ARG_ANY,
     .optional = true,
     .help = "its standard input: a string or binary as it is, other values as a line of JSON"},
    {.name = "env",
     .kind = CELERIAC_ARG_OBJECT,
     .optional = true,
     .min = 0,
     .max = COMMAND_VARIABLES_MAX,
     .help = "environment variables, of those that the list allows"},
    {.name = "timeout",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .min = 0.001,
     .max = 1e9,
     .unit = "s",
     .help = "kill it after that time"},
    {.name = "memory",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .min = 1e6,
     .max = 1e15,
     .unit = "bytes",
     .help = "address space that each of its processes may take"}};

static const struct celeriac_task tasks[] = {
    {.name = "command",
     .help = "Runs a program from the worker's list, without a shell",
     .run = command_run,
     .params = command_params,
     .n_params = sizeof(command_params) / sizeof(command_params[0]),
     .returns = "its standard output: the value if that is JSON, else a string"},
};

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "command",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
    .process_setup = process_setup,
    .process_clear = process_clear,
};
