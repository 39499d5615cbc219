/* The inside of a task's context: what the runner (or a test) fills in before a task runs and reads
 * afterwards. The public functions of celeriac_task.h work on this struct. One context belongs to
 * one compute thread; only the two atomics are shared with other threads and processes. */
#ifndef CLIENT_CONTEXT_H
#define CLIENT_CONTEXT_H

#include "client/celeriac_task.h"
#include "common/error.h"

#include <stdatomic.h>

enum { CONTEXT_ARGS_MAX = 16 };

/* Why a task is asked to stop; the value of the shared flag. */
enum stop_reason { STOP_NONE = 0, STOP_CANCEL = 1, STOP_TIMEOUT = 2, STOP_SHUTDOWN = 3 };

struct celeriac_context {
    /* filled in by the caller */
    struct celeriac_arena *arena;
    const struct celeriac_task *task;
    _Atomic uint32_t *stop;     /* enum stop_reason, in the scoreboard */
    _Atomic uint32_t *progress; /* share of the work in millionths, in the scoreboard */
    void *thread_state;
    const char *job_id;                                  /* UUID text */
    unsigned attempt;                                    /* 1 is the first */
    const struct celeriac_value *args[CONTEXT_ARGS_MAX]; /* bound by signature_bind */
    /* filled in by the task's last call */
    const struct celeriac_value *result;
    const char *error_type, *error_message; /* in the arena */
    bool is_final;                          /* celeriac_reject: no retry */
    bool is_free;                           /* celeriac_again: the attempt is not charged */
    int64_t retry_delay_ms;                 /* celeriac_again: else -1 */
};

/* Runs ctx->task after binding `args` (ARRAY or NULL) and `kwargs` (OBJECT or NULL); arguments that
 * do not fit are a final failure of type "invalid_arguments". A task that returns SUCCESS without a
 * result gives null. */
enum celeriac_outcome context_run(struct celeriac_context *ctx, const struct celeriac_value *args,
                                  const struct celeriac_value *kwargs);

#endif
