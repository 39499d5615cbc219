/* Formulas: an expression that is evaluated many times for one job. */
#ifndef TASKS_MATH_FORMULA_H
#define TASKS_MATH_FORMULA_H

#include "worker/tasks/math/evaluations.h"
#include "worker/tasks/math/expression_cache.h"

struct formula {
    struct evaluations *evaluations;
    struct expression *expression; /* belongs to the cache */
    size_t n;                      /* variables */
};

/* Compiles a string and sets all but `evaluations`. False: `why`. */
bool formula_read(struct formula *f, struct expression_cache *cache,
                  const struct celeriac_value *string, const struct names *names, struct why *why);
/* May be infinite or NaN; NaN once the job is stopped. */
double formula_value(struct formula *f, const double *variables);
/* The same for one variable. */
double formula_at(struct formula *f, double x);

#endif
