/* An evaluation takes 20 ns to 100 us, so a look at the flag after every 256 comes in time. */
#include "worker/tasks/math/evaluations.h"

enum { EVALUATIONS_BETWEEN_POLLS = 256 };

bool
evaluations_count(struct evaluations *e)
{
    if (++e->count % EVALUATIONS_BETWEEN_POLLS != 0)
        return !e->is_stopped;
    if (celeriac_cancelled(e->ctx))
        e->is_stopped = true;
    if (e->expected > 0)
        celeriac_progress(e->ctx, (double)e->count / (double)e->expected);
    return !e->is_stopped;
}
