/* Task random: an integer between two others, both included, each equally likely.
 *
 * xoshiro256** (Blackman and Vigna, 2018) with one state per thread, seeded by the kernel. Bias is
 * avoided by drawing again: bits above the range are masked away and numbers beyond it are thrown
 * away, twice on average at worst. Not for secrets. */
#include "worker/tasks/basics/basics.h"

#include <sys/random.h>

bool
random_seed(struct basics_state *state)
{
    do {
        if (getrandom(state->random, sizeof(state->random), 0) != (ssize_t)sizeof(state->random))
            return false;
    } while ((state->random[0] | state->random[1] | state->random[2] | state->random[3]) == 0);
    return true;
}

static uint64_t
rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t
random_next(uint64_t s[4])
{
    const uint64_t result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

/* 0..limit */
static uint64_t
random_below(uint64_t s[4], uint64_t limit)
{
    const uint64_t mask = limit == 0 ? 0 : UINT64_MAX >> __builtin_clzll(limit);
    uint64_t x;
    do
        x = random_next(s) & mask;
    while (x > limit);
    return x;
}

enum celeriac_outcome
random_run(struct celeriac_context *ctx)
{
    struct basics_state *state = celeriac_thread_state(ctx);
    const int64_t low = celeriac_arg_integer(ctx, 0), high = celeriac_arg_integer(ctx, 1);
    if (low > high)
        return celeriac_reject(ctx, "invalid_arguments", "random: low = %lld is above high = %lld",
                               (long long)low, (long long)high);
    const uint64_t offset = random_below(state->random, (uint64_t)high - (uint64_t)low);
    return celeriac_return(
        ctx, celeriac_integer(celeriac_arena(ctx), (int64_t)((uint64_t)low + offset)));
}
