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

#define EXPRESSION(text)                                                                           \
    {                                                                                              \
        .name = "expression", .kind = CELERIAC_ARG_STRING, .min = 1, .max = 2000, .help = text     \
    }
#define NAME(word, fallback_json, text)                                                            \
    {                                                                                              \
        .name = word, .kind = CELERIAC_ARG_STRING, .optional = true, .fallback = fallback_json,    \
        .min = 1, .max = 64, .help = text                                                          \
    }

static const struct celeriac_param roots_params[] = {
    {.name = "polynomial",
     .kind = CELERIAC_ARG_ANY,
     .help = "written out, such as x^3 - 1 or (x - 1)^2 = 3, or its coefficients, that of the "
             "highest power first; degree 1..128"},
    NAME("unknown", "\"x\"", "its name where it is written out")};

static const struct celeriac_param system_params[] = {
    {.name = "equations",
     .kind = CELERIAC_ARG_ARRAY,
     .min = 1,
     .max = 16,
     .help = "left = right, or expressions that are to be 0"},
    {.name = "guess",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 16,
     .help = "a number for each unknown, such as {\"x\": 1, \"y\": 2}"}};

static const struct celeriac_param linear_params[] = {
    {.name = "a",
     .kind = CELERIAC_ARG_ARRAY,
     .min = 1,
     .max = 200,
     .help = "the matrix: an array of its rows"},
    {.name = "b", .kind = CELERIAC_ARG_ARRAY, .min = 1, .max = 200, .help = "the right side"}};

static const struct celeriac_param integrate_params[] = {
    EXPRESSION("the integrand"),
    {.name = "from", .kind = CELERIAC_ARG_ANY, .help = "a number, or \"-inf\""},
    {.name = "to", .kind = CELERIAC_ARG_ANY, .help = "a number, or \"inf\""},
    NAME("variable", "\"x\"", "what is integrated over"),
    {.name = "points",
     .kind = CELERIAC_ARG_ARRAY,
     .optional = true,
     .max = 32,
     .help = "singular or difficult places between the bounds"},
    {.name = "tolerance",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "1e-10",
     .min = 1e-14,
     .max = 0.1,
     .help = "wanted error, relative"}};

static const struct celeriac_param ode_params[] = {
    {.name = "equations",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 32,
     .help = "the derivative of each unknown, such as {\"x\": \"v\", \"v\": \"-x\"}"},
    {.name = "start",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 32,
     .help = "the value of each unknown at `from`"},
    {.name = "from",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "0",
     .help = "the time of the start"},
    {.name = "to",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "1",
     .help = "the time of the end; may be before `from`"},
    {.name = "points",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .fallback = "101",
     .min = 2,
     .max = 100000,
     .help = "times at equal distances, both ends included"},
    NAME("time", "\"t\"", "the name of the time in the equations"),
    NAME("method", "\"auto\"", "auto, rk8pd, rkf45 (not stiff), msbdf, bsimp (stiff)"),
    {.name = "tolerance",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "1e-8",
     .min = 1e-13,
     .max = 0.1,
     .help = "error of each step, relative"},
    {.name = "max_steps",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .fallback = "100000",
     .min = 1,
     .max = 1e8,
     .help = "gives up after so many"}};

static const struct celeriac_param minimize_params[] = {
    EXPRESSION("what is to become least"),
    {.name = "guess",
     .kind = CELERIAC_ARG_OBJECT,
     .optional = true,
     .min = 1,
     .max = 16,
     .help =
         "goes down from here, such as {\"x\": 1, \"y\": 2}; without it an interval is searched"},
    {.name = "from",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "-100",
     .help = "where the interval begins"},
    {.name = "to",
     .kind = CELERIAC_ARG_NUMBER,
     .optional = true,
     .fallback = "100",
     .help = "where it ends"},
    NAME("variable", "\"x\"", "the variable of the interval")};

