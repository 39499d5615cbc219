/* Task eval: the value of an expression. */
#include <math.h>

#include "worker/tasks/math/expression_cache.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/named_numbers.h"

enum celeriac_outcome
eval_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct named_numbers v;
    struct why why;
    struct text text;
    text.bytes = celeriac_arg_string(ctx, 0, &text.len);
    if (!named_numbers_read(&v, celeriac_arg(ctx, 1), EXPRESSION_VARIABLES_MAX, &why))
        return celeriac_reject(ctx, "invalid_arguments", "eval: variables: %s", why.text);
    struct expression *e = expression_cache_get(state->cache, text, &v.names, &why);
    if (e == NULL)
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    for (size_t i = 0; i < v.names.n; i++)
        expression_variables(e)[i] = v.values[i];
    const double value = expression_value(e);
    if (!isfinite(value))
        return celeriac_reject(ctx, "not_finite", "the result is %s",
                               isnan(value) ? "not a number"
                               : value > 0  ? "infinite"
                                            : "minus infinite");
    return celeriac_return(ctx, celeriac_number(celeriac_arena(ctx), value));
}
