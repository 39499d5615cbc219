/* Task minimize: the least value of an expression. minimize_interval.c looks at a whole interval of
 * one variable, minimize_guess.c goes down from a guess in several. */
#include "worker/tasks/math/minimize.h"

#include <math.h>

#include "worker/tasks/math/math.h"

enum { ARG_EXPRESSION, ARG_GUESS, ARG_FROM, ARG_TO, ARG_VARIABLE };

static enum celeriac_outcome
run_interval(struct celeriac_context *ctx, struct evaluations *evaluations)
{
    struct math_state *state = celeriac_thread_state(ctx);
    const struct names names = {{celeriac_arg_string(ctx, ARG_VARIABLE, NULL)}, 1};
    const double from = celeriac_arg_number(ctx, ARG_FROM), to = celeriac_arg_number(ctx, ARG_TO);
    struct formula f;
    struct why why;
    if (!expression_is_name(names.items[0]))
        return celeriac_reject(ctx, "invalid_arguments",
                               "minimize: variable: expected a name of letters, digits and '_'");
    if (!(from < to) || !isfinite(to - from))
        return celeriac_reject(
            ctx, "invalid_arguments",
            "minimize: from = %g, to = %g: expected from below to, at most 1.8e308 apart", from,
            to);
    if (!formula_read(&f, state->cache, celeriac_arg(ctx, ARG_EXPRESSION), &names, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    f.evaluations = evaluations;
    return minimize_interval(ctx, &f, names.items[0], (struct interval){from, to});
}

enum celeriac_outcome
minimize_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct evaluations evaluations = {.ctx = ctx};
    struct named_numbers guess;
    struct formula f;
    struct why why;
    if (celeriac_arg(ctx, ARG_GUESS) == NULL)
        return run_interval(ctx, &evaluations);
    if (!named_numbers_read(&guess, celeriac_arg(ctx, ARG_GUESS), MINIMIZE_VARIABLES_MAX, &why))
        return celeriac_reject(ctx, "invalid_arguments", "minimize: guess: %s", why.text);
    if (guess.names.n == 0)
        return celeriac_reject(ctx, "invalid_arguments", "minimize: guess: expected 1..%d names",
                               MINIMIZE_VARIABLES_MAX);
    if (!formula_read(&f, state->cache, celeriac_arg(ctx, ARG_EXPRESSION), &guess.names, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    f.evaluations = &evaluations;
    return minimize_guess(ctx, &f, &guess);
}

enum celeriac_outcome
minimize_return(struct celeriac_context *ctx, const struct minimum *minimum)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    celeriac_set(result, "at", named_numbers_value(arena, minimum->names, minimum->at));
    celeriac_set(result, "value", celeriac_number(arena, minimum->value));
    celeriac_set(result, "slope", celeriac_number(arena, minimum->slope));
    celeriac_set(result, "evaluations", celeriac_integer(arena, minimum->evaluations));
    celeriac_set(result, "caveat", celeriac_text(arena, minimum->caveat));
    return celeriac_return(ctx, result);
}
