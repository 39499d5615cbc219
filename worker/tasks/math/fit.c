/* Task fit: nonlinear least squares by the trust region method of Levenberg and Marquardt with
 * geodesic acceleration off (GSL, multifit_nlinear), Jacobian from central differences.
 *
 * Standard errors are those of the linearized problem at the solution, with the variance of the
 * data estimated from the residuals (as in NIST's Statistical Reference Datasets); with `sigma` it
 * is taken as given. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/formula.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/named_numbers.h"
#include "worker/tasks/math/vector.h"

enum { ARG_EXPRESSION, ARG_DATA, ARG_GUESS, ARG_TARGET, ARG_SIGMA };
enum { PARAMETERS_MAX = 16, COLUMNS_MAX = 16, POINTS_MAX = 50000, ITERATIONS_MAX = 500 };

static const double DIFFERENCE = 6e-6; /* relative: the cube root of the rounding error */

static const double DEPENDENT = 1e-8; /* of the Jacobian's columns */

struct fit {
    struct evaluations evaluations;
    struct formula formula;     /* of the parameters, then the columns */
    struct named_numbers guess; /* the parameters */
    struct names names;         /* both */
    size_t n, columns, points;
    double *data;             /* data[column * points + i] */
    double *target, *weights; /* weights: 1/sigma^2 */
    bool has_sigma;
    int iterations;
};

static bool read_arguments(struct celeriac_context *ctx, struct fit *fit, struct why *why);

/* expression - target at each point. */
static int
call(const gsl_vector *parameters, void *arg, gsl_vector *out)
{
    struct fit *fit = arg;
    double variables[PARAMETERS_MAX + COLUMNS_MAX];
    for (size_t i = 0; i < fit->n; i++)
        variables[i] = gsl_vector_get(parameters, i);
    for (size_t k = 0; k < fit->points; k++) {
        for (size_t c = 0; c < fit->columns; c++)
            variables[fit->n + c] = fit->data[c * fit->points + k];
        const double f = formula_value(&fit->formula, variables);
        if (!isfinite(f))
            return fit->evaluations.is_stopped ? GSL_EBADFUNC : GSL_EDOM;
        gsl_vector_set(out, k, f - fit->target[k]);
    }
    return GSL_SUCCESS;
}

struct outcome {
    double at[PARAMETERS_MAX], errors[PARAMETERS_MAX];
    double sum; /* of weighted squares */
    bool is_settled, is_determined;
    int status;
};

/* The columns of the Jacobian are brought to one length first, so that parameters of different
 * sizes are judged alike. */
static void
set_errors(const struct fit *fit, gsl_multifit_nlinear_workspace *work, struct outcome *out)
{
    double lengths[PARAMETERS_MAX];
    const size_t freedom = fit->points - fit->n;
    const double variance = fit->has_sigma ? 1 : freedom > 0 ? out->sum / (double)freedom : NAN;
    gsl_matrix *jacobian = gsl_multifit_nlinear_jac(work);
    gsl_matrix *covariance = gsl_matrix_alloc(fit->n, fit->n);
    if (covariance == NULL)
        abort();
    for (size_t i = 0; i < fit->n; i++) {
        gsl_vector_view column = gsl_matrix_column(jacobian, i);
        lengths[i] = gsl_blas_dnrm2(&column.vector);
        if (lengths[i] > 0)
            gsl_vector_scale(&column.vector, 1 / lengths[i]);
    }
    gsl_multifit_nlinear_covar(jacobian, DEPENDENT, covariance);
    for (size_t i = 0; i < fit->n; i++) { /* 0: this parameter is not determined by the data */
        const double c = gsl_matrix_get(covariance, i, i);
        out->errors[i] = c > 0 && lengths[i] > 0 ? sqrt(variance * c) / lengths[i] : NAN;
        out->is_determined = out->is_determined && c > 0 && lengths[i] > 0;
    }
    for (size_t i = 0; i < fit->n && !out->is_determined; i++) /* each depends on the others */
        out->errors[i] = NAN;
    gsl_matrix_free(covariance);
}

