/* The Jacobian comes from central differences: its error of about 1e-10 only slows implicit methods
 * down, since their error control does not trust it. */
#include "worker/tasks/math/ode_system.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double STEP = 6e-6; /* about the cube root of the rounding error */

static int
call(double t, const double y[], double dydt[], void *arg)
{
    struct ode_system *s = arg;
    if (ode_system_rates(s, t, y, dydt))
        return GSL_SUCCESS;
    return s->evaluations.is_stopped ? GSL_EBADFUNC : GSL_EFAILED; /* ends all, or a smaller step */
}

static void
differences(const struct ode_system *s, const double *up, const double *down, double width,
            double *column)
{
    for (size_t i = 0; i < s->n; i++)
        column[i * s->n] = (up[i] - down[i]) / width;
}

static int
call_jacobian(double t, const double y[], double *dfdy, double dfdt[], void *arg)
{
    struct ode_system *s = arg;
    double at[ODE_EQUATIONS_MAX], up[ODE_EQUATIONS_MAX] = {0}, down[ODE_EQUATIONS_MAX] = {0};
    memcpy(at, y, s->n * sizeof(*at));
    for (size_t k = 0; k < s->n; k++) {
        const double h = STEP * fmax(fabs(y[k]), 1e-3);
        const double above = y[k] + h, below = y[k] - h;
        at[k] = above;
        const bool is_above = ode_system_rates(s, t, at, up);
        at[k] = below;
        if (!is_above || !ode_system_rates(s, t, at, down))
            return s->evaluations.is_stopped ? GSL_EBADFUNC : GSL_EFAILED;
        differences(s, up, down, above - below, dfdy + k);
        at[k] = y[k];
    }
    const double h = STEP * fmax(fabs(t), 1e-3), later = t + h, earlier = t - h;
    if (!ode_system_rates(s, later, y, up) || !ode_system_rates(s, earlier, y, down))
        memset(dfdt, 0, s->n * sizeof(*dfdt)); /* at the edge of what is defined */
    else
        for (size_t i = 0; i < s->n; i++)
            dfdt[i] = (up[i] - down[i]) / (later - earlier);
    return s->evaluations.is_stopped ? GSL_EBADFUNC : GSL_SUCCESS;
}

bool
ode_system_read(struct ode_system *s, struct expression_cache *cache,
                const struct celeriac_value *equations, const char *time, struct why *why)
{
    struct why reason;
    s->n = celeriac_size(equations);
    s->names.n = s->n + 1;
    s->names.items[s->n] = time;
    for (size_t i = 0; i < s->n; i++) {
        (void)celeriac_entry(equations, i, &s->names.items[i]);
        const char *name = s->names.items[i];
        if (expression_is_name(name) && strcmp(name, time) != 0)
            continue;
        snprintf(why->text, sizeof(why->text), "\"%.64s\": expected a name other than \"%s\"", name,
                 time);
        return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        const char *name;
        const struct celeriac_value *text = celeriac_entry(equations, i, &name);
        if (!formula_read(&s->rates[i], cache, text, &s->names, &reason)) {
            snprintf(why->text, sizeof(why->text), "equation of %.64s: %.160s", name, reason.text);
            return false;
        }
        s->rates[i].evaluations = &s->evaluations;
    }
    s->gsl = (gsl_odeiv2_system){call, call_jacobian, s->n, s};
    return true;
}

bool
ode_system_rates(struct ode_system *s, double t, const double *y, double *rates)
{
    double variables[ODE_EQUATIONS_MAX + 1];
    bool is_finite = true;
    memcpy(variables, y, s->n * sizeof(*y));
    variables[s->n] = t;
    for (size_t i = 0; i < s->n; i++) {
        rates[i] = formula_value(&s->rates[i], variables);
        is_finite = is_finite && isfinite(rates[i]);
    }
    return is_finite;
}

double
ode_system_fastest_decay(struct ode_system *s, double t, const double *y)
{
    double jacobian[ODE_EQUATIONS_MAX * ODE_EQUATIONS_MAX], dfdt[ODE_EQUATIONS_MAX], fastest = 0;
    if (call_jacobian(t, y, jacobian, dfdt, s) != GSL_SUCCESS)
        return 0;
    gsl_matrix_view matrix = gsl_matrix_view_array(jacobian, s->n, s->n);
    gsl_vector_complex *values = gsl_vector_complex_alloc(s->n);
    gsl_eigen_nonsymm_workspace *work = gsl_eigen_nonsymm_alloc(s->n);
    if (values == NULL || work == NULL)
        abort();
    if (gsl_eigen_nonsymm(&matrix.matrix, values, work) == GSL_SUCCESS)
        for (size_t i = 0; i < s->n; i++)
            fastest = fmax(fastest, -GSL_REAL(gsl_vector_complex_get(values, i)));
    gsl_eigen_nonsymm_free(work);
    gsl_vector_complex_free(values);
    return fastest;
}
