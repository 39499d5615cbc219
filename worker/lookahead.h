/* How many jobs a runner reserves beyond what its slots start at once: policy, pure functions. */
#ifndef WORKER_LOOKAHEAD_H
#define WORKER_LOOKAHEAD_H

#include <stddef.h>
#include <stdint.h>

enum {
    LOOKAHEAD_SPAN_US = 20000,     /* at most so much run time is reserved ahead */
    LOOKAHEAD_LONGEST_US = 100000, /* jobs that take longer are not reserved ahead at all */
    LOOKAHEAD_MAX = 1000,
    LOOKAHEAD_BYTES = 1 << 20, /* of messages that are reserved ahead, for each slot */
    LOOKAHEAD_HOLD_MS = 50,    /* a reserved job that has not started by then goes back */
};

/* The mean, of run times or of sizes of messages, after one more job with `value`; `mean` < 0 says
 * that there was none before. A job above the mean weighs more than one below, so that a change to
 * long or large jobs is noticed at once. */
int64_t lookahead_mean(int64_t mean, int64_t value);
/* Jobs to reserve ahead for `threads` slots; none as long as no run time was measured. */
size_t lookahead_jobs(int64_t mean_us, int64_t mean_bytes, unsigned threads);

#endif
