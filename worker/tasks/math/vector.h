/* Lists of numbers, from JSON and back. */
#ifndef TASKS_MATH_VECTOR_H
#define TASKS_MATH_VECTOR_H

#include "client/celeriac_task.h"
#include "worker/tasks/math/expression.h"

/* Fills x[n] from an array of exactly n finite numbers. False: `why`. */
bool vector_read(double *x, size_t n, const struct celeriac_value *array, struct why *why);
/* An array; numbers that are not finite become null. */
struct celeriac_value *vector_value(struct celeriac_arena *arena, const double *x, size_t n);
/* n doubles, all 0, to be freed. */
double *vector_new(size_t n);

#endif
