/* Task echo: its argument is its result. Shows what happens to a value on its way there and back.
 */
#include "worker/tasks/basics/basics.h"

enum celeriac_outcome
echo_run(struct celeriac_context *ctx)
{
    return celeriac_return(ctx, celeriac_arg(ctx, 0));
}
