/* The public functions that a running task calls, and context_run, which runs one.
 *
 * A context belongs to one thread. What other threads and processes see of it are two atomic words
 * in shared memory: the stop flag, which they write, and the progress, which they read. Both are
 * relaxed: nothing is ordered by them.
 *
 * What a module does wrong (no result, no error, an outcome that does not exist) is turned into
 * something sensible here, so that the runner can rely on what it finds in the context. */
#include "client/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/signature.h"
#include "common/arena.h"

enum { ERROR_TEXT_MAX = 16 * 1024, ERROR_TYPE_MAX = 64, PROGRESS_WHOLE = 1000000 };

static enum celeriac_outcome fail(struct celeriac_context *ctx, bool is_final, const char *type,
                                  const char *text);
static enum celeriac_outcome fail_format(struct celeriac_context *ctx, bool is_final,
                                         const char *type, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static enum celeriac_outcome check_end(struct celeriac_context *ctx, enum celeriac_outcome outcome);

struct celeriac_arena *
celeriac_arena(struct celeriac_context *ctx)
{
    return ctx->arena;
}

const struct celeriac_value *
celeriac_arg(struct celeriac_context *ctx, size_t i)
{
    return i < CONTEXT_ARGS_MAX ? ctx->args[i] : NULL;
}

int64_t
celeriac_arg_integer(struct celeriac_context *ctx, size_t i)
{
    int64_t n = 0;
    (void)celeriac_get_integer(celeriac_arg(ctx, i), &n);
    return n;
}

double
celeriac_arg_number(struct celeriac_context *ctx, size_t i)
{
    double x = 0;
    (void)celeriac_get_number(celeriac_arg(ctx, i), &x);
    return x;
}

bool
celeriac_arg_boolean(struct celeriac_context *ctx, size_t i)
{
    bool b = false;
    (void)celeriac_get_boolean(celeriac_arg(ctx, i), &b);
    return b;
}

const char *
celeriac_arg_string(struct celeriac_context *ctx, size_t i, size_t *len)
{
    const struct celeriac_value *v = celeriac_arg(ctx, i);
    size_t size = 0;
    const char *text = celeriac_type(v) == CELERIAC_STRING ? celeriac_bytes(v, &size) : NULL;
    if (len != NULL)
        *len = size;
    return text;
}

bool
celeriac_cancelled(const struct celeriac_context *ctx)
{
    return atomic_load_explicit(ctx->stop, memory_order_relaxed) != STOP_NONE;
}

enum celeriac_outcome
celeriac_stop(struct celeriac_context *ctx)
{
    switch ((enum stop_reason)atomic_load_explicit(ctx->stop, memory_order_relaxed)) {
    case STOP_TIMEOUT:
        return celeriac_fail(ctx, "timeout", "the time limit passed");
    case STOP_SHUTDOWN:
        return celeriac_again(ctx, 0, true); /* the worker leaves, not the job */
    case STOP_NONE:
    case STOP_CANCEL:
        break;
    }
    return CELERIAC_CANCELLED;
}

void
celeriac_progress(struct celeriac_context *ctx, double share)
{
    const double within = share >= 1 ? 1 : share > 0 ? share : 0; /* NaN becomes 0 */
    atomic_store_explicit(ctx->progress, (uint32_t)(within * PROGRESS_WHOLE), memory_order_relaxed);
}

enum celeriac_outcome
celeriac_return(struct celeriac_context *ctx, const struct celeriac_value *result)
{
    /* Final: what is not finite now will not be in another attempt with the same arguments. */
    if (result == NULL)
        return fail(ctx, true, "not_finite", "the result is not a finite number");
    ctx->result = result;
    return CELERIAC_SUCCESS;
}

enum celeriac_outcome
celeriac_fail(struct celeriac_context *ctx, const char *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const enum celeriac_outcome outcome = fail_format(ctx, false, type, format, args);
    va_end(args);
    return outcome;
}

enum celeriac_outcome
celeriac_reject(struct celeriac_context *ctx, const char *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const enum celeriac_outcome outcome = fail_format(ctx, true, type, format, args);
    va_end(args);
    return outcome;
}

enum celeriac_outcome
celeriac_again(struct celeriac_context *ctx, int64_t delay_ms, bool is_free)
{
    ctx->retry_delay_ms = delay_ms > 0 ? delay_ms : 0;
    ctx->is_free = is_free;
    return CELERIAC_RETRY;
}

const char *
celeriac_job_id(const struct celeriac_context *ctx)
{
    return ctx->job_id;
}

unsigned
celeriac_attempt(const struct celeriac_context *ctx)
{
    return ctx->attempt;
}

void *
celeriac_thread_state(struct celeriac_context *ctx)
{
    return ctx->thread_state;
}

enum celeriac_outcome
context_run(struct celeriac_context *ctx, const struct celeriac_value *args,
            const struct celeriac_value *kwargs)
{
    struct error err = ERROR_INIT;
    memset(ctx->args, 0, sizeof(ctx->args));
    ctx->result = NULL;
    ctx->error_type = ctx->error_message = NULL;
    ctx->is_final = ctx->is_free = false;
    ctx->retry_delay_ms = -1;
    MUST(ctx->task->n_params <= CONTEXT_ARGS_MAX && ctx->task->run != NULL);
    if (!signature_bind(ctx->task, args, kwargs, ctx->arena, ctx->args, &err))
        return fail(ctx, true, "invalid_arguments", err.message);
    return check_end(ctx, ctx->task->run(ctx));
}

/* Fills in what the task left out. */
static enum celeriac_outcome
check_end(struct celeriac_context *ctx, enum celeriac_outcome outcome)
{
    switch (outcome) {
    case CELERIAC_SUCCESS:
        if (ctx->result == NULL)
            ctx->result = celeriac_null(ctx->arena);
        return outcome;
    case CELERIAC_FAILURE:
        return ctx->error_type != NULL
                   ? outcome
                   : fail(ctx, false, "error", "the task failed without saying why");
    case CELERIAC_RETRY:
    case CELERIAC_CANCELLED:
        ctx->result = NULL;
        return outcome;
    }
    return fail(ctx, true, "internal", "the task ended with an outcome that does not exist");
}

/* Where to cut `text` to at most `limit` bytes without splitting a UTF-8 character. */
static size_t
cut_length(const char *text, size_t len, size_t limit)
{
    if (len <= limit)
        return len;
    size_t end = limit;
    while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
        end--;
    return end;
}

static enum celeriac_outcome
fail(struct celeriac_context *ctx, bool is_final, const char *type, const char *text)
{
    const char *word = type != NULL && type[0] != '\0' ? type : "error";
    ctx->result = NULL;
    ctx->is_final = is_final;
    ctx->error_type = arena_text(ctx->arena, word, cut_length(word, strlen(word), ERROR_TYPE_MAX));
    ctx->error_message =
        arena_text(ctx->arena, text, cut_length(text, strlen(text), ERROR_TEXT_MAX));
    return CELERIAC_FAILURE;
}

static enum celeriac_outcome
fail_format(struct celeriac_context *ctx, bool is_final, const char *type, const char *format,
            va_list args)
{
    char text[ERROR_TEXT_MAX + 8] = "";
    (void)vsnprintf(text, sizeof(text), format, args);
    return fail(ctx, is_final, type, text);
}
