/* Expressions: text from outside that becomes a function of named variables. muParser lives behind
 * this header.
 *
 * Grammar: numbers (1, .5, 1e-3), names, calls f(a, b), + - * / ^ (right to left, before the sign:
 * -2^2 = -4), ( ), comparisons < <= > >= == != (1 or 0), && ||, condition ? a : b. A variable hides
 * a constant of the same name.
 *
 * An expression is used by one thread at a time; different ones are independent of each other. */
#ifndef TASKS_MATH_EXPRESSION_H
#define TASKS_MATH_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "client/celeriac_task.h"

enum {
    EXPRESSION_TEXT_MAX = 2000, /* muParser's time grows with the square */
    EXPRESSION_NESTING_MAX = 64,
    EXPRESSION_VARIABLES_MAX = 64,
    EXPRESSION_NAME_MAX = 64,
};

struct expression;

struct text {
    const char *bytes; /* any; need not be NUL-terminated */
    size_t len;
};

/* The variables: good names, each once. */
struct names {
    const char *items[EXPRESSION_VARIABLES_MAX];
    size_t n;
};

/* One line about what is wrong with an expression: "character 3: ...". */
struct why {
    char text[256];
};

/* Once per process, before there are threads: muParser makes its tables when they are first needed.
 */
void expression_prepare(void);
/* Letters, digits, '_', no digit first, at most EXPRESSION_NAME_MAX. */
bool expression_is_name(const char *name);

/* Compiles. NULL if the text is no expression; `why` then says where and what is expected. */
struct expression *expression_new(struct text text, const struct names *names, struct why *why);
void expression_free(struct expression *e);

/* How many have been compiled in this process. Exported, for tests of the module. */
CELERIAC_API unsigned long expression_compilations(void);

/* The values of the variables, in the order of `names`; set them before each evaluation. */
double *expression_variables(struct expression *e);
/* Does it mention variable i? */
bool expression_uses(const struct expression *e, size_t i);
/* May be infinite or NaN. */
double expression_value(struct expression *e);

#endif
