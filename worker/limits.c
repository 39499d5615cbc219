/* Limits. All times are CLOCK_MONOTONIC in ms. The master calls these on its ticks; nothing here
 * looks at a clock. */
#include "worker/limits.h"

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct limit_judgement
limits_judge(const struct slot_view *v, int64_t now_ms)
{
    const struct slot_job *job = &v->job;
    struct limit_judgement j = {LIMIT_FINE, INT64_MAX};

    if (v->cancelled_ms != 0) {
        const int64_t end =
            v->is_forced ? v->cancelled_ms : v->cancelled_ms + LIMIT_CANCEL_GRACE_MS;
        if (now_ms >= end)
            return (struct limit_judgement){LIMIT_UNHEEDED, now_ms};
        j.look_again_ms = end;
    }
    if (job->hard_limit_ms > 0) {
        const int64_t end = job->started_ms + job->hard_limit_ms;
        if (now_ms >= end)
            return (struct limit_judgement){LIMIT_HARD, now_ms};
        j.look_again_ms = earlier(j.look_again_ms, end);
    }
    if (job->soft_limit_ms > 0 && v->stop == STOP_NONE) {
        const int64_t end = job->started_ms + job->soft_limit_ms;
        if (now_ms >= end)
            j.verdict = LIMIT_SOFT;
        else
            j.look_again_ms = earlier(j.look_again_ms, end);
    }
    return j;
}

bool
limits_is_silent(int64_t stamp_ms, int64_t now_ms, int64_t awake_since_ms, int64_t limit_ms)
{
    const int64_t since = stamp_ms > awake_since_ms ? stamp_ms : awake_since_ms;
    return now_ms - since >= limit_ms;
}

int64_t
limits_steward_ms(int64_t lease_ms)
{
    enum { LEAST_MS = 400, MOST_MS = 5000 };
    const int64_t third = lease_ms / 3;
    return third < LEAST_MS ? LEAST_MS : third > MOST_MS ? MOST_MS : third;
}

enum memory_verdict
limits_memory(int64_t private_bytes, int64_t max_bytes)
{
    if (max_bytes <= 0 || private_bytes <= max_bytes)
        return MEMORY_FINE;
    return private_bytes - max_bytes > max_bytes / 2 ? MEMORY_KILL : MEMORY_RECYCLE;
}
