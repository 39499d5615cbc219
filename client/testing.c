/* Tasks in the test's own process: a module set of one, a context, an arena. The same code binds
 * the arguments and reads the end as in a runner; only the scoreboard is replaced by two words in
 * the object. */
#include "client/celeriac_testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/context.h"
#include "client/module.h"
#include "common/arena.h"
#include "common/mem.h"

static const double PROGRESS_WHOLE = 1e6;

struct celeriac_testing {
    struct module_set *set;
    void *state; /* of the one thread and the one module */
    struct celeriac_arena *arena;
    unsigned attempt;
    _Atomic uint32_t stop, progress;
};

static struct celeriac_testing *
testing_open(struct module_set *set, bool is_loaded, struct error *err)
{
    struct celeriac_testing *t = mem_zero(sizeof(*t));
    t->set = set;
    t->attempt = 1;
    if (is_loaded && module_set_process_setup(set, err)) {
        if (module_set_thread_setup(set, &t->state, err)) {
            t->arena = arena_new();
            return t;
        }
        module_set_process_clear(set);
    }
    module_set_free(set);
    free(t);
    return NULL;
}

struct celeriac_testing *
celeriac_testing_new(const struct celeriac_module *module, char *message, size_t size)
{
    struct error err = ERROR_INIT;
    struct module_set *set = module_set_new();
    const bool is_loaded = module_set_add(set, module, "under test", &err);
    struct celeriac_testing *t = testing_open(set, is_loaded, &err);
    if (t == NULL && size > 0)
        snprintf(message, size, "%s", err.message);
    return t;
}

struct celeriac_testing *
celeriac_testing_load(const char *path, char *message, size_t size)
{
    struct error err = ERROR_INIT;
    struct module_set *set = module_set_new();
    const bool is_loaded = module_set_load(set, path, NULL, &err);
    struct celeriac_testing *t = testing_open(set, is_loaded, &err);
    if (t == NULL && size > 0)
        snprintf(message, size, "%s", err.message);
    return t;
}

void
celeriac_testing_free(struct celeriac_testing *t)
{
    if (t == NULL)
        return;
    module_set_thread_clear(t->set, &t->state);
    module_set_process_clear(t->set);
    module_set_free(t->set);
    arena_free(t->arena);
    free(t);
}

static struct celeriac_testing_end
refused(const char *type, const char *message)
{
    return (struct celeriac_testing_end){.outcome = CELERIAC_FAILURE,
                                         .error_type = type,
                                         .error_message = message,
                                         .is_final = true,
                                         .retry_delay_ms = -1};
}

/* False: the text is no JSON; `why` lives in the arena. */
static bool
parse(struct celeriac_testing *t, const char *json, const struct celeriac_value **value,
      const char **why)
{
    char message[ERROR_MESSAGE_MAX] = "";
    *value = json != NULL ? celeriac_parse(t->arena, json, strlen(json), message, sizeof(message))
                          : NULL;
    *why = arena_text(t->arena, message, strlen(message));
    return json == NULL || *value != NULL;
}

static struct celeriac_testing_end
run_bound(struct celeriac_testing *t, const struct celeriac_task *task,
          const struct celeriac_value *args, const struct celeriac_value *kwargs)
{
    struct celeriac_context ctx = {.arena = t->arena,
                                   .task = task,
                                   .stop = &t->stop,
                                   .progress = &t->progress,
                                   .thread_state = t->state,
                                   .job_id = "01900000-0000-7000-8000-000000000000",
                                   .attempt = t->attempt};
    const enum celeriac_outcome outcome = context_run(&ctx, args, kwargs);
    return (struct celeriac_testing_end){
        .outcome = outcome,
        .result = outcome == CELERIAC_SUCCESS ? celeriac_print(t->arena, ctx.result) : NULL,
        .error_type = outcome == CELERIAC_FAILURE ? ctx.error_type : NULL,
        .error_message = outcome == CELERIAC_FAILURE ? ctx.error_message : NULL,
        .is_final = ctx.is_final,
        .is_free = ctx.is_free,
        .retry_delay_ms = ctx.retry_delay_ms,
        .progress = celeriac_testing_progress(t)};
}

struct celeriac_testing_end
celeriac_testing_run(struct celeriac_testing *t, const char *task, const char *args,
                     const char *kwargs)
{
    const struct celeriac_value *args_value, *kwargs_value;
    const char *why;
    arena_clear(t->arena);
    atomic_store_explicit(&t->progress, 0, memory_order_relaxed);
    const struct module_task *found = module_set_find(t->set, task, strlen(task));
    if (found == NULL)
        return refused("unknown_task", "the module has no task of that name");
    if (!parse(t, args, &args_value, &why) || !parse(t, kwargs, &kwargs_value, &why))
        return refused("invalid_json", why);
    return run_bound(t, found->task, args_value, kwargs_value);
}

void
celeriac_testing_cancel(struct celeriac_testing *t, bool is_cancelled)
{
    atomic_store_explicit(&t->stop, is_cancelled ? STOP_CANCEL : STOP_NONE, memory_order_relaxed);
}

void
celeriac_testing_expire(struct celeriac_testing *t)
{
    atomic_store_explicit(&t->stop, STOP_TIMEOUT, memory_order_relaxed);
}

double
celeriac_testing_progress(const struct celeriac_testing *t)
{
    return atomic_load_explicit(&t->progress, memory_order_relaxed) / PROGRESS_WHOLE;
}

void
celeriac_testing_attempt(struct celeriac_testing *t, unsigned attempt)
{
    t->attempt = attempt;
}
