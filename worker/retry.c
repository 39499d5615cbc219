/* Retries. Full jitter (the delay is uniform from 0 up to the doubling bound) spreads jobs that
 * failed together, for instance because a service they all use was down, over the whole interval.
 */
#include "worker/retry.h"

#include <sys/random.h>

#include "common/clock.h"

uint32_t
retry_limit(int32_t of_job, const int *of_task)
{
    if (of_job >= 0)
        return (uint32_t)of_job;
    return of_task != NULL && *of_task >= 0 ? (uint32_t)*of_task : RETRY_DEFAULT;
}

int64_t
retry_delay_ms(uint32_t attempts, int64_t base_ms, int64_t max_ms, uint64_t random)
{
    const int64_t most = max_ms > 0 ? max_ms : RETRY_BACKOFF_MAX_MS;
    int64_t bound = base_ms > 0 ? base_ms : RETRY_BACKOFF_MS;
    for (uint32_t i = 0; i < attempts && bound < most; i++)
        bound = bound > most / 2 ? most : 2 * bound;
    bound = bound < most ? bound : most;
    return (int64_t)(random % (uint64_t)(bound + 1));
}

/* splitmix64, seeded once per thread. */
uint64_t
retry_random(void)
{
    static _Thread_local uint64_t state;
    if (state == 0 && getrandom(&state, sizeof(state), GRND_NONBLOCK) != (ssize_t)sizeof(state))
        state = (uint64_t)clock_mono_us();
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
