/* One root of one equation, to the last bit. */
#ifndef TASKS_MATH_ROOT_H
#define TASKS_MATH_ROOT_H

#include "worker/tasks/math/equation.h"

/* A place, and the value of the equation there. */
struct point {
    double x, f;
};

/* Between a and b the sign changes (both finite, neither 0). Finds where: Brent's method (GSL),
 * then bisection down to neighbouring doubles. `scale` is the size of f around there. False if the
 * change is no root but a pole or a jump, or if the values between are not finite. */
bool root_between(struct equation *eq, struct point a, struct point b, double scale,
                  struct point *root);
/* Is f defined at one of them only? Gives the last point where it is, on the way from `in` to
 * `out`. */
struct point root_domain_edge(struct equation *eq, struct point in, double out);
/* Is f next to 0 all around, because it underflows? Then a 0 there is no root. */
bool root_is_underflow(struct equation *eq, double x);
/* The same root in 6 or 9 digits if it is that close and no worse: 2 for 1.9999999999999998, 0 for
 * -1e-308. */
struct point root_tidy(struct equation *eq, struct point root);
/* How much of f at this place may be rounding: it trembles between neighbouring doubles, and both
 * sides are rounded. */
double root_rounding(struct equation *eq, struct point at);

#endif
