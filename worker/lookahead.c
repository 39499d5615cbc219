/* Look-ahead: a slot that had to wait for a round trip to Redis after each job would idle most of
 * the time when jobs take microseconds, and a slot that hoards jobs makes them wait while other
 * workers idle. So what is reserved ahead is bounded by time, not by number: what the runner is
 * expected to finish within LOOKAHEAD_SPAN_US; and by size, since Redis answers with all of it at
 * once. */
#include "worker/lookahead.h"

static int64_t least(int64_t a, int64_t b);

int64_t
lookahead_mean(int64_t mean, int64_t value)
{
    if (mean < 0)
        return value;
    if (value > mean)
        return mean + (value - mean + 1) / 2;
    return mean - (mean - value) / 16;
}

size_t
lookahead_jobs(int64_t mean_us, int64_t mean_bytes, unsigned threads)
{
    if (mean_us < 0 || mean_us >= LOOKAHEAD_LONGEST_US)
        return 0;
    const int64_t in_time = (int64_t)threads * LOOKAHEAD_SPAN_US / (mean_us > 0 ? mean_us : 1);
    const int64_t in_size = (int64_t)threads * LOOKAHEAD_BYTES / (mean_bytes > 0 ? mean_bytes : 1);
    const int64_t jobs = least(least(in_time, in_size), LOOKAHEAD_MAX);
    return jobs > 1 ? (size_t)jobs : 1;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
