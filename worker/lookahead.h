/* How many jobs a runner reserves beyond what its slots start at once: policy, pure functions. */
#ifndef WORKER_LOOKAHEAD_H
#define WORKER_LOOKAHEAD_H

#include <stddef.h>
#include <stdint.h>

enum {
    LOOKAHEAD_SPAN_US = 20000,     /* at most so much run time is reserved ahead */
    LOOKAHEAD_LONGEST_US = 100000, /* jobs that take longer are not reserved ahead at all */
    LOOKAHEAD_MAX = 1000,
    LOOKAHEAD_HOLD_MS = 50, /* a reserved job that has not started by then goes back */
};

/* The mean run time after one more job took `runtime_us`; `mean_us` < 0 says that there was none
 * before. A job longer than the mean weighs more than a shorter one, so that a change to long jobs
 * is noticed at once. */
int64_t lookahead_mean(int64_t mean_us, int64_t runtime_us);
/* Jobs to reserve ahead for `threads` slots; none as long as nothing was measured. */
size_t lookahead_jobs(int64_t mean_us, unsigned threads);

#endif
