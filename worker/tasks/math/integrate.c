/* Task integrate: QUADPACK's adaptive Gauss-Kronrod rules with extrapolation, in GSL: QAGS
 * from one bound or singular point to the next, QAGIU and QAGIL for what goes to infinity.
 *
 * Where the integrand turns out to have no finite value the integral is begun anew with that place
 * as a singular point, a few times: so ln(abs(x)) from -1 to 1 needs no help. Ends of pieces are
 * never evaluated. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/formula.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/vector.h"

enum { ARG_EXPRESSION, ARG_FROM, ARG_TO, ARG_VARIABLE, ARG_POINTS, ARG_TOLERANCE };
enum { POINTS_MAX = 32, FOUND_MAX = 8, INTERVALS_MAX = 5000, RULE_MAX = 21 };

static const double TINY = 1e-300;      /* an integral of 0 is accepted when its error is that */
static const double GOOD_ENOUGH = 1e-6; /* relative: less than that is no result */

struct integral {
    struct formula formula;
    double from, to; /* from < to */
    double tolerance;
    double points[POINTS_MAX + FOUND_MAX + 2]; /* ascending, inside */
    size_t n;
    bool has_hole; /* no finite value at `hole` */
    double hole;
    double value, error;
    int status; /* GSL's, of the worst piece */
};

static double
call(double x, void *arg)
{
    struct integral *in = arg;
    if (in->has_hole)
        return 0;
    const double f = formula_at(&in->formula, x);
    if (isfinite(f))
        return f;
    in->has_hole = true;
    in->hole = x;
    return 0;
}

static void
add(struct integral *in, int status, double value, double error)
{
    in->value += value;
    in->error += error;
    if (status != GSL_SUCCESS)
        in->status = status;
}

/* From `from` to `to`, from point to point: each piece on its own, so that two poles of opposite
 * signs do not cancel. */
static void
finite_pieces(struct integral *in, gsl_integration_workspace *work, double from, double to)
{
    gsl_function f = {call, in};
    double begin = from;
    for (size_t i = 0; i <= in->n; i++) {
        const double end = i < in->n ? fmin(fmax(in->points[i], from), to) : to;
        double value = 0, error = 0;
        if (end <= begin)
            continue;
        const int status = gsl_integration_qags(&f, begin, end, TINY, in->tolerance, INTERVALS_MAX,
                                                work, &value, &error);
        add(in, status, value, error);
        begin = end;
    }
}

/* Without points an infinite range is cut at its end, or at 0. */
static void
all_pieces(struct integral *in, gsl_integration_workspace *work)
{
    gsl_function f = {call, in};
    double value = 0, error = 0, low = in->from, high = in->to;
    in->value = in->error = 0;
    in->status = GSL_SUCCESS;
    in->has_hole = false;
    if (isinf(low))
        low = in->n > 0 ? in->points[0] : isinf(high) ? 0 : high;
    if (isinf(high))
        high = in->n > 0 ? in->points[in->n - 1] : low;
    if (isinf(in->from)) {
        const int status = gsl_integration_qagil(&f, low, TINY, in->tolerance, INTERVALS_MAX, work,
                                                 &value, &error);
        add(in, status, value, error);
    }
    if (low < high)
        finite_pieces(in, work, low, high);
    if (isinf(in->to)) {
        const int status = gsl_integration_qagiu(&f, high, TINY, in->tolerance, INTERVALS_MAX, work,
                                                 &value, &error);
        add(in, status, value, error);
    }
}

static int
compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ascending, each once, none at the ends. */
static void
sort_points(struct integral *in)
{
    size_t n = 0;
    qsort(in->points, in->n, sizeof(in->points[0]), compare);
    for (size_t i = 0; i < in->n; i++)
        if (in->points[i] > in->from && in->points[i] < in->to &&
            (n == 0 || in->points[i] > in->points[n - 1]))
            in->points[n++] = in->points[i];
    in->n = n;
}

/* False: there are values that are not finite, at in->hole. */
static bool
integrate(struct integral *in)
{
    gsl_integration_workspace *work = gsl_integration_workspace_alloc(INTERVALS_MAX);
    if (work == NULL)
        abort();
    for (int i = 0; i <= FOUND_MAX; i++) {
        const size_t before = in->n;
        all_pieces(in, work);
        if (!in->has_hole || in->formula.evaluations->is_stopped)
            break;
        in->points[in->n++] = in->hole;
        sort_points(in);
        if (in->n == before) /* it is one of them already */
            break;
    }
    gsl_integration_workspace_free(work);
    return !in->has_hole;
}

static const char *
reason(int status)
{
    switch (status) {
    case GSL_EMAXITER:
        return "too many pieces";
    case GSL_EROUND:
        return "rounding errors";
    case GSL_ESING:
        return "a singularity that cannot be integrated, or a divergent integral";
    case GSL_EDIVERGE:
        return "a divergent or slowly convergent integral";
    default:
        return "no convergence";
    }
}

