/* Task countdown: n, n-1, ... 0. The classic measure of how well cores are used: pure CPU, no
 * memory.
 *
 * Every iteration really subtracts 1: the empty asm statement tells the compiler that the register
 * may have changed, so that it can neither remove the loop nor jump to its end, and costs no
 * instruction. Between blocks the task looks at the cancel flag and reports progress; a block takes
 * well under a millisecond. */
#include "worker/tasks/basics/basics.h"

enum { BLOCK = 1 << 18 };

static int64_t
count_block(int64_t n, int64_t end)
{
    while (n > end) {
        n--;
        __asm__ volatile("" : "+r"(n));
    }
    return n;
}

enum celeriac_outcome
countdown_run(struct celeriac_context *ctx)
{
    const int64_t start = celeriac_arg_integer(ctx, 0);
    int64_t n = start;
    while (n > 0) {
        if (celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        n = count_block(n, n > BLOCK ? n - BLOCK : 0);
        celeriac_progress(ctx, 1 - (double)n / (double)start);
    }
    return celeriac_return(ctx, celeriac_integer(celeriac_arena(ctx), start));
}
