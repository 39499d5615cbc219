/* What an expression may name without being told: functions and constants. The table in functions.c
 * is the language; muParser's own tables are emptied, so that it is the same with every version. */
#ifndef TASKS_MATH_FUNCTIONS_H
#define TASKS_MATH_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { FUNCTION_ANY = -1 }; /* one argument or more */

struct function {
    const char *name;
    int arity; /* 1, 2 or FUNCTION_ANY */
    double (*one)(double);
    double (*two)(double, double);
    double (*any)(const double *, int);
};

/* NULL if there is none. The name need not be NUL-terminated. */
const struct function *function_find(const char *name, size_t len);
bool constant_find(const char *name, size_t len, double *value);

#endif
