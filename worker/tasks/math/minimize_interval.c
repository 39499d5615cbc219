/* The least value in an interval: a grid of 2,000 cells, then Brent's minimisation (GSL) in the
 * lowest dips. A dip that is narrower than a cell can be missed. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <math.h>
#include <stdlib.h>

#include "worker/tasks/math/minimize.h"

enum { CELLS = 2000, DIPS_MAX = 20, ITERATIONS_MAX = 100 };

struct place {
    double x, f;
};

struct search {
    struct formula *f;
    struct place grid[CELLS + 1];
    struct place best;
};

static double
call(double x, void *arg)
{
    struct search *s = arg;
    const double f = formula_at(s->f, x);
    if (f < s->best.f)
        s->best = (struct place){x, f};
    return isfinite(f) ? f : s->grid[0].f + s->grid[CELLS].f; /* any: GSL checks and ends */
}

static void
look_everywhere(struct search *s, struct interval in)
{
    for (size_t i = 0; i <= CELLS; i++) {
        const double share = (double)i / CELLS;
        const double x = i == CELLS ? in.to : in.from + share * (in.to - in.from);
        s->grid[i] = (struct place){x, formula_at(s->f, x)};
        if (s->grid[i].f < s->best.f)
            s->best = s->grid[i];
    }
}

/* Brent's method where the grid's point i lies below its neighbours. */
static void
descend(struct search *s, size_t i)
{
    gsl_function f = {call, s};
    gsl_min_fminimizer *minimizer = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    if (minimizer == NULL)
        abort();
    int status = gsl_min_fminimizer_set_with_values(minimizer, &f, s->grid[i].x, s->grid[i].f,
                                                    s->grid[i - 1].x, s->grid[i - 1].f,
                                                    s->grid[i + 1].x, s->grid[i + 1].f);
    for (int k = 0; k < ITERATIONS_MAX && status == GSL_SUCCESS; k++) {
        status = gsl_min_fminimizer_iterate(minimizer);
        const double low = gsl_min_fminimizer_x_lower(minimizer),
                     high = gsl_min_fminimizer_x_upper(minimizer);
        if (high - low <= 1e-9 * fmax(fabs(low), fabs(high)))
            break;
    }
    gsl_min_fminimizer_free(minimizer);
}

static bool
is_dip(const struct search *s, size_t i)
{
    return s->grid[i].f < s->grid[i - 1].f && s->grid[i].f < s->grid[i + 1].f &&
           isfinite(s->grid[i - 1].f) && isfinite(s->grid[i + 1].f);
}

/* The lowest dips first: each time the lowest of those above `floor`. */
static void
descend_lowest(struct search *s)
{
    struct place floor = {-INFINITY, -INFINITY};
    for (int n = 0; n < DIPS_MAX; n++) {
        size_t lowest = 0;
        for (size_t i = 1; i < CELLS; i++) {
            const bool is_next =
                s->grid[i].f > floor.f || (s->grid[i].f == floor.f && s->grid[i].x > floor.x);
            if (is_dip(s, i) && is_next && (lowest == 0 || s->grid[i].f < s->grid[lowest].f))
                lowest = i;
        }
        if (lowest == 0)
            return;
        floor = s->grid[lowest];
        descend(s, lowest);
    }
}

static double
slope(struct formula *f, double x)
{
    const double h = 6e-6 * fmax(fabs(x), 1e-3);
    return fabs(formula_at(f, x + h) - formula_at(f, x - h)) / (2 * h);
}

static enum celeriac_outcome
finish(struct celeriac_context *ctx, struct search *s, const char *variable, struct interval in)
{
    const struct names names = {{variable}, 1};
    const bool is_end = s->best.x == in.from || s->best.x == in.to;
    const double steepness = slope(s->f, s->best.x);
    if (s->f->evaluations->is_stopped)
        return celeriac_stop(ctx);
    if (s->best.f == -INFINITY)
        return celeriac_reject(ctx, "unbounded", "the expression is minus infinite at %.17g",
                               s->best.x);
    if (!isfinite(s->best.f))
        return celeriac_reject(ctx, "not_finite",
                               "the expression has no finite value between %g and %g", in.from,
                               in.to);
    const struct minimum minimum = {
        .names = &names,
        .at = &s->best.x,
        .value = s->best.f,
        .slope = steepness,
        .evaluations = s->f->evaluations->count,
        .caveat = is_end ? "the least value lies at an end of the interval"
                         : "a minimum narrower than 1/2000 of the interval may be missed"};
    return minimize_return(ctx, &minimum);
}

enum celeriac_outcome
minimize_interval(struct celeriac_context *ctx, struct formula *f, const char *variable,
                  struct interval interval)
{
    struct search *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->f = f;
    s->best = (struct place){interval.from, INFINITY};
    look_everywhere(s, interval);
    descend_lowest(s);
    const enum celeriac_outcome outcome = finish(ctx, s, variable, interval);
    free(s);
    return outcome;
}