static void
iterate(struct fit *fit, gsl_multifit_nlinear_workspace *work, struct outcome *out)
{
    int why_settled = 0;
    for (fit->iterations = 0; fit->iterations < ITERATIONS_MAX; fit->iterations++) {
        celeriac_progress(fit->evaluations.ctx, (double)fit->iterations / ITERATIONS_MAX);
        out->status = gsl_multifit_nlinear_iterate(work);
        if (out->status == GSL_ENOPROG) { /* no step is better: as good as it gets, or lost */
            out->is_settled = true;
            break;
        }
        if (out->status != GSL_SUCCESS || fit->evaluations.is_stopped)
            break;
        out->is_settled =
            gsl_multifit_nlinear_test(1e-12, 1e-14, 0, &why_settled, work) == GSL_SUCCESS;
        if (out->is_settled)
            break;
    }
}

static void
solve(struct fit *fit, struct outcome *out)
{
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.fdtype = GSL_MULTIFIT_NLINEAR_CTRDIFF;
    how.h_df = DIFFERENCE;
    how.solver = gsl_multifit_nlinear_solver_qr;
    gsl_multifit_nlinear_fdf problem = {.f = call, .n = fit->points, .p = fit->n, .params = fit};
    gsl_multifit_nlinear_workspace *work =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, fit->points, fit->n);
    if (work == NULL)
        abort();
    const gsl_vector_view start = gsl_vector_view_array(fit->guess.values, fit->n),
                          weights = gsl_vector_view_array(fit->weights, fit->points);
    out->status = gsl_multifit_nlinear_winit(&start.vector, &weights.vector, &problem, work);
    if (out->status == GSL_SUCCESS)
        iterate(fit, work, out);
    const gsl_vector *residual = gsl_multifit_nlinear_residual(work),
                     *at = gsl_multifit_nlinear_position(work);
    gsl_blas_ddot(residual, residual, &out->sum);
    for (size_t i = 0; i < fit->n; i++)
        out->at[i] = gsl_vector_get(at, i);
    if (out->is_settled)
        set_errors(fit, work, out);
    gsl_multifit_nlinear_free(work);
}

static enum celeriac_outcome
return_fit(struct celeriac_context *ctx, const struct fit *fit, const struct outcome *out)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    const struct names *names = &fit->guess.names;
    const size_t freedom = fit->points - fit->n;
    const double deviation = freedom > 0 ? sqrt(out->sum / (double)freedom) : NAN;
    celeriac_set(result, "parameters", named_numbers_value(arena, names, out->at));
    celeriac_set(result, "errors", named_numbers_value(arena, names, out->errors));
    celeriac_set(result, "residual", celeriac_number(arena, out->sum));
    celeriac_set(result, "deviation", celeriac_number(arena, deviation));
    celeriac_set(result, "freedom", celeriac_integer(arena, (int64_t)freedom));
    celeriac_set(result, "iterations", celeriac_integer(arena, fit->iterations));
    celeriac_set(result, "evaluations", celeriac_integer(arena, fit->evaluations.count));
    if (!out->is_determined)
        celeriac_set(result, "caveat",
                     celeriac_text(arena, "the data do not determine all of the parameters"));
    return celeriac_return(ctx, result);
}

static enum celeriac_outcome
finish(struct celeriac_context *ctx, struct fit *fit)
{
    struct outcome out = {.status = GSL_SUCCESS, .is_determined = true};
    solve(fit, &out);
    if (fit->evaluations.is_stopped)
        return celeriac_stop(ctx);
    if (out.status == GSL_EDOM && fit->iterations == 0)
        return celeriac_reject(ctx, "not_finite",
                               "the expression has no finite value at the guess, at some point");
    if (!out.is_settled || !isfinite(out.sum))
        return celeriac_reject(ctx, "no_convergence",
                               "the parameters did not settle in %d iterations: try another guess",
                               fit->iterations);
    return return_fit(ctx, fit, &out);
}

