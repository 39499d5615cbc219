/* The right-hand sides of a system of ordinary differential equations, as GSL wants them. */
#ifndef TASKS_MATH_ODE_SYSTEM_H
#define TASKS_MATH_ODE_SYSTEM_H

#include <gsl/gsl_odeiv2.h>

#include "worker/tasks/math/formula.h"

enum { ODE_EQUATIONS_MAX = 32 };

struct ode_system {
    struct evaluations evaluations;
    struct names names; /* of the unknowns, then of the time */
    struct formula rates[ODE_EQUATIONS_MAX];
    size_t n;
    gsl_odeiv2_system gsl; /* points back here: do not copy */
};

/* From {"x": "v", "v": "-x"}; the names are borrowed. False: `why`. */
bool ode_system_read(struct ode_system *s, struct expression_cache *cache,
                     const struct celeriac_value *equations, const char *time, struct why *why);
/* False: a derivative is not finite, or the job is to stop. */
bool ode_system_rates(struct ode_system *s, double t, const double *y, double *rates);
/* The largest -Re of the eigenvalues of the Jacobian: 1/s that the fastest decaying part takes. */
double ode_system_fastest_decay(struct ode_system *s, double t, const double *y);

#endif
