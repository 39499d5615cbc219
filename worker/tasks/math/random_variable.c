/* All by the inverse of the distribution function, so one uniform number gives one draw and samples
 * stay in step whatever the distribution. */
#include "worker/tasks/math/random_variable.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>

#include "worker/tasks/math/vector.h"

static double
draw_constant(double u, const double *p)
{
    (void)u;
    return p[0];
}

static double
draw_uniform(double u, const double *p)
{
    return p[0] * (1 - u) + p[1] * u;
}

static double
draw_normal(double u, const double *p)
{
    return p[0] + p[1] * gsl_cdf_ugaussian_Pinv(u);
}

static double
draw_exponential(double u, const double *p)
{
    return -p[0] * log1p(-u);
}

static double
draw_integer(double u, const double *p)
{
    return fmin(p[0] + floor(u * (p[1] - p[0] + 1)), p[1]);
}

static bool
is_ascending(const double *p)
{
    return p[0] < p[1];
}

static bool
has_deviation(const double *p)
{
    return p[1] >= 0;
}

static bool
is_positive(const double *p)
{
    return p[0] > 0;
}

static bool
are_integers(const double *p)
{
    return p[0] <= p[1] && p[0] == rint(p[0]) && p[1] == rint(p[1]) && fabs(p[0]) <= 0x1p50 &&
           fabs(p[1]) <= 0x1p50;
}

static const struct distribution {
    const char *name;
    size_t n;
    random_variable_fn *draw;
    bool (*is_good)(const double *p);
    const char *expected;
} distributions[] = {
    {"uniform", 2, draw_uniform, is_ascending, "[from, to] with from below to"},
    {"normal", 2, draw_normal, has_deviation, "[mean, deviation] with a deviation >= 0"},
    {"exponential", 1, draw_exponential, is_positive, "[mean] above 0"},
    {"integer", 2, draw_integer, are_integers, "[first, last], integers up to 2^50"},
};

bool
random_variable_read(struct random_variable *v, const struct celeriac_value *value, struct why *why)
{
    const char *name = NULL;
    struct why ignored;
    const struct celeriac_value *numbers = celeriac_entry(value, 0, &name);
    *v = (struct random_variable){.draw = draw_constant};
    if (celeriac_get_number(value, &v->p[0]) && isfinite(v->p[0]))
        return true;
    for (size_t i = 0; i < sizeof(distributions) / sizeof(distributions[0]); i++) {
        const struct distribution *d = &distributions[i];
        if (celeriac_size(value) != 1 || celeriac_get(value, d->name) == NULL)
            continue;
        v->draw = d->draw;
        if (vector_read(v->p, d->n, numbers, &ignored) && d->is_good(v->p))
            return true;
        snprintf(why->text, sizeof(why->text), "%s: expected %s", d->name, d->expected);
        return false;
    }
    snprintf(why->text, sizeof(why->text),
             "expected a number, or one of uniform, normal, exponential, integer with its numbers");
    return false;
}
