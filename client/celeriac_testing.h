/* Testing tasks: runs them in the test's own process, without Redis and without a worker. Part of
 * the public interface.
 *
 *     struct celeriac_testing *t = celeriac_testing_load("./mine.so", why, sizeof(why));
 *     struct celeriac_testing_end end = celeriac_testing_run(t, "double", "[21]", NULL);
 *     assert(end.outcome == CELERIAC_SUCCESS && strcmp(end.result, "42") == 0);
 *     celeriac_testing_free(t);
 *
 * The object stands for one compute thread: it runs one task at a time. For tests with several
 * threads, make one object for each, one after the other, before the threads start. */
#ifndef CELERIAC_TESTING_H
#define CELERIAC_TESTING_H

#include "celeriac_task.h"

#ifdef __cplusplus
extern "C" {
#endif

struct celeriac_testing;

/* Checks the module as a worker does and runs its set-up. NULL if it is refused, with one line
 * about it in `message`
 * (`size` bytes). `module` must outlive the object. */
CELERIAC_API struct celeriac_testing *celeriac_testing_new(const struct celeriac_module *module,
                                                           char *message, size_t size);
/* As above, with a file. */
CELERIAC_API struct celeriac_testing *celeriac_testing_load(const char *path, char *message,
                                                            size_t size);
CELERIAC_API void celeriac_testing_free(struct celeriac_testing *t);

/* How a run ended. The texts live until the next run. */
struct celeriac_testing_end {
    enum celeriac_outcome outcome;
    const char *result;        /* JSON; NULL unless SUCCESS */
    const char *error_type;    /* NULL unless FAILURE; "invalid_arguments", "unknown_task", ... */
    const char *error_message; /* NULL unless FAILURE */
    bool is_final;             /* FAILURE: no other attempt would be made */
    bool is_free;              /* RETRY: the attempt is not charged */
    int64_t retry_delay_ms;    /* RETRY */
    double progress;           /* as last reported, 0..1 */
};

/* `args` is a JSON array, `kwargs` a JSON object; NULL for none. */
CELERIAC_API struct celeriac_testing_end celeriac_testing_run(struct celeriac_testing *t,
                                                              const char *task, const char *args,
                                                              const char *kwargs);

/* What celeriac_cancelled gives from now on. Any thread, also while a task runs. */
CELERIAC_API void celeriac_testing_cancel(struct celeriac_testing *t, bool is_cancelled);
/* As if the soft time limit passed: celeriac_stop then gives a failure of type "timeout". Any
 * thread. */
CELERIAC_API void celeriac_testing_expire(struct celeriac_testing *t);
/* Share of the work done that the task reported last. Any thread. */
CELERIAC_API double celeriac_testing_progress(const struct celeriac_testing *t);
/* Number of the attempt in later runs; 1 at first. */
CELERIAC_API void celeriac_testing_attempt(struct celeriac_testing *t, unsigned attempt);

#ifdef __cplusplus
}
#endif
#endif
