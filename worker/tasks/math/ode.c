/* Task ode: initial values of ordinary differential equations, by GSL's odeiv2.
 *
 * rk8pd (Prince and Dormand, order 8) for what is not stiff; msbdf (backward differentiation of
 * variable order) or bsimp (Bader and Deuflhard's extrapolation) for what is. "auto" begins with
 * rk8pd and looks at the Jacobian after every few steps: when the step times the fastest decay rate
 * stays at the edge of stability, the step is held down by stability and not by accuracy, and bsimp
 * goes on from there.
 *
 * The error control is local: each step keeps within `tolerance` of |y|, the whole may drift. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/math.h"
#include "worker/tasks/math/named_numbers.h"
#include "worker/tasks/math/ode_system.h"
#include "worker/tasks/math/vector.h"

enum {
    ARG_EQUATIONS,
    ARG_START,
    ARG_FROM,
    ARG_TO,
    ARG_POINTS,
    ARG_TIME,
    ARG_METHOD,
    ARG_TOLERANCE,
    ARG_MAX_STEPS
};
enum { STEPS_BETWEEN_LOOKS = 10, LOOKS_THAT_DECIDE = 4, POINT_VALUES_MAX = 1000000 };

static const double EDGE_OF_STABILITY = 2.5; /* of rk8pd: the real axis up to about -5 */
static const double ABSOLUTE = 1e-3;         /* of the tolerance, for values around 0 */

static const struct method {
    const char *name;
    const gsl_odeiv2_step_type *const *type;
} methods[] = {
    {"rk8pd", &gsl_odeiv2_step_rk8pd},
    {"rkf45", &gsl_odeiv2_step_rkf45},
    {"msbdf", &gsl_odeiv2_step_msbdf},
    {"bsimp", &gsl_odeiv2_step_bsimp},
};
enum { METHOD_RK8PD = 0, METHOD_STIFF = 3, METHODS = sizeof(methods) / sizeof(methods[0]) };

struct run {
    struct ode_system system;
    double y[EXPRESSION_VARIABLES_MAX];
    double t, from, to;
    size_t points;
    double *times, *values; /* values[i * points + k]: unknown i at times[k] */
    double tolerance, step;
    size_t method;
    bool is_auto;
    int looks; /* in a row that found it stiff */
    int64_t steps, steps_max;
    gsl_odeiv2_driver *driver;
};

static enum celeriac_outcome read_arguments(struct celeriac_context *ctx, struct run *run);

static void
use_method(struct run *run, size_t method)
{
    if (run->driver != NULL)
        gsl_odeiv2_driver_free(run->driver);
    run->method = method;
    run->driver = gsl_odeiv2_driver_alloc_y_new(&run->system.gsl, *methods[method].type, run->step,
                                                run->tolerance * ABSOLUTE, run->tolerance);
    if (run->driver == NULL)
        abort();
}

/* Is it stability that keeps the steps small? */
static bool
is_stiff(struct run *run)
{
    if (run->steps % STEPS_BETWEEN_LOOKS != 0)
        return false;
    const double decay = ode_system_fastest_decay(&run->system, run->t, run->y);
    run->looks = fabs(run->step) * decay > EDGE_OF_STABILITY ? run->looks + 1 : 0;
    return run->looks == LOOKS_THAT_DECIDE;
}

static bool
are_finite(const double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]))
            return false;
    return true;
}

/* One step towards `until`. False: no step is small enough. */
static bool
advance(struct run *run, double until)
{
    double step = run->step;
    const double before = run->t;
    const int status = gsl_odeiv2_evolve_apply(run->driver->e, run->driver->c, run->driver->s,
                                               &run->system.gsl, &run->t, until, &step, run->y);
    run->steps++;
    if (status != GSL_SUCCESS || run->t == before || !are_finite(run->y, run->system.n))
        return false;
    if (run->t != until || fabs(step) > fabs(run->step)) /* the last one is cut short by `until` */
        run->step = step;
    return true;
}

/* False: it ended before `until`. */
static bool
proceed(struct run *run, double until)
{
    while (run->t != until) {
        if (run->system.evaluations.is_stopped || run->steps == run->steps_max ||
            !advance(run, until))
            return false;
        if (run->is_auto && run->method == METHOD_RK8PD && is_stiff(run))
            use_method(run, METHOD_STIFF);
        if (run->steps % 64 == 0)
            celeriac_progress(run->system.evaluations.ctx,
                              (run->t - run->from) / (run->to - run->from));
    }
    return true;
}

static void
record(struct run *run, size_t k)
{
    run->times[k] = run->t;
    for (size_t i = 0; i < run->system.n; i++)
        run->values[i * run->points + k] = run->y[i];
}

static enum celeriac_outcome
return_solution(struct celeriac_context *ctx, const struct run *run)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena), *y = celeriac_object(arena);
    for (size_t i = 0; i < run->system.n; i++)
        celeriac_set(y, run->system.names.items[i],
                     vector_value(arena, run->values + i * run->points, run->points));
    celeriac_set(result, "t", vector_value(arena, run->times, run->points));
    celeriac_set(result, "y", y);
    celeriac_set(result, "steps", celeriac_integer(arena, run->steps));
    celeriac_set(result, "evaluations", celeriac_integer(arena, run->system.evaluations.count));
    celeriac_set(result, "method", celeriac_text(arena, methods[run->method].name));
    return celeriac_return(ctx, result);
}

