/* Task sleep: waits in slices, so that a cancelled job ends within 100 ms; no slice spins. */
#include "worker/tasks/basics/basics.h"

#include <time.h>

enum { SLICE_NS = 50 * 1000 * 1000 };

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool
sleep_for(struct celeriac_context *ctx, double seconds)
{
    const double start = now();
    for (;;) {
        if (celeriac_cancelled(ctx))
            return false;
        const double left = start + seconds - now();
        if (left <= 0)
            return true;
        const double slice = left * 1e9 < SLICE_NS ? left * 1e9 : SLICE_NS;
        const struct timespec wait = {.tv_nsec = (long)slice + 1};
        nanosleep(&wait, NULL);
        celeriac_progress(ctx, (now() - start) / seconds);
    }
}

enum celeriac_outcome
sleep_run(struct celeriac_context *ctx)
{
    if (!sleep_for(ctx, celeriac_arg_number(ctx, 0)))
        return celeriac_stop(ctx);
    return celeriac_return(ctx, celeriac_arg(ctx, 0));
}
