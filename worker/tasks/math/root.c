/* Doubles are bisected by their order as integers: from any two of them at most 64 halvings lead to
 * neighbours, however small or large they are.
 *
 * A sign change is a root if f gets small there: near a simple or multiple root |f| falls with the
 * distance, at a jump it stays, at a pole it grows. */
#include "worker/tasks/math/root.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BRENT_MAX = 100, NEIGHBOURS = 6 };

static const double STEP = 1e-6;        /* how far from a root f must have grown, relative to x */
static const double GROWTH = 0.05;      /* f at the root against f at that distance */
static const double SMALL = 1e-10;      /* f at the root against f around it: good without growth */
static const double TINY = 1e-290;      /* next to underflow */
static const double EPSILON = 2.22e-16; /* of doubles */

static int64_t
to_order(double x)
{
    int64_t n;
    memcpy(&n, &x, sizeof(n));
    return n < 0 ? INT64_MIN - n : n;
}

static double
from_order(int64_t n)
{
    double x;
    n = n < 0 ? INT64_MIN - n : n;
    memcpy(&x, &n, sizeof(x));
    return x;
}

/* The middle by order; one of the two if they are neighbours. */
static double
halfway(double a, double b)
{
    const int64_t low = to_order(a), high = to_order(b);
    return from_order(low / 2 + high / 2 + (low % 2 + high % 2) / 2);
}

static bool
is_opposite(double f, double g)
{
    return (f < 0) != (g < 0);
}

static double
call(double x, void *eq)
{
    return equation_at(eq, x);
}

/* Makes the interval small; keeps the signs at its ends opposite. */
static void
narrow(struct equation *eq, struct point *a, struct point *b)
{
    gsl_function f = {call, eq};
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL)
        abort();
    int status = gsl_root_fsolver_set(solver, &f, fmin(a->x, b->x), fmax(a->x, b->x));
    for (int i = 0; i < BRENT_MAX && status == GSL_SUCCESS; i++) {
        status = gsl_root_fsolver_iterate(solver);
        const double low = gsl_root_fsolver_x_lower(solver),
                     high = gsl_root_fsolver_x_upper(solver);
        if (status == GSL_SUCCESS &&
            gsl_root_test_interval(low, high, 0, 4 * EPSILON) == GSL_SUCCESS)
            break;
    }
    const double low = gsl_root_fsolver_x_lower(solver), high = gsl_root_fsolver_x_upper(solver);
    gsl_root_fsolver_free(solver);
    const struct point l = {low, equation_at(eq, low)}, h = {high, equation_at(eq, high)};
    if (isfinite(l.f) && isfinite(h.f) && is_opposite(l.f, h.f)) {
        *a = l;
        *b = h;
    }
}

/* Down to neighbours; false if a value is not finite. A value of 0 becomes both ends. */
static bool
bisect(struct equation *eq, struct point *a, struct point *b)
{
    for (;;) {
        const double x = halfway(a->x, b->x);
        if (x == a->x || x == b->x)
            return true;
        const struct point middle = {x, equation_at(eq, x)};
        if (!isfinite(middle.f))
            return false;
        if (middle.f == 0)
            *a = *b = middle;
        else if (is_opposite(middle.f, a->f))
            *b = middle;
        else
            *a = middle;
    }
}

static bool
is_root(struct equation *eq, struct point root, double scale)
{
    const double small = fabs(root.f), step = STEP * fmax(fabs(root.x), STEP);
    if (small == 0 || small <= SMALL * scale)
        return true;
    const double before = fabs(equation_at(eq, root.x - step)),
                 after = fabs(equation_at(eq, root.x + step));
    return small <= GROWTH * before && small <= GROWTH * after;
}

bool
root_between(struct equation *eq, struct point a, struct point b, double scale, struct point *root)
{
    narrow(eq, &a, &b);
    if (!bisect(eq, &a, &b))
        return false;
    *root = fabs(a.f) <= fabs(b.f) ? a : b;
    return is_root(eq, *root, scale);
}

struct point
root_domain_edge(struct equation *eq, struct point in, double out)
{
    for (;;) {
        const double x = halfway(in.x, out);
        if (x == in.x || x == out)
            return in;
        const double f = equation_at(eq, x);
        if (isfinite(f))
            in = (struct point){x, f};
        else
            out = x;
    }
}

bool
root_is_underflow(struct equation *eq, double x)
{
    const double step = STEP * fmax(fabs(x), STEP);
    return fabs(equation_at(eq, x - step)) < TINY || fabs(equation_at(eq, x + step)) < TINY;
}

struct point
root_tidy(struct equation *eq, struct point root)
{
    if (fabs(root.x) < 1e-9) {
        const struct point zero = {0, equation_at(eq, 0)};
        return fabs(zero.f) <= fabs(root.f) ? zero : root;
    }
    for (int i = 0; i < 2; i++) {
        const double unit = pow(10, floor(log10(fabs(root.x))) + 1 - (i == 0 ? 6 : 9));
        const double x =
            unit >= 1 ? round(root.x / unit) * unit : round(root.x / unit) / round(1 / unit);
        if (!(fabs(x - root.x) <= (i == 0 ? 1e-10 : 1e-13) * fabs(root.x)))
            continue;
        const double f = equation_at(eq, x);
        if (fabs(f) <= fabs(root.f))
            return (struct point){x + 0.0, f};
    }
    return root;
}

double
root_rounding(struct equation *eq, struct point at)
{
    const int64_t order = to_order(at.x);
    double low = at.f, high = low;
    for (int i = -NEIGHBOURS; i <= NEIGHBOURS; i++) {
        const double f = equation_at(eq, from_order(order + i));
        low = fmin(low, f);
        high = fmax(high, f);
    }
    return fmax(4 * (high - low), 4 * EPSILON * equation_scale(eq, at.x));
}