static enum celeriac_outcome
fail(struct celeriac_context *ctx, const struct run *run)
{
    if (run->system.evaluations.is_stopped)
        return celeriac_stop(ctx);
    if (run->steps == run->steps_max)
        return celeriac_reject(ctx, "no_convergence",
                               "%lld steps end at %s = %.6g: a larger max_steps or tolerance helps",
                               (long long)run->steps, run->system.names.items[run->system.n],
                               run->t);
    return celeriac_reject(ctx, "no_convergence",
                           "no step is small enough at %s = %.9g: the solution ends there, or the "
                           "equations are not defined beyond",
                           run->system.names.items[run->system.n], run->t);
}

static enum celeriac_outcome
integrate(struct celeriac_context *ctx, struct run *run)
{
    double rates[ODE_EQUATIONS_MAX];
    if (!ode_system_rates(&run->system, run->from, run->y, rates))
        return celeriac_reject(ctx, "not_finite", "a derivative has no finite value at the start");
    use_method(run, run->method);
    record(run, 0);
    for (size_t k = 1; k < run->points; k++) {
        const double share = (double)k / (double)(run->points - 1);
        const double until =
            k + 1 == run->points ? run->to : run->from + share * (run->to - run->from);
        if (!proceed(run, until))
            return fail(ctx, run);
        record(run, k);
    }
    return return_solution(ctx, run);
}

static void
run_free(struct run *run)
{
    if (run->driver != NULL)
        gsl_odeiv2_driver_free(run->driver);
    free(run->times);
    free(run->values);
}

enum celeriac_outcome
ode_run(struct celeriac_context *ctx)
{
    struct run run = {.system.evaluations.ctx = ctx};
    enum celeriac_outcome outcome = read_arguments(ctx, &run);
    if (outcome == CELERIAC_SUCCESS) {
        run.times = vector_new(run.points);
        run.values = vector_new(run.points * run.system.n);
        outcome = integrate(ctx, &run);
    }
    run_free(&run);
    return outcome;
}

/* ---- arguments ---- */

/* The values in the order of the equations. */
static bool
read_start(struct run *run, const struct celeriac_value *start, struct why *why)
{
    if (celeriac_size(start) != run->system.n) {
        snprintf(why->text, sizeof(why->text), "%zu values for %zu equations: expected as many",
                 celeriac_size(start), run->system.n);
        return false;
    }
    for (size_t i = 0; i < run->system.n; i++) {
        const char *name = run->system.names.items[i];
        if (celeriac_get_number(celeriac_get(start, name), &run->y[i]) && isfinite(run->y[i]))
            continue;
        snprintf(why->text, sizeof(why->text), "expected a number for \"%.64s\"", name);
        return false;
    }
    return true;
}

static bool
read_method(struct run *run, const char *name)
{
    run->is_auto = strcmp(name, "auto") == 0;
    run->method = METHOD_RK8PD;
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(name, methods[i].name) == 0) {
            run->method = i;
            return true;
        }
    return run->is_auto;
}

static enum celeriac_outcome
read_range(struct celeriac_context *ctx, struct run *run)
{
    run->t = run->from = celeriac_arg_number(ctx, ARG_FROM);
    run->to = celeriac_arg_number(ctx, ARG_TO);
    run->points = (size_t)celeriac_arg_integer(ctx, ARG_POINTS);
    run->tolerance = celeriac_arg_number(ctx, ARG_TOLERANCE);
    run->steps_max = celeriac_arg_integer(ctx, ARG_MAX_STEPS);
    run->step = (run->to - run->from) * 1e-6;
    if (run->step == 0 || !isfinite(run->step))
        return celeriac_reject(ctx, "invalid_arguments",
                               "ode: from = %g, to = %g: expected different ones, at most 1.8e308 "
                               "apart",
                               run->from, run->to);
    if (run->points * run->system.n > POINT_VALUES_MAX)
        return celeriac_reject(ctx, "invalid_arguments",
                               "ode: %zu points of %zu unknowns: expected at most %d values",
                               run->points, run->system.n, POINT_VALUES_MAX);
    return CELERIAC_SUCCESS;
}

static enum celeriac_outcome
read_arguments(struct celeriac_context *ctx, struct run *run)
{
    struct math_state *state = celeriac_thread_state(ctx);
    const struct celeriac_value *equations = celeriac_arg(ctx, ARG_EQUATIONS);
    const char *time = celeriac_arg_string(ctx, ARG_TIME, NULL);
    struct why why;
    if (celeriac_size(equations) == 0 || celeriac_size(equations) > ODE_EQUATIONS_MAX)
        return celeriac_reject(ctx, "invalid_arguments", "ode: %zu equations: expected 1..%d",
                               celeriac_size(equations), ODE_EQUATIONS_MAX);
    if (!expression_is_name(time))
        return celeriac_reject(ctx, "invalid_arguments",
                               "ode: time: expected a name of letters, digits and '_'");
    if (!read_method(run, celeriac_arg_string(ctx, ARG_METHOD, NULL)))
        return celeriac_reject(ctx, "invalid_arguments",
                               "ode: method: expected auto, rk8pd, rkf45, msbdf or bsimp");
    if (!ode_system_read(&run->system, state->cache, equations, time, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    if (!read_start(run, celeriac_arg(ctx, ARG_START), &why))
        return celeriac_reject(ctx, "invalid_arguments", "ode: start: %s", why.text);
    return read_range(ctx, run);
}
