/* Task sum_range: 0 + 1 + ... + (n-1), by adding each number (see countdown.c about the asm
 * statement).
 *
 * A block's sum stays below 2^14 * 10^15 < 2^64; the total is kept in 128 bits and is exact for
 * every n allowed. */
#include "worker/tasks/basics/basics.h"

#include <stdio.h>

enum { BLOCK = 1 << 14 };
__extension__ typedef unsigned __int128 wide;

static uint64_t
sum_block(uint64_t from, uint64_t end)
{
    uint64_t sum = 0;
    for (uint64_t i = from; i < end; i++) {
        sum += i;
        __asm__ volatile("" : "+r"(sum));
    }
    return sum;
}

static struct celeriac_value *
wide_value(struct celeriac_arena *arena, wide sum)
{
    const uint64_t half =
        1000000000000000000u; /* 10^18: two halves are enough for sums below 10^36 */
    char digits[64];
    const uint64_t high = (uint64_t)(sum / half), low = (uint64_t)(sum % half);
    const int len = high != 0 ? snprintf(digits, sizeof(digits), "%llu%018llu",
                                         (unsigned long long)high, (unsigned long long)low)
                              : snprintf(digits, sizeof(digits), "%llu", (unsigned long long)low);
    return celeriac_bigint(arena, digits, (size_t)len);
}

enum celeriac_outcome
sum_range_run(struct celeriac_context *ctx)
{
    const uint64_t n = (uint64_t)celeriac_arg_integer(ctx, 0);
    wide sum = 0;
    for (uint64_t i = 0; i < n; i += BLOCK) {
        if (celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        sum += sum_block(i, n - i > BLOCK ? i + BLOCK : n);
        celeriac_progress(ctx, (double)i / (double)n);
    }
    return celeriac_return(ctx, wide_value(celeriac_arena(ctx), sum));
}
