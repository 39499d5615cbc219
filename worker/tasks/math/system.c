/* Task system: n equations with n unknowns near a guess; the method is in solve_system.c. */
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/solve.h"

enum { ARG_EQUATIONS, ARG_GUESS };

enum celeriac_outcome
system_run(struct celeriac_context *ctx)
{
    return solve_system(ctx, celeriac_arg(ctx, ARG_EQUATIONS), celeriac_arg(ctx, ARG_GUESS));
}
