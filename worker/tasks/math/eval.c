/* Task eval: the value of an expression. */
#include <math.h>

#include "worker/tasks/math/expression_cache.h"
#include "worker/tasks/math/math.h"

struct variables {
    struct names names;
    double values[EXPRESSION_VARIABLES_MAX];
};

/* False: the task has been failed; *outcome is what it returns. */
static bool
read_variables(struct celeriac_context *ctx, struct variables *v, enum celeriac_outcome *outcome)
{
    const struct celeriac_value *object = celeriac_arg(ctx, 1);
    const size_t n = v->names.n = celeriac_size(object);
    if (n > EXPRESSION_VARIABLES_MAX) {
        *outcome =
            celeriac_reject(ctx, "invalid_arguments", "eval: %zu variables: expected at most %d", n,
                            EXPRESSION_VARIABLES_MAX);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const struct celeriac_value *value = celeriac_entry(object, i, &v->names.items[i]);
        const bool is_number = celeriac_get_number(value, &v->values[i]) && isfinite(v->values[i]);
        if (is_number && expression_is_name(v->names.items[i]))
            continue;
        *outcome = celeriac_reject(
            ctx, "invalid_arguments", "eval: variable \"%.64s\": expected %s", v->names.items[i],
            is_number ? "a name of letters, digits and '_'" : "a number as its value");
        return false;
    }
    return true;
}

enum celeriac_outcome
eval_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct variables v;
    enum celeriac_outcome outcome;
    struct why why;
    struct text text;
    text.bytes = celeriac_arg_string(ctx, 0, &text.len);
    if (!read_variables(ctx, &v, &outcome))
        return outcome;
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
