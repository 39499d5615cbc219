/* Tasks: how a C function becomes a task that workers run. Part of the public interface.
 *
 * A module is a shared object that defines one symbol, `celeriac_module`. Each runner process loads
 * it after its fork, calls `process_setup` once and `thread_setup` in each compute thread, and then
 * runs tasks in those threads: several at once, also of the same task. The functions below are
 * provided by the program that loads the module, so a module needs this header at build time and no
 * library at link time. Those of celeriac.h are provided, too: celeriac_connect(NULL, ...) reaches
 * the broker of the worker that runs the task. docs/tasks.md is the guide.
 *
 *     static enum celeriac_outcome run_double(struct celeriac_context *ctx)
 *     {
 *         const int64_t twice = 2 * celeriac_arg_integer(ctx, 0);
 *         return celeriac_return(ctx, celeriac_integer(celeriac_arena(ctx), twice));
 *     }
 *     static const struct celeriac_param double_params[] = {
 *         {.name = "n", .kind = CELERIAC_ARG_INTEGER, .min = 0, .max = 1e9, .help = "a number"}};
 *     static const struct celeriac_task tasks[] = {
 *         {.name = "double", .run = run_double, .params = double_params, .n_params = 1}};
 *     const struct celeriac_module celeriac_module = {
 *         .abi = CELERIAC_ABI, .name = "mine", .tasks = tasks, .n_tasks = 1};
 */
#ifndef CELERIAC_TASK_H
#define CELERIAC_TASK_H

#include "celeriac_value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a struct below does. A module built for another one is refused when it is
 * loaded. */
#define CELERIAC_ABI 1u

struct celeriac_context;

enum celeriac_outcome { CELERIAC_SUCCESS, CELERIAC_FAILURE, CELERIAC_RETRY, CELERIAC_CANCELLED };

enum celeriac_arg_kind {
    CELERIAC_ARG_ANY,
    CELERIAC_ARG_BOOLEAN,
    CELERIAC_ARG_INTEGER, /* int64_t within min..max */
    CELERIAC_ARG_BIGINT,  /* an integer of any length, INTEGER or BIGINT; min..max are checked as
                             numbers */
    CELERIAC_ARG_NUMBER,  /* any number, given as INTEGER, BIGINT or NUMBER, within min..max */
    CELERIAC_ARG_STRING,  /* min..max bound its bytes */
    CELERIAC_ARG_ARRAY,   /* min..max bound its items */
    CELERIAC_ARG_OBJECT,
};

/* One parameter. min == max == 0 means unbounded. Arguments are matched by position, then by name.
 */
struct celeriac_param {
    const char *name;
    enum celeriac_arg_kind kind;
    bool optional; /* may be left out; then `fallback`, or absent (celeriac_arg gives NULL) */
    const char *fallback; /* JSON text, or NULL */
    double min, max;      /* inclusive */
    const char *unit;     /* "s", "bytes", ... or NULL */
    const char *help;     /* a few words */
};

typedef enum celeriac_outcome celeriac_task_fn(struct celeriac_context *ctx);

struct celeriac_task {
    const char *name; /* letters, digits, '_', '.', '-'; at most 64 */
    const char *help; /* one line */
    celeriac_task_fn *run;
    const struct celeriac_param *params;
    size_t n_params;        /* at most 16 */
    const char *returns;    /* what the result is, in a few words, or NULL */
    const int *max_retries; /* the task's own default, or NULL for the job's */
};

struct celeriac_module {
    uint32_t abi; /* CELERIAC_ABI */
    const char *name;
    const struct celeriac_task *tasks;
    size_t n_tasks;
    /* Each may be NULL. A set-up that fails writes why into `message` (`size` bytes) and returns
     * false: the module is refused. thread_setup may store a pointer that celeriac_thread_state
     * returns in that thread. A worker tries all four in a process that is thrown away before it
     * starts and before it reloads. The clear functions are called when a process has drained, not
     * when it crashes or is killed. */
    bool (*process_setup)(char *message, size_t size);
    void (*process_clear)(void);
    bool (*thread_setup)(void **state, char *message, size_t size);
    void (*thread_clear)(void *state);
};

/* What a module exports. */
extern CELERIAC_API const struct celeriac_module celeriac_module;

/* ---- inside a task ---- */

/* Lives until the job is committed: for the result and for scratch. */
CELERIAC_API struct celeriac_arena *celeriac_arena(struct celeriac_context *ctx);

/* Argument number i as declared; it has been checked against its declaration. NULL if optional and
 * absent. */
CELERIAC_API const struct celeriac_value *celeriac_arg(struct celeriac_context *ctx, size_t i);
CELERIAC_API int64_t celeriac_arg_integer(struct celeriac_context *ctx, size_t i); /* 0 if absent */
CELERIAC_API double celeriac_arg_number(struct celeriac_context *ctx, size_t i);   /* 0 if absent */
CELERIAC_API bool celeriac_arg_boolean(struct celeriac_context *ctx,
                                       size_t i); /* false if absent */
CELERIAC_API const char *celeriac_arg_string(struct celeriac_context *ctx, size_t i,
                                             size_t *len); /* NULL if absent */

/* Has somebody cancelled this job, has its soft time limit passed, or does its worker shut down for
 * good? One atomic load: poll it at least every 100 ms, then return celeriac_stop(ctx). */
CELERIAC_API bool celeriac_cancelled(const struct celeriac_context *ctx);
/* The right end for a task that saw celeriac_cancelled: CELERIAC_CANCELLED, or a time-out failure.
 */
CELERIAC_API enum celeriac_outcome celeriac_stop(struct celeriac_context *ctx);
/* Share of the work done, 0..1. One atomic store; no system call. */
CELERIAC_API void celeriac_progress(struct celeriac_context *ctx, double share);

/* The ends of a task: `return celeriac_...(ctx, ...)`. A NULL result is a failure of type
 * "not_finite" (see celeriac_number). `type` is a word that programs can test; what may work on
 * another attempt is retried with the job's back-off, unless the failure is final. */
CELERIAC_API enum celeriac_outcome celeriac_return(struct celeriac_context *ctx,
                                                   const struct celeriac_value *result);
CELERIAC_API enum celeriac_outcome celeriac_fail(struct celeriac_context *ctx, const char *type,
                                                 const char *format, ...) CELERIAC_PRINTF(3, 4);
/* As celeriac_fail, but no other attempt is made: the arguments themselves are at fault. */
CELERIAC_API enum celeriac_outcome celeriac_reject(struct celeriac_context *ctx, const char *type,
                                                   const char *format, ...) CELERIAC_PRINTF(3, 4);
/* Another attempt after `delay_ms`, without charging this one if `is_free`. */
CELERIAC_API enum celeriac_outcome celeriac_again(struct celeriac_context *ctx, int64_t delay_ms,
                                                  bool is_free);

CELERIAC_API const char *celeriac_job_id(const struct celeriac_context *ctx); /* UUID text */
CELERIAC_API unsigned celeriac_attempt(const struct celeriac_context *ctx);   /* 1 is the first */
CELERIAC_API void *
celeriac_thread_state(struct celeriac_context *ctx); /* what thread_setup stored */

#ifdef __cplusplus
}
#endif
#endif
