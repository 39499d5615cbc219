/* Roots where f touches 0 without changing its sign, such as that of (x - 1)^2. */
#ifndef TASKS_MATH_TOUCHING_ROOT_H
#define TASKS_MATH_TOUCHING_ROOT_H

#include "worker/tasks/math/root.h"

enum dip { DIP_NOTHING, DIP_TOUCHES, DIP_CROSSES };

/* a < middle < b; the values at a and b have one sign, in the middle |f| is less. Looks for the
 * least |f| between them (Brent's minimisation, GSL). TOUCHES: 0 up to rounding; *at is the root.
 * CROSSES: the sign changes on the way; *at is a point of the other sign, so that there are roots
 * on both sides of it. */
enum dip touching_root(struct equation *eq, struct point a, struct point middle, struct point b,
                       struct point *at);

#endif
