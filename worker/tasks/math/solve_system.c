/* A system of equations from a guess: Powell's hybrid method as in MINPACK (GSL, multiroot
 * hybrids), which is scaled and needs no derivatives; then Newton steps with differences (GSL,
 * multiroot dnewton) as long as the residual falls.
 *
 * Where an equation is not defined the method is shown a large value instead, which makes its steps
 * shorter; the solution itself must be defined. */
#include "worker/tasks/math/solve.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multiroots.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/tasks/math/math.h"
#include "worker/tasks/math/named_numbers.h"

enum { UNKNOWNS_MAX = 16, STEPS_MAX = 400, POLISH_MAX = 6, STALLS_MAX = 3 };

static const double FAR =
    1e6; /* of the values at the guess: what is undefined counts as so large */
static const double ENOUGH = 1e-9; /* of the sizes of the sides: a larger residual is no solution */

struct system {
    struct evaluations evaluations;
    struct equation equations[UNKNOWNS_MAX];
    struct named_numbers guess;
    size_t n;
    double far;
    double best[UNKNOWNS_MAX];
    double residual; /* the largest |f| at `best` */
};

static bool read_equations(struct system *s, struct expression_cache *cache,
                           const struct celeriac_value *texts, struct why *why);

/* Values at x, remembered if they are the best so far. False: one is not finite. */
static bool
evaluate(struct system *s, const double *x, double *f)
{
    double residual = 0;
    for (size_t i = 0; i < s->n; i++) {
        f[i] = equation_value(&s->equations[i], x);
        residual = isfinite(f[i]) ? fmax(residual, fabs(f[i])) : INFINITY;
    }
    if (residual < s->residual) {
        s->residual = residual;
        for (size_t i = 0; i < s->n; i++)
            s->best[i] = x[i];
    }
    return isfinite(residual);
}

static int
call(const gsl_vector *at, void *arg, gsl_vector *out)
{
    struct system *s = arg;
    double x[UNKNOWNS_MAX], f[UNKNOWNS_MAX];
    for (size_t i = 0; i < s->n; i++)
        x[i] = gsl_vector_get(at, i);
    (void)evaluate(s, x, f);
    for (size_t i = 0; i < s->n; i++)
        gsl_vector_set(out, i, isfinite(f[i]) ? f[i] : s->far);
    return s->evaluations.is_stopped ? GSL_EFAILED : GSL_SUCCESS;
}

/* Steps until the residual is 0, stalls or the method gives up. */
static void
iterate(struct system *s, const gsl_multiroot_fsolver_type *type, int steps)
{
    gsl_multiroot_function f = {call, s->n, s};
    gsl_multiroot_fsolver *solver = gsl_multiroot_fsolver_alloc(type, s->n);
    if (solver == NULL)
        abort();
    gsl_vector_view start = gsl_vector_view_array(s->best, s->n);
    int status = gsl_multiroot_fsolver_set(solver, &f, &start.vector);
    for (int i = 0, stalls = 0; i < steps && status == GSL_SUCCESS && stalls < STALLS_MAX; i++) {
        const double before = s->residual;
        status = gsl_multiroot_fsolver_iterate(solver);
        stalls = s->residual < before || s->residual > ENOUGH ? 0 : stalls + 1;
        if (s->residual == 0)
            break;
    }
    gsl_multiroot_fsolver_free(solver);
}

/* Is the residual small beside the sides of the equations? */
static bool
is_solved(struct system *s)
{
    double f[UNKNOWNS_MAX], size = 0;
    for (size_t i = 0; i < s->n; i++) {
        double x[UNKNOWNS_MAX];
        for (size_t k = 0; k < s->n; k++)
            x[k] = s->best[k] * (1 + 1e-3) + 1e-3;
        size = fmax(size, fabs(equation_value(&s->equations[i], x)));
    }
    const double limit = ENOUGH * (isfinite(size) && size > 0 ? fmin(size * 1e3, 1e6) : 1);
    return evaluate(s, s->best, f) && s->residual <= limit;
}

static void
solve(struct system *s)
{
    const gsl_multiroot_fsolver_type *const types[] = {
        gsl_multiroot_fsolver_hybrids, gsl_multiroot_fsolver_hybrid, gsl_multiroot_fsolver_dnewton};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !s->evaluations.is_stopped; i++) {
        iterate(s, types[i], STEPS_MAX);
        if (is_solved(s))
            break;
    }
    if (s->residual > 0)
        iterate(s, gsl_multiroot_fsolver_dnewton, POLISH_MAX);
}

static enum celeriac_outcome
return_solution(struct celeriac_context *ctx, const struct system *s)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    celeriac_set(result, "solution", named_numbers_value(arena, &s->guess.names, s->best));
    celeriac_set(result, "residual", celeriac_number(arena, s->residual));
    celeriac_set(result, "evaluations", celeriac_integer(arena, s->evaluations.count));
    celeriac_set(result, "caveat", celeriac_text(arena, "one solution: others are not looked for"));
    return celeriac_return(ctx, result);
}

enum celeriac_outcome
solve_system(struct celeriac_context *ctx, const struct celeriac_value *equations,
             const struct celeriac_value *guess)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct system s = {
        .evaluations = {.ctx = ctx}, .n = celeriac_size(equations), .residual = INFINITY};
    struct why why;
    double f[UNKNOWNS_MAX];
    if (s.n == 0 || s.n > UNKNOWNS_MAX || celeriac_size(guess) != s.n)
        return celeriac_reject(
            ctx, "invalid_arguments",
            "%zu equations and a guess for %zu unknowns: expected as many, 1..%d", s.n,
            celeriac_size(guess), UNKNOWNS_MAX);
    if (!named_numbers_read(&s.guess, guess, UNKNOWNS_MAX, &why))
        return celeriac_reject(ctx, "invalid_arguments", "guess: %s", why.text);
    if (!read_equations(&s, state->cache, equations, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    if (!evaluate(&s, s.guess.values, f))
        return celeriac_reject(ctx, "not_finite", "an equation has no finite value at the guess");
    s.far = FAR * (1 + s.residual);
    solve(&s);
    if (s.evaluations.is_stopped)
        return celeriac_stop(ctx);
    if (!is_solved(&s))
        return celeriac_reject(ctx, "no_convergence",
                               "no solution found, the residual stays at %.3g: try another guess",
                               s.residual);
    return return_solution(ctx, &s);
}

static bool
read_equations(struct system *s, struct expression_cache *cache, const struct celeriac_value *texts,
               struct why *why)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct celeriac_value *value = celeriac_at(texts, i);
        struct text text;
        struct why reason = {"expected a string"};
        text.bytes =
            celeriac_type(value) == CELERIAC_STRING ? celeriac_bytes(value, &text.len) : NULL;
        if (text.bytes == NULL ||
            !equation_read(&s->equations[i], cache, text, &s->guess.names, &reason)) {
            snprintf(why->text, sizeof(why->text), "equation %zu: %.200s", i + 1, reason.text);
            return false;
        }
        s->equations[i].evaluations = &s->evaluations;
    }
    return true;
}
