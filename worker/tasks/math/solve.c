/* Task solve: reads the arguments and passes on to solve_interval.c, solve_guess.c or
 * solve_system.c. */
#include "worker/tasks/math/solve.h"

#include <math.h>

#include "worker/tasks/math/math.h"

enum { ARG_EQUATION, ARG_UNKNOWN, ARG_FROM, ARG_TO, ARG_GUESS };
enum { SOLVE_EVALUATIONS = 100000 }; /* about the most; the progress is told from it */

static enum celeriac_outcome
solve_read_equation(struct celeriac_context *ctx, const char *unknown)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct evaluations evaluations = {.ctx = ctx, .expected = SOLVE_EVALUATIONS};
    struct names names = {{unknown}, 1};
    struct text text;
    struct equation eq;
    struct why why;
    text.bytes = celeriac_bytes(celeriac_arg(ctx, ARG_EQUATION), &text.len);
    if (!equation_read(&eq, state->cache, text, &names, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    if (!equation_uses(&eq, 0))
        return celeriac_reject(ctx, "invalid_expression",
                               "the unknown %s does not occur in the equation", unknown);
    eq.evaluations = &evaluations;
    const double from = celeriac_arg_number(ctx, ARG_FROM), to = celeriac_arg_number(ctx, ARG_TO);
    if (celeriac_arg(ctx, ARG_GUESS) != NULL)
        return solve_guess(ctx, &eq, celeriac_arg_number(ctx, ARG_GUESS));
    if (!(from < to) || !isfinite(to - from))
        return celeriac_reject(
            ctx, "invalid_arguments",
            "solve: from = %g, to = %g: expected from below to, at most 1.8e308 apart", from, to);
    return solve_interval(ctx, &eq, from, to);
}

enum celeriac_outcome
solve_run(struct celeriac_context *ctx)
{
    const struct celeriac_value *equation = celeriac_arg(ctx, ARG_EQUATION),
                                *guess = celeriac_arg(ctx, ARG_GUESS);
    const char *unknown = celeriac_arg_string(ctx, ARG_UNKNOWN, NULL);
    double number;
    if (celeriac_type(equation) == CELERIAC_ARRAY) {
        if (celeriac_type(guess) == CELERIAC_OBJECT)
            return solve_system(ctx, equation, guess);
        return celeriac_reject(
            ctx, "invalid_arguments",
            "solve: a system needs guess = an object with a number for each unknown");
    }
    if (celeriac_type(equation) != CELERIAC_STRING)
        return celeriac_reject(ctx, "invalid_arguments",
                               "solve: equation: expected a string or an array of strings");
    if (guess != NULL && (!celeriac_get_number(guess, &number) || !isfinite(number)))
        return celeriac_reject(ctx, "invalid_arguments",
                               "solve: guess: expected a number for a single equation");
    if (!expression_is_name(unknown))
        return celeriac_reject(
            ctx, "invalid_arguments",
            "solve: unknown = \"%s\": expected a name of letters, digits and '_'", unknown);
    return solve_read_equation(ctx, unknown);
}

enum celeriac_outcome
solve_return_roots(struct celeriac_context *ctx, const struct roots *roots, int64_t evaluations)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena), *list = celeriac_array(arena);
    double residual = 0;
    for (size_t i = 0; i < roots->n; i++) {
        celeriac_append(list, celeriac_number(arena, roots->items[i].x));
        residual = fmax(residual, fabs(roots->items[i].f));
    }
    celeriac_set(result, "roots", list);
    celeriac_set(result, "residual",
                 roots->n > 0 ? celeriac_number(arena, residual) : celeriac_null(arena));
    celeriac_set(result, "evaluations", celeriac_integer(arena, evaluations));
    celeriac_set(result, "caveat", celeriac_text(arena, roots->caveat));
    if (roots->is_cut)
        celeriac_set(result, "truncated", celeriac_boolean(arena, true));
    return celeriac_return(ctx, result);
}
