/* One root near a guess: the secant method (GSL) first; where that does not settle, the nearest
 * sign change on either side of the guess, at distances that grow by a half. */
#include "worker/tasks/math/solve.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

#include "worker/tasks/math/touching_root.h"

enum { SECANT_MAX = 150, STRIDES_MAX = 120 };

static const double FIRST_STEP = 1e-4;

static double
call(double x, void *eq)
{
    return equation_at(eq, x);
}

static double
call_slope(double x, void *eq)
{
    const double h = 1e-6 * fmax(fabs(x), 1e-3);
    return (equation_at(eq, x + h) - equation_at(eq, x - h)) / (2 * h);
}

static void
call_both(double x, void *eq, double *f, double *slope)
{
    *f = call(x, eq);
    *slope = call_slope(x, eq);
}

/* Where the secant method ends; at a double root it creeps, and may end for lack of a slope. */
static struct point
secant(struct equation *eq, double guess)
{
    gsl_function_fdf f = {call, call_slope, call_both, eq};
    gsl_root_fdfsolver *solver = gsl_root_fdfsolver_alloc(gsl_root_fdfsolver_secant);
    if (solver == NULL)
        abort();
    bool is_settled = false;
    int status = gsl_root_fdfsolver_set(solver, &f, guess);
    double x = guess;
    for (int i = 0; i < SECANT_MAX && status == GSL_SUCCESS && !is_settled; i++) {
        status = gsl_root_fdfsolver_iterate(solver);
        const double before = x;
        x = gsl_root_fdfsolver_root(solver);
        is_settled = fabs(x - before) <= 1e-14 * fabs(x) || equation_at(eq, x) == 0;
    }
    gsl_root_fdfsolver_free(solver);
    return (struct point){x, equation_at(eq, x)};
}

/* The last bits: a sign change within a few steps of the root. Without one, the root is as good as
 * it gets if f there is nothing but rounding. */
static bool
settle(struct equation *eq, struct point at, double scale, struct point *root)
{
    *root = at;
    if (!isfinite(at.x) || !isfinite(at.f))
        return false;
    if (at.f == 0)
        return !root_is_underflow(eq, at.x);
    for (double step = 1e-15 * fmax(fabs(at.x), 1e-3); step < 1e-6 * fmax(fabs(at.x), 1e-3);
         step *= 8) {
        const struct point a = {at.x - step, equation_at(eq, at.x - step)};
        const struct point b = {at.x + step, equation_at(eq, at.x + step)};
        if (!isfinite(a.f) || !isfinite(b.f))
            break;
        if (a.f == 0 || b.f == 0) {
            *root = a.f == 0 ? a : b;
            return true;
        }
        if ((a.f < 0) != (b.f < 0))
            return root_between(eq, a, b, scale, root);
    }
    return fabs(at.f) <= root_rounding(eq, at);
}

/* A double root is only known to half of its digits so far. */
static struct point
sharpen(struct equation *eq, struct point root)
{
    const double step = 1e-4 * fmax(fabs(root.x), 1e-3);
    const struct point a = {root.x - step, equation_at(eq, root.x - step)};
    const struct point b = {root.x + step, equation_at(eq, root.x + step)};
    struct point at;
    const bool is_dip = (a.f > 0 && b.f > 0) || (a.f < 0 && b.f < 0);
    if (!is_dip || !(fabs(root.f) < fmin(fabs(a.f), fabs(b.f))))
        return root;
    return touching_root(eq, a, root, b, &at) == DIP_TOUCHES ? at : root;
}

/* The nearest sign change that is a root. */
static bool
stride(struct equation *eq, double guess, struct point *root)
{
    const struct point start = {guess, equation_at(eq, guess)};
    struct point last[2] = {start, start};
    double step = FIRST_STEP * fmax(fabs(guess), 0.1);
    for (int i = 0; i < STRIDES_MAX && !eq->evaluations->is_stopped; i++, step *= 1.25)
        for (int side = 0; side < 2; side++) {
            const double x = side == 0 ? guess + step : guess - step;
            const struct point p = {x, equation_at(eq, x)}, before = last[side];
            last[side] = p;
            if (p.f == 0 && !root_is_underflow(eq, p.x)) {
                *root = p;
                return true;
            }
            const bool are_finite = isfinite(p.f) && isfinite(before.f);
            if (are_finite && (p.f < 0) != (before.f < 0) &&
                root_between(eq, before, p, fmin(fabs(p.f), fabs(before.f)), root))
                return true;
        }
    return false;
}

enum celeriac_outcome
solve_guess(struct celeriac_context *ctx, struct equation *eq, double guess)
{
    struct point root;
    const double scale = fabs(equation_at(eq, guess));
    const bool is_found = settle(eq, secant(eq, guess), isfinite(scale) ? scale : 0, &root) ||
                          stride(eq, guess, &root);
    if (eq->evaluations->is_stopped)
        return celeriac_stop(ctx);
    if (!is_found)
        return celeriac_reject(ctx, "no_convergence",
                               "no root found near %g: try another guess, or an interval", guess);
    root = root_tidy(eq, sharpen(eq, root));
    const struct roots roots = {&root, 1, false, "one root: others are not looked for"};
    return solve_return_roots(ctx, &roots, eq->evaluations->count);
}