enum celeriac_outcome
fit_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct fit fit = {.evaluations.ctx = ctx};
    struct why why;
    enum celeriac_outcome outcome;
    if (!read_arguments(ctx, &fit, &why)) {
        outcome = celeriac_reject(ctx, "invalid_arguments", "fit: %s", why.text);
    } else if (!formula_read(&fit.formula, state->cache, celeriac_arg(ctx, ARG_EXPRESSION),
                             &fit.names, &why)) {
        outcome = celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    } else {
        fit.formula.evaluations = &fit.evaluations;
        outcome = finish(ctx, &fit);
    }
    free(fit.data);
    free(fit.target);
    free(fit.weights);
    return outcome;
}

/* ---- arguments ---- */

static bool
refuse(struct why *why, const char *what, const struct why *reason)
{
    snprintf(why->text, sizeof(why->text), "%.64s: %.180s", what, reason->text);
    return false;
}

/* All columns but the target. */
static bool
read_columns(struct fit *fit, const struct celeriac_value *data, const char *target,
             struct why *why)
{
    struct why reason;
    for (size_t i = 0; i < celeriac_size(data); i++) {
        const char *name;
        const struct celeriac_value *column = celeriac_entry(data, i, &name);
        const bool is_target = strcmp(name, target) == 0;
        double *to = is_target ? fit->target : fit->data + fit->columns * fit->points;
        if (!vector_read(to, fit->points, column, &reason))
            return refuse(why, name, &reason);
        if (is_target)
            continue;
        if (!expression_is_name(name) || celeriac_get(data, name) != column)
            return refuse(why, name, &(struct why){"expected a name of letters, digits and '_'"});
        for (size_t k = 0; k < fit->n; k++)
            if (strcmp(fit->guess.names.items[k], name) == 0)
                return refuse(why, name, &(struct why){"both a parameter and a column of data"});
        fit->names.items[fit->names.n++] = name;
        fit->columns++;
    }
    return true;
}

static bool
read_weights(struct fit *fit, const struct celeriac_value *sigma, struct why *why)
{
    struct why reason;
    fit->has_sigma = sigma != NULL;
    for (size_t i = 0; i < fit->points; i++)
        fit->weights[i] = 1;
    if (!fit->has_sigma)
        return true;
    if (!vector_read(fit->weights, fit->points, sigma, &reason))
        return refuse(why, "sigma", &reason);
    for (size_t i = 0; i < fit->points; i++) {
        const double weight = 1 / (fit->weights[i] * fit->weights[i]);
        if (!(fit->weights[i] > 0) || !isfinite(weight) || weight == 0)
            return refuse(why, "sigma", &(struct why){"expected numbers above 0"});
        fit->weights[i] = weight;
    }
    return true;
}

static bool
read_arguments(struct celeriac_context *ctx, struct fit *fit, struct why *why)
{
    const struct celeriac_value *data = celeriac_arg(ctx, ARG_DATA);
    const char *target = celeriac_arg_string(ctx, ARG_TARGET, NULL);
    struct why reason;
    if (!named_numbers_read(&fit->guess, celeriac_arg(ctx, ARG_GUESS), PARAMETERS_MAX, &reason))
        return refuse(why, "guess", &reason);
    fit->n = fit->guess.names.n;
    fit->names = fit->guess.names;
    fit->points = celeriac_size(celeriac_get(data, target));
    if (celeriac_size(data) > COLUMNS_MAX ||
        celeriac_type(celeriac_get(data, target)) != CELERIAC_ARRAY)
        snprintf(why->text, sizeof(why->text),
                 "data: expected at most %d arrays by name, one of them \"%.64s\"", COLUMNS_MAX,
                 target);
    else if (fit->n == 0 || fit->points < fit->n || fit->points > POINTS_MAX)
        snprintf(why->text, sizeof(why->text),
                 "%zu points for %zu parameters: expected at least as many, 1..%d", fit->points,
                 fit->n, POINTS_MAX);
    else {
        fit->data = vector_new(fit->points * COLUMNS_MAX);
        fit->target = vector_new(fit->points);
        fit->weights = vector_new(fit->points);
        return read_columns(fit, data, target, why) &&
               read_weights(fit, celeriac_arg(ctx, ARG_SIGMA), why);
    }
    return false;
}
