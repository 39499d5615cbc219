/* When a running job or a process has gone too far: policy, pure functions of numbers. */
#ifndef WORKER_LIMITS_H
#define WORKER_LIMITS_H

#include "worker/scoreboard.h"

enum {
    LIMIT_CANCEL_GRACE_MS =
        10000, /* a task that ignores its cancellation that long loses its process */
    LIMIT_RUNNER_SILENT_MS = 15000,
    LIMIT_LOOK_MS = 1000, /* the master looks at the scoreboards at least that often */
};

enum limit_verdict {
    LIMIT_FINE,
    LIMIT_SOFT,     /* the soft limit has passed: set the flag */
    LIMIT_HARD,     /* the hard limit has passed: replace the process */
    LIMIT_UNHEEDED, /* the cancellation was ignored past its grace: replace the process */
};

struct limit_judgement {
    enum limit_verdict verdict;
    int64_t look_again_ms; /* when the next verdict may fall; INT64_MAX: never */
};

struct limit_judgement limits_judge(const struct slot_view *v, int64_t now_ms);

/* Has a process that should stamp its scoreboard been silent for `limit_ms`? The time in which the
 * observer itself did not run (`awake_since_ms`: since when it has been looking without a gap) does
 * not count against the observed. */
bool limits_is_silent(int64_t stamp_ms, int64_t now_ms, int64_t awake_since_ms, int64_t limit_ms);

/* How long a steward may be silent: so short that its successor's beat still comes within the
 * lease, though the last beat may have been a third of it before the silence. It stamps five times
 * as often. */
int64_t limits_steward_ms(int64_t lease_ms);

enum memory_verdict {
    MEMORY_FINE,
    MEMORY_RECYCLE, /* above the limit: replace the runner once it has drained */
    MEMORY_KILL,    /* above half as much again: replace it now */
};
enum memory_verdict limits_memory(int64_t private_bytes, int64_t max_bytes);

#endif
