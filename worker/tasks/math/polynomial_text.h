/* Polynomials that are written out: "x^3 - 1", "(x - 1)*(x - 2)^2 = 3", "x/3 + sqrt(2)". */
#ifndef TASKS_MATH_POLYNOMIAL_TEXT_H
#define TASKS_MATH_POLYNOMIAL_TEXT_H

#include "worker/tasks/math/expression_cache.h"
#include "worker/tasks/math/polynomial.h"

/* left - right, multiplied out with 106 bits. False if a side is no expression of the unknown
 * alone, or no polynomial of at most POLYNOMIAL_DEGREE_MAX: `why`. */
bool polynomial_read(struct polynomial *p, struct expression_cache *cache, struct text text,
                     const char *unknown, struct why *why);

#endif