static const struct celeriac_param fit_params[] = {
    EXPRESSION("of the parameters and the columns, such as a*exp(-b*x)"),
    {.name = "data",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 16,
     .help = "columns of equal length, such as {\"x\": [...], \"y\": [...]}"},
    {.name = "guess",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 16,
     .help = "a number for each parameter, such as {\"a\": 1, \"b\": 0.1}"},
    NAME("target", "\"y\"", "the column that the expression is to meet"),
    {.name = "sigma",
     .kind = CELERIAC_ARG_ARRAY,
     .optional = true,
     .min = 1,
     .max = 50000,
     .help = "standard errors of the target"}};

static const struct celeriac_param table_params[] = {
    EXPRESSION("what is computed"),
    {.name = "grid",
     .kind = CELERIAC_ARG_OBJECT,
     .min = 1,
     .max = 8,
     .help =
         "for each variable {\"from\": 0, \"to\": 1, \"n\": 11} or an array of numbers; the last "
         "varies fastest"},
    NAME(
        "output", "\"values\"",
        "values (up to 500,000), packed (doubles of this machine, up to 1,500,000), summary (up to "
        "1e10)")};

static const struct celeriac_param montecarlo_params[] = {
    EXPRESSION("whose mean is wanted"),
    {.name = "variables",
     .kind = CELERIAC_ARG_OBJECT,
     .max = 32,
     .help = "by name a number or {\"uniform\": [from, to]}, {\"normal\": [mean, deviation]}, "
             "{\"exponential\": [mean]}, {\"integer\": [first, last]}"},
    {.name = "samples",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .fallback = "1000000",
     .min = 2,
     .max = 1e12,
     .help = "the error falls with the root of it"},
    {.name = "seed",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .fallback = "0",
     .min = 0,
     .max = 9e15,
     .help = "the same seed, stream and samples give the same answer"},
    {.name = "stream",
     .kind = CELERIAC_ARG_INTEGER,
     .optional = true,
     .fallback = "0",
     .min = 0,
     .max = 4294967295,
     .help = "jobs with different streams are independent"}};

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
                "evaluations; caveat: what is not promised}"},
    {.name = "roots",
     .help = "Finds all complex roots of a polynomial, with 106 bits inside",
     .run = roots_run,
     PARAMS(roots_params),
     .returns =
         "{roots: [{re, im, error, sensitivity, multiplicity if above 1}], degree, residual: "
         "relative}"},
    {.name = "system",
     .help = "Solves n equations with n unknowns near a guess",
     .run = system_run,
     PARAMS(system_params),
     .returns = "{solution, residual: the largest error, evaluations, caveat}"},
    {.name = "linear",
     .help = "Solves the linear equations a x = b, n up to 200",
     .run = linear_run,
     PARAMS(linear_params),
     .returns =
         "{x, condition: estimate in the 1-norm, residual: the largest |b - a x|, error: of x, "
         "relative}"},
    {.name = "integrate",
     .help = "Integrates an expression between finite or infinite bounds",
     .run = integrate_run,
     PARAMS(integrate_params),
     .returns = "{value, error: estimate, evaluations, caveat if there is one}"},
    {.name = "ode",
     .help = "Follows ordinary differential equations from a start, stiff or not",
     .run = ode_run,
     PARAMS(ode_params),
     .returns = "{t: [...], y: {name: [...]}, steps, evaluations, method: that was used last}"},
    {.name = "minimize",
     .help = "Finds the least value of an expression in an interval or below a guess",
     .run = minimize_run,
     PARAMS(minimize_params),
     .returns = "{at: {name: number}, value, slope: the largest left, evaluations, caveat}"},
    {.name = "fit",
     .help = "Fits the parameters of an expression to data by least squares",
     .run = fit_run,
     PARAMS(fit_params),
     .returns = "{parameters, errors: standard, null if not determined, residual: sum of squares, "
                "deviation, freedom, iterations, evaluations}"},
    {.name = "table",
     .help = "Computes an expression at all points of a grid",
     .run = table_run,
     PARAMS(table_params),
     .returns = "{grid, values: nested as the grid, null where undefined; points, undefined, min, "
                "max, mean}"},
    {.name = "montecarlo",
     .help = "Estimates the mean of an expression of random variables",
     .run = montecarlo_run,
     PARAMS(montecarlo_params),
     .returns =
         "{mean, error: standard, of the mean, deviation, samples, seed, stream, generator}"},
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
