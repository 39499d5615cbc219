/* Module math: formulas and equations in floating point, by muParser (expressions) and GSL
 * (numerics).
 *
 * To add a task: a file with its function, a prototype in math.h, a row here. Text from outside
 * becomes a function through expression_cache_get or equation_read alone: they check everything
 * before muParser sees it. */
#include "worker/tasks/math/math.h"

#include <gsl/gsl_errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/tasks/math/expression_cache.h"

static const struct celeriac_param eval_params[] = {
    {.name = "expression", .kind = CELERIAC_ARG_STRING, .help = "such as x^2 + sin(y)"},
    {.name = "variables",
     .kind = CELERIAC_ARG_OBJECT,
     .optional = true,
     .help = "values by name, such as {\"x\": 3}"}};

static const struct celeriac_param solve_params[] = {
    {.name = "equation",
     .kind = CELERIAC_ARG_ANY,
     .help = "left = right, or an expression that is to be 0; an array of them is a system"},
    {.name = "unknown",
     .kind = CELERIAC_ARG_STRING,
     .optional = true,
     .fallback = "\"x\"",
     .min = 1,
     .max = 64,
     .help = "the name that is solved for"},
    {.name = "from",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "-100",
     .help = "where the interval of all roots begins"},
    {.name = "to",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "100",
     .help = "where it ends"},
    {.name = "guess",
     .kind = CELERIAC_ARG_ANY,
     .optional = true,
     .help = "one root near this number, instead of an interval; for a system an object with a "
             "number for each unknown"}};

#define PARAMS(rows) .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])

static const struct celeriac_task tasks[] = {
    {.name = "eval",
     .help = "Computes an expression: + - * / ^ ( ), comparisons, a ? b : c, pi, e, sin, ln, sqrt, "
             "min, ...",
     .run = eval_run,
     PARAMS(eval_params),
     .returns = "a number"},
    {.name = "solve",
     .help = "Solves an equation for its real roots in an interval or near a guess, or a system "
             "near a guess",
     .run = solve_run,
     PARAMS(solve_params),
     .returns = "{roots, ascending, or solution; residual: the largest error, null without a root; "
                "evaluations}"},
};

static bool
process_setup(char *message, size_t size)
{
    (void)message;
    (void)size;
    expression_prepare();
    gsl_set_error_handler_off(); /* it would end the process; all results are checked instead */
    return true;
}

static bool
thread_setup(void **state, char *message, size_t size)
{
    struct math_state *s = calloc(1, sizeof(*s));
    struct expression_cache *cache = expression_cache_new();
    if (s == NULL || cache == NULL) {
        snprintf(message, size, "no memory");
        free(s);
        expression_cache_free(cache);
        return false;
    }
    s->cache = cache;
    *state = s;
    return true;
}

static void
thread_clear(void *state)
{
    struct math_state *s = state;
    expression_cache_free(s->cache);
    free(s);
}

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "math",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
    .process_setup = process_setup,
    .thread_setup = thread_setup,
    .thread_clear = thread_clear,
};
