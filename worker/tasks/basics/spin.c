/* Task spin: burns a core for so many seconds of the clock and never looks at the cancel flag. It
 * stands for library calls that cannot be interrupted: hard time limits and forced cancels are
 * tested with it. */
#include "worker/tasks/basics/basics.h"

#include <time.h>

enum { BLOCK = 1 << 14 };

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

enum celeriac_outcome
spin_run(struct celeriac_context *ctx)
{
    const double end = now() + celeriac_arg_number(ctx, 0);
    while (now() < end)
        for (unsigned i = 0; i < BLOCK; i++)
            __asm__ volatile("" : "+r"(i));
    return celeriac_return(ctx, celeriac_arg(ctx, 0));
}
