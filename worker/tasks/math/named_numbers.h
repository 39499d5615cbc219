/* Numbers with names: values of variables, guesses, starts, results. */
#ifndef TASKS_MATH_NAMED_NUMBERS_H
#define TASKS_MATH_NAMED_NUMBERS_H

#include "client/celeriac_task.h"
#include "worker/tasks/math/expression.h"

struct named_numbers {
    struct names names; /* borrowed from the object */
    double values[EXPRESSION_VARIABLES_MAX];
};

/* From an object (NULL: none) of at most `max` <= EXPRESSION_VARIABLES_MAX finite numbers with the
 * names of variables. False: `why`. */
bool named_numbers_read(struct named_numbers *out, const struct celeriac_value *object, size_t max,
                        struct why *why);
/* An object; numbers that are not finite become null. */
struct celeriac_value *named_numbers_value(struct celeriac_arena *arena, const struct names *names,
                                           const double *values);

#endif
