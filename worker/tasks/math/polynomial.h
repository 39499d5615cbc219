/* Polynomials of one unknown with real coefficients of 106 bits. */
#ifndef TASKS_MATH_POLYNOMIAL_H
#define TASKS_MATH_POLYNOMIAL_H

#include <stddef.h>

#include "worker/tasks/math/double_double.h"

enum { POLYNOMIAL_DEGREE_MAX = 128 };

/* c[k] belongs to x^k. `size[k]` is what c[k] would be if nothing had cancelled: its rounding error
 * is a small part of that. */
struct polynomial {
    size_t degree;
    struct dd c[POLYNOMIAL_DEGREE_MAX + 1];
    double size[POLYNOMIAL_DEGREE_MAX + 1];
};

void polynomial_constant(struct polynomial *p, struct dd c);
void polynomial_unknown(struct polynomial *p); /* x */
/* a += sign * b */
void polynomial_add(struct polynomial *a, const struct polynomial *b, double sign);
/* a *= b; false if the degree gets too large, then a is as it was. */
_Bool polynomial_multiply(struct polynomial *a, const struct polynomial *b);
void polynomial_divide(struct polynomial *a, struct dd c);
/* Coefficients that are nothing but rounding become 0; the degree is that of the highest one left.
 */
void polynomial_trim(struct polynomial *p);
_Bool polynomial_is_finite(const struct polynomial *p);

#endif
