/* The look at an expression before muParser gets it. */
#ifndef TASKS_MATH_EXPRESSION_SCAN_H
#define TASKS_MATH_EXPRESSION_SCAN_H

#include "worker/tasks/math/expression.h"
#include "worker/tasks/math/functions.h"

enum { SCAN_FUNCTIONS_MAX = 64, SCAN_CONSTANTS_MAX = 8 };

struct scan {
    bool uses[EXPRESSION_VARIABLES_MAX];                  /* by index of the variable */
    const struct function *functions[SCAN_FUNCTIONS_MAX]; /* each once */
    size_t n_functions;
    struct {
        char name[8];
        double value;
    } constants[SCAN_CONSTANTS_MAX];
    size_t n_constants;
};

/* False, and `why` is filled, unless every character, number, name and comma is where it may be.
 * What operators and parentheses do to each other is left to muParser. */
bool expression_scan(struct text text, const struct names *names, struct scan *scan,
                     struct why *why);

#endif