/* Extrapolation gives some value, with a small error, to divergent integrals too: then the status
 * is all that tells. */
static bool
is_good(const struct integral *in)
{
    if (!isfinite(in->value) || !isfinite(in->error))
        return false;
    if (in->status == GSL_EROUND || in->status == GSL_EMAXITER)
        return in->error <= GOOD_ENOUGH * fmax(fabs(in->value), GOOD_ENOUGH);
    return in->status == GSL_SUCCESS;
}

static enum celeriac_outcome
finish(struct celeriac_context *ctx, const struct integral *in, double sign)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    if (!is_good(in))
        return celeriac_reject(ctx, "no_convergence",
                               "%s: %.6g with an error of %.2g after %lld evaluations",
                               reason(in->status), sign * in->value, in->error,
                               (long long)in->formula.evaluations->count);
    celeriac_set(result, "value", celeriac_number(arena, sign * in->value));
    celeriac_set(result, "error", celeriac_number(arena, in->error));
    celeriac_set(result, "evaluations", celeriac_integer(arena, in->formula.evaluations->count));
    if (in->status != GSL_SUCCESS)
        celeriac_set(result, "caveat", celeriac_text(arena, reason(in->status)));
    return celeriac_return(ctx, result);
}

/* A number, or "inf", "-inf". */
static bool
read_bound(double *bound, const struct celeriac_value *value)
{
    static const struct {
        const char *text;
        double bound;
    } words[] = {{"inf", INFINITY}, {"+inf", INFINITY}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (celeriac_type(value) == CELERIAC_STRING &&
            strcmp(celeriac_bytes(value, NULL), words[i].text) == 0) {
            *bound = words[i].bound;
            return true;
        }
    return celeriac_get_number(value, bound) && isfinite(*bound);
}

static bool
read_arguments(struct celeriac_context *ctx, struct integral *in, struct why *why)
{
    const struct celeriac_value *points = celeriac_arg(ctx, ARG_POINTS);
    struct why reason_why;
    if (!read_bound(&in->from, celeriac_arg(ctx, ARG_FROM)) ||
        !read_bound(&in->to, celeriac_arg(ctx, ARG_TO))) {
        snprintf(why->text, sizeof(why->text), "from, to: expected numbers, \"inf\" or \"-inf\"");
        return false;
    }
    in->n = celeriac_size(points);
    if (in->n > 0 && !vector_read(in->points, in->n, points, &reason_why)) {
        snprintf(why->text, sizeof(why->text), "points: %.200s", reason_why.text);
        return false;
    }
    in->tolerance = celeriac_arg_number(ctx, ARG_TOLERANCE);
    if (!expression_is_name(celeriac_arg_string(ctx, ARG_VARIABLE, NULL))) {
        snprintf(why->text, sizeof(why->text),
                 "variable: expected a name of letters, digits and '_'");
        return false;
    }
    return true;
}

static enum celeriac_outcome
run(struct celeriac_context *ctx, struct integral *in)
{
    const double sign = in->from > in->to ? -1 : 1;
    if (in->from == in->to && isfinite(in->from))
        return finish(ctx, in, 1);
    if (in->from == in->to)
        return celeriac_reject(ctx, "invalid_arguments",
                               "integrate: from and to are the same infinity");
    if (isfinite(in->from) && isfinite(in->to) && !isfinite(in->to - in->from))
        return celeriac_reject(ctx, "invalid_arguments",
                               "integrate: from and to: expected at most 1.8e308 apart");
    if (sign < 0) {
        const double swap = in->from;
        in->from = in->to;
        in->to = swap;
    }
    sort_points(in);
    const bool is_defined = integrate(in);
    if (in->formula.evaluations->is_stopped)
        return celeriac_stop(ctx);
    if (!is_defined)
        return celeriac_reject(ctx, "not_finite",
                               "the expression has no finite value at %.17g, and in other places",
                               in->hole);
    return finish(ctx, in, sign);
}

enum celeriac_outcome
integrate_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct evaluations evaluations = {.ctx = ctx, .expected = RULE_MAX * 2 * INTERVALS_MAX};
    struct integral in = {.status = GSL_SUCCESS};
    struct why why;
    if (!read_arguments(ctx, &in, &why))
        return celeriac_reject(ctx, "invalid_arguments", "integrate: %s", why.text);
    const struct names names = {{celeriac_arg_string(ctx, ARG_VARIABLE, NULL)}, 1};
    if (!formula_read(&in.formula, state->cache, celeriac_arg(ctx, ARG_EXPRESSION), &names, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    in.formula.evaluations = &evaluations;
    return run(ctx, &in);
}
