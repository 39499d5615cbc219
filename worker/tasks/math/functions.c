/* The functions and constants of expressions. log is the natural logarithm, as in C; log10 and log2
 * say their base. All are pure and may be called from any thread. */
#include "worker/tasks/math/functions.h"

#include <math.h>
#include <string.h>

static double
f_sign(double x)
{
    return (double)((x > 0) - (x < 0));
}

static double
f_lgamma(double x)
{
    int sign; /* lgamma would write a global variable */
    return lgamma_r(x, &sign);
}

static double
f_mod(double x, double y)
{
    return x - y * floor(x / y); /* has the sign of y, as in mathematics */
}

static double
f_min(const double *x, int n)
{
    double least = x[0];
    for (int i = 1; i < n; i++)
        least = fmin(least, x[i]);
    return least;
}

static double
f_max(const double *x, int n)
{
    double greatest = x[0];
    for (int i = 1; i < n; i++)
        greatest = fmax(greatest, x[i]);
    return greatest;
}

static double
f_sum(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static double
f_avg(const double *x, int n)
{
    return f_sum(x, n) / n;
}

static const struct function functions[] = {
    {"sin", 1, sin, NULL, NULL},
    {"cos", 1, cos, NULL, NULL},
    {"tan", 1, tan, NULL, NULL},
    {"asin", 1, asin, NULL, NULL},
    {"acos", 1, acos, NULL, NULL},
    {"atan", 1, atan, NULL, NULL},
    {"sinh", 1, sinh, NULL, NULL},
    {"cosh", 1, cosh, NULL, NULL},
    {"tanh", 1, tanh, NULL, NULL},
    {"asinh", 1, asinh, NULL, NULL},
    {"acosh", 1, acosh, NULL, NULL},
    {"atanh", 1, atanh, NULL, NULL},
    {"exp", 1, exp, NULL, NULL},
    {"exp2", 1, exp2, NULL, NULL},
    {"expm1", 1, expm1, NULL, NULL},
    {"ln", 1, log, NULL, NULL},
    {"log", 1, log, NULL, NULL},
    {"log10", 1, log10, NULL, NULL},
    {"log2", 1, log2, NULL, NULL},
    {"log1p", 1, log1p, NULL, NULL},
    {"sqrt", 1, sqrt, NULL, NULL},
    {"cbrt", 1, cbrt, NULL, NULL},
    {"abs", 1, fabs, NULL, NULL},
    {"sign", 1, f_sign, NULL, NULL},
    {"floor", 1, floor, NULL, NULL},
    {"ceil", 1, ceil, NULL, NULL},
    {"round", 1, round, NULL, NULL},
    {"rint", 1, rint, NULL, NULL},
    {"trunc", 1, trunc, NULL, NULL},
    {"gamma", 1, tgamma, NULL, NULL},
    {"lgamma", 1, f_lgamma, NULL, NULL},
    {"erf", 1, erf, NULL, NULL},
    {"erfc", 1, erfc, NULL, NULL},
    {"atan2", 2, NULL, atan2, NULL},
    {"pow", 2, NULL, pow, NULL},
    {"hypot", 2, NULL, hypot, NULL},
    {"mod", 2, NULL, f_mod, NULL},
    {"min", FUNCTION_ANY, NULL, NULL, f_min},
    {"max", FUNCTION_ANY, NULL, NULL, f_max},
    {"sum", FUNCTION_ANY, NULL, NULL, f_sum},
    {"avg", FUNCTION_ANY, NULL, NULL, f_avg},
};

static const struct {
    const char *name;
    double value;
} constants[] = {{"pi", M_PI}, {"e", M_E}, {"_pi", M_PI}, {"_e", M_E}};

static bool
is_name(const char *name, size_t len, const char *known)
{
    return strlen(known) == len && memcmp(name, known, len) == 0;
}

const struct function *
function_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (is_name(name, len, functions[i].name))
            return &functions[i];
    return NULL;
}

bool
constant_find(const char *name, size_t len, double *value)
{
    for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
        if (is_name(name, len, constants[i].name)) {
            *value = constants[i].value;
            return true;
        }
    return false;
}
