/* All complex roots of a polynomial, with 106 bits. */
#ifndef TASKS_MATH_POLYNOMIAL_ROOTS_H
#define TASKS_MATH_POLYNOMIAL_ROOTS_H

#include "worker/tasks/math/evaluations.h"
#include "worker/tasks/math/polynomial.h"

struct polynomial_root {
    struct cdd z;
    size_t multiplicity; /* as found; a root of multiplicity k is listed k times */
    double error;        /* estimate: |z - the root of exactly these coefficients| */
    double sensitivity;  /* how far it moves if the coefficients are rounded to doubles */
};

enum polynomial_roots_end { ROOTS_FOUND, ROOTS_STOPPED, ROOTS_NOT_FOUND, ROOTS_TOO_WIDE };

/* Fills roots[p->degree]. `p` is trimmed, has degree >= 1 and is changed. TOO_WIDE: its
 * coefficients lie too far apart for doubles. */
enum polynomial_roots_end polynomial_roots(struct polynomial *p, struct evaluations *evaluations,
                                           struct polynomial_root *roots);

#endif
