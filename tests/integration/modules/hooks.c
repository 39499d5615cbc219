/* A module whose hooks write a line each, with process and thread, to the file HOOKS_LOG. */
#define _GNU_SOURCE
#include <celeriac_task.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct state {
    int process, thread;
};

static void
say(const char *hook)
{
    char line[80];
    const int len = snprintf(line, sizeof(line), "%s %d %d\n", hook, getpid(), gettid());
    const int fd = open(getenv("HOOKS_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || write(fd, line, (size_t)len) != len)
        abort();
    close(fd);
}

static bool
process_setup(char *message, size_t size)
{
    (void)message, (void)size;
    say("process_setup");
    return true;
}

static void
process_clear(void)
{
    say("process_clear");
}

static bool
thread_setup(void **state, char *message, size_t size)
{
    struct state *s = malloc(sizeof(*s));
    (void)message, (void)size;
    s->process = getpid();
    s->thread = gettid();
    *state = s;
    say("thread_setup");
    return true;
}

static void
thread_clear(void *state)
{
    const struct state *s = state;
    if (s->thread != gettid())
        abort();
    free(state);
    say("thread_clear");
}

/* [process, thread], as the state has it; a failure if that is not where the task runs. */
static enum celeriac_outcome
state_run(struct celeriac_context *ctx)
{
    const struct state *s = celeriac_thread_state(ctx);
    struct celeriac_value *both = celeriac_array(celeriac_arena(ctx));

    if (s->process != getpid() || s->thread != gettid())
        return celeriac_reject(ctx, "foreign", "the state of another thread");
    usleep(20000); /* so that other threads get some of the jobs */
    celeriac_append(both, celeriac_integer(celeriac_arena(ctx), s->process));
    celeriac_append(both, celeriac_integer(celeriac_arena(ctx), s->thread));
    return celeriac_return(ctx, both);
}

static enum celeriac_outcome
variable_run(struct celeriac_context *ctx)
{
    const char *value = getenv(celeriac_arg_string(ctx, 0, NULL));
    return celeriac_return(ctx, value != NULL ? celeriac_text(celeriac_arena(ctx), value)
                                              : celeriac_null(celeriac_arena(ctx)));
}

static const struct celeriac_param name[] = {{.name = "name", .kind = CELERIAC_ARG_STRING}};
static const struct celeriac_task tasks[] = {
    {.name = "state", .run = state_run},
    {.name = "variable", .run = variable_run, .params = name, .n_params = 1}};

const struct celeriac_module celeriac_module = {.abi = CELERIAC_ABI,
                                                .name = "hooks",
                                                .tasks = tasks,
                                                .n_tasks = 2,
                                                .process_setup = process_setup,
                                                .process_clear = process_clear,
                                                .thread_setup = thread_setup,
                                                .thread_clear = thread_clear};
