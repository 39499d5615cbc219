/* A local minimum in several variables: Nelder and Mead's simplex (GSL, nmsimplex2), begun anew
 * where it ended as long as that helps, then quasi-Newton steps (BFGS, GSL) with a gradient from
 * central differences, which add the last digits where the expression is smooth.
 *
 * Where the expression is not defined it counts as very large. */
#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multimin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/minimize.h"

enum { RESTARTS_MAX = 20, SIMPLEX_STEPS_MAX = 5000, BFGS_STEPS_MAX = 200 };

static const double UNBOUNDED = -1e200;  /* below that there is no minimum */
static const double FAR = 1e150;         /* nor beyond that */
static const double SIMPLEX_SIZE = 1e-9; /* relative: there it ends */
static const double DIFFERENCE = 6e-6;

struct descent {
    struct formula *f;
    size_t n;
    double best[MINIMIZE_VARIABLES_MAX];
    double value; /* at `best` */
};

static double
evaluate(struct descent *d, const double *x)
{
    const double f = formula_value(d->f, x);
    if (f < d->value) {
        d->value = f;
        memcpy(d->best, x, d->n * sizeof(*x));
    }
    return isfinite(f) || f < 0 ? f : DBL_MAX;
}

static void
copy(const struct descent *d, const gsl_vector *from, double *to)
{
    for (size_t i = 0; i < d->n; i++)
        to[i] = gsl_vector_get(from, i);
}

static double
call(const gsl_vector *at, void *arg)
{
    double x[MINIMIZE_VARIABLES_MAX];
    copy(arg, at, x);
    return evaluate(arg, x);
}

static void
gradient(struct descent *d, const double *at, double *out)
{
    double x[MINIMIZE_VARIABLES_MAX];
    memcpy(x, at, d->n * sizeof(*x));
    for (size_t i = 0; i < d->n; i++) {
        const double h = DIFFERENCE * fmax(fabs(at[i]), 1e-3), up = at[i] + h, down = at[i] - h;
        x[i] = up;
        const double above = evaluate(d, x);
        x[i] = down;
        out[i] = (above - evaluate(d, x)) / (up - down);
        x[i] = at[i];
    }
}

static void
call_gradient(const gsl_vector *at, void *arg, gsl_vector *out)
{
    double x[MINIMIZE_VARIABLES_MAX], slopes[MINIMIZE_VARIABLES_MAX];
    struct descent *d = arg;
    copy(d, at, x);
    gradient(d, x, slopes);
    for (size_t i = 0; i < d->n; i++)
        gsl_vector_set(out, i, slopes[i]);
}

static void
call_both(const gsl_vector *at, void *arg, double *f, gsl_vector *out)
{
    *f = call(at, arg);
    call_gradient(at, arg, out);
}

static bool
is_over(const struct descent *d)
{
    return d->f->evaluations->is_stopped || d->value < UNBOUNDED;
}

static void
simplex(struct descent *d, double width)
{
    double start_values[MINIMIZE_VARIABLES_MAX], widths[MINIMIZE_VARIABLES_MAX], size = 1;
    gsl_multimin_function f = {call, d->n, d};
    gsl_multimin_fminimizer *minimizer =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, d->n);
    if (minimizer == NULL)
        abort();
    for (size_t i = 0; i < d->n; i++) {
        widths[i] = width * fmax(fabs(d->best[i]), 0.1);
        size = fmax(size, fabs(d->best[i]));
    }
    memcpy(start_values, d->best, sizeof(start_values)); /* `best` changes as it goes */
    const gsl_vector_view start = gsl_vector_view_array(start_values, d->n),
                          steps = gsl_vector_view_array(widths, d->n);
    int status = gsl_multimin_fminimizer_set(minimizer, &f, &start.vector, &steps.vector);
    for (int i = 0; i < SIMPLEX_STEPS_MAX && status == GSL_SUCCESS && !is_over(d); i++) {
        status = gsl_multimin_fminimizer_iterate(minimizer);
        if (gsl_multimin_fminimizer_size(minimizer) <= SIMPLEX_SIZE * size)
            break;
    }
    gsl_multimin_fminimizer_free(minimizer);
}

static void
bfgs(struct descent *d)
{
    gsl_multimin_function_fdf f = {call, call_gradient, call_both, d->n, d};
    gsl_multimin_fdfminimizer *minimizer =
        gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, d->n);
    if (minimizer == NULL)
        abort();
    double start_values[MINIMIZE_VARIABLES_MAX];
    memcpy(start_values, d->best, sizeof(start_values));
    const gsl_vector_view start = gsl_vector_view_array(start_values, d->n);
    int status = gsl_multimin_fdfminimizer_set(minimizer, &f, &start.vector, 1e-4, 0.1);
    for (int i = 0; i < BFGS_STEPS_MAX && status == GSL_SUCCESS && !is_over(d); i++)
        status = gsl_multimin_fdfminimizer_iterate(minimizer);
    gsl_multimin_fdfminimizer_free(minimizer);
}

static void
descend(struct descent *d)
{
    double width = 0.2;
    for (int i = 0; i < RESTARTS_MAX && !is_over(d); i++, width *= 0.7) {
        const double before = d->value;
        simplex(d, width);
        celeriac_progress(d->f->evaluations->ctx, (double)(i + 1) / (RESTARTS_MAX + 1));
        if (i > 0 && !(d->value < before - 1e-12 * fabs(before)))
            break;
    }
    if (!is_over(d))
        bfgs(d);
}

static double
largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

enum celeriac_outcome
minimize_guess(struct celeriac_context *ctx, struct formula *f, const struct named_numbers *guess)
{
    struct descent d = {.f = f, .n = guess->names.n};
    double slopes[MINIMIZE_VARIABLES_MAX], at[MINIMIZE_VARIABLES_MAX];
    memcpy(d.best, guess->values, d.n * sizeof(*d.best));
    d.value = formula_value(f, d.best);
    if (!isfinite(d.value))
        return celeriac_reject(ctx, "not_finite",
                               "the expression has no finite value at the guess");
    descend(&d);
    if (f->evaluations->is_stopped)
        return celeriac_stop(ctx);
    if (d.value < UNBOUNDED)
        return celeriac_reject(ctx, "unbounded", "the expression falls below %g: no minimum found",
                               UNBOUNDED);
    if (largest(d.best, d.n) > FAR)
        return celeriac_reject(ctx, "unbounded", "the expression still falls beyond %g", FAR);
    memcpy(at, d.best, sizeof(at));
    const double value = d.value;
    gradient(&d, at, slopes);
    const struct minimum minimum = {.names = &guess->names,
                                    .at = at,
                                    .value = value,
                                    .slope = largest(slopes, d.n),
                                    .evaluations = f->evaluations->count,
                                    .caveat = "a local minimum: others are not looked for"};
    return minimize_return(ctx, &minimum);
}
