/* Random variables: a distribution, and how a uniform number becomes one of it. */
#ifndef TASKS_MATH_RANDOM_VARIABLE_H
#define TASKS_MATH_RANDOM_VARIABLE_H

#include "client/celeriac_task.h"
#include "worker/tasks/math/expression.h"

typedef double random_variable_fn(double uniform, const double *p);

struct random_variable {
    random_variable_fn *draw;
    double p[2]; /* parameters of the distribution */
};

/* From {"uniform": [0, 1]}, {"normal": [mean, deviation]}, {"exponential": [mean]},
 * {"integer": [1, 6]} or a number, which is constant. False: `why`. */
bool random_variable_read(struct random_variable *v, const struct celeriac_value *value,
                          struct why *why);

#endif
