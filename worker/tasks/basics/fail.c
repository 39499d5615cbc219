/* Task fail: fails with the caller's message. With `times` it fails in the first attempts only,
 * which shows retries and back-off at work. */
#include "worker/tasks/basics/basics.h"

enum celeriac_outcome
fail_run(struct celeriac_context *ctx)
{
    const bool is_limited = celeriac_arg(ctx, 1) != NULL;
    if (is_limited && celeriac_attempt(ctx) > celeriac_arg_integer(ctx, 1))
        return celeriac_return(ctx, celeriac_arg(ctx, 0));
    return celeriac_fail(ctx, "fail", "%s", celeriac_arg_string(ctx, 0, NULL));
}
