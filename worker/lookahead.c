/* Look-ahead: a slot that had to wait for a round trip to Redis after each job would idle most of
 * the time when jobs take microseconds, and a slot that hoards jobs makes them wait while other
 * workers idle. So what is reserved ahead is bounded by time, not by number: what the runner is
 * expected to finish within LOOKAHEAD_SPAN_US. */
#include "worker/lookahead.h"

int64_t
lookahead_mean(int64_t mean_us, int64_t runtime_us)
{
    if (mean_us < 0)
        return runtime_us;
    if (runtime_us > mean_us)
        return mean_us + (runtime_us - mean_us + 1) / 2;
    return mean_us - (mean_us - runtime_us) / 16;
}

size_t
lookahead_jobs(int64_t mean_us, unsigned threads)
{
    if (mean_us < 0 || mean_us >= LOOKAHEAD_LONGEST_US)
        return 0;
    const int64_t within = (int64_t)threads * LOOKAHEAD_SPAN_US / (mean_us > 0 ? mean_us : 1);
    return within < 1 ? 1 : within > LOOKAHEAD_MAX ? LOOKAHEAD_MAX : (size_t)within;
}
