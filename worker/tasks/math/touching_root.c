/* A minimum is only found to half of the digits, since f is flat there; one Newton step on the
 * derivative, taken from four differences (Richardson), gives most of the others back.
 *
 * What counts as 0: f can have been computed only up to rounding, so the least |f| is compared with
 * how much f trembles between neighbouring doubles, with the rounding of the two sides, and with a
 * very small part of the values around. x^2 + 1e-9 = 0 has no root. */
#include "worker/tasks/math/touching_root.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_min.h>
#include <math.h>
#include <stdlib.h>

enum { ITERATIONS_MAX = 100 };

static const double NOTHING = 1e-14;   /* of the values around */
static const double PROMISING = 1e-3;  /* of them: what is worth a closer look */
static const double RESOLUTION = 5e-8; /* of x: GSL's minimisation gets no closer */

struct valley {
    struct equation *eq;
    double sign;      /* sign * f is positive around */
    double low, high; /* where the least value is */
    struct point least;
};

static double
call(double x, void *arg)
{
    struct valley *v = arg;
    const double f = equation_at(v->eq, x);
    if (v->sign * f < v->sign * v->least.f)
        v->least = (struct point){x, f};
    return v->sign * f;
}

static bool
has_crossed(const struct valley *v)
{
    return v->sign * v->least.f < 0;
}

static void
descend(struct valley *v)
{
    gsl_function f = {call, v};
    gsl_min_fminimizer *minimizer = gsl_min_fminimizer_alloc(gsl_min_fminimizer_brent);
    if (minimizer == NULL)
        abort();
    int status = gsl_min_fminimizer_set(minimizer, &f, v->least.x, v->low, v->high);
    for (int i = 0;
         i < ITERATIONS_MAX && status == GSL_SUCCESS && !has_crossed(v) && v->least.f != 0; i++) {
        status = gsl_min_fminimizer_iterate(minimizer);
        v->low = gsl_min_fminimizer_x_lower(minimizer);
        v->high = gsl_min_fminimizer_x_upper(minimizer);
        if (v->high - v->low <= RESOLUTION * fmax(fabs(v->low), fabs(v->high)))
            break;
    }
    gsl_min_fminimizer_free(minimizer);
}

static double
slope(struct equation *eq, double x, double h)
{
    const double near = equation_at(eq, x + h) - equation_at(eq, x - h);
    const double far = equation_at(eq, x + 2 * h) - equation_at(eq, x - 2 * h);
    return (8 * near - far) / (12 * h);
}

/* A Newton step on f', where f is smooth. */
static struct point
sharpen(struct equation *eq, struct point at, double room)
{
    const double h = fmin(1e-3 * fmax(fabs(at.x), 1e-3), room / 4);
    const double bend = (slope(eq, at.x + h, h) - slope(eq, at.x - h, h)) / (2 * h);
    const double x = at.x - slope(eq, at.x, h) / bend;
    return isfinite(x) && fabs(x - at.x) < h ? (struct point){x, equation_at(eq, x)} : at;
}

/* Golden section in the last stretch, down to neighbouring doubles: what has a corner at 0, such as
 * |x - 1|, is found to the last bit by that. */
static void
descend_to_the_end(struct valley *v)
{
    const double ratio = 0.6180339887498949;
    double a = v->low, b = v->high;
    double x1 = b - ratio * (b - a), x2 = a + ratio * (b - a);
    double f1 = call(x1, v), f2 = call(x2, v);
    while (x1 < x2 && a < x1 && x2 < b && v->least.f != 0 && !has_crossed(v)) {
        if (f1 < f2) {
            b = x2, x2 = x1, f2 = f1;
            x1 = b - ratio * (b - a), f1 = call(x1, v);
        } else {
            a = x1, x1 = x2, f1 = f2;
            x2 = a + ratio * (b - a), f2 = call(x2, v);
        }
    }
}

enum dip
touching_root(struct equation *eq, struct point a, struct point middle, struct point b,
              struct point *at)
{
    const double around = fmin(fabs(a.f), fabs(b.f));
    struct valley v = {
        .eq = eq, .sign = a.f < 0 ? -1 : 1, .least = middle, .low = a.x, .high = b.x};
    if (fabs(middle.f) < around)
        descend(&v);
    const double promising =
        fmax(PROMISING, 20 * RESOLUTION * fabs(v.least.x) / (b.x - a.x)) * around;
    if (!has_crossed(&v) && fabs(v.least.f) > promising) /* the usual case */
        return DIP_NOTHING;
    descend_to_the_end(&v);
    *at = v.least;
    if (has_crossed(&v))
        return DIP_CROSSES;
    const struct point sharper = sharpen(eq, *at, b.x - a.x);
    if (fabs(sharper.f) < fabs(at->f))
        *at = sharper;
    const double limit = fmax(root_rounding(eq, *at), NOTHING * around);
    if (!(fabs(at->f) <= limit))
        return DIP_NOTHING;
    if (fabs(sharper.f) <= limit)
        *at = sharper;
    return DIP_TOUCHES;
}
