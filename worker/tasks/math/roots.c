/* Task roots: all complex roots of a polynomial. polynomial_text.c reads it where it is written
 * out, polynomial_roots.c finds them; here are coefficients, the order of the list and the result.
 */
#include <stdlib.h>
#include <stdio.h>

#include "worker/tasks/math/decimal.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/polynomial_roots.h"
#include "worker/tasks/math/polynomial_text.h"

enum { ARG_POLYNOMIAL, ARG_UNKNOWN };

static const double HALF_ULP = 0x1p-53;

/* Every digit of an integer counts: those of Wilkinson's polynomial do not fit a double. */
static bool
read_coefficient(const struct celeriac_value *value, struct dd *c)
{
    int64_t n;
    double x;
    size_t len;
    if (celeriac_type(value) == CELERIAC_BIGINT) {
        const char *digits = celeriac_bytes(value, &len);
        *c = decimal_read(digits, len);
    } else if (celeriac_get_integer(value, &n)) {
        *c = dd_sum((double)(n >> 32) * 0x1p32, (double)(n & 0xffffffff));
    } else if (celeriac_get_number(value, &x)) {
        *c = dd_from(x);
    } else {
        return false;
    }
    return isfinite(c->hi);
}

static bool
read_coefficients(struct polynomial *p, const struct celeriac_value *array, struct why *why)
{
    const size_t n = celeriac_size(array);
    if (n == 0 || n > POLYNOMIAL_DEGREE_MAX + 1) {
        snprintf(why->text, sizeof(why->text), "%zu coefficients: expected 1..%d", n,
                 POLYNOMIAL_DEGREE_MAX + 1);
        return false;
    }
    p->degree = n - 1;
    for (size_t i = 0; i < n; i++) {
        p->size[n - 1 - i] = 0;
        if (read_coefficient(celeriac_at(array, i), &p->c[n - 1 - i]))
            continue;
        snprintf(why->text, sizeof(why->text), "coefficient %zu: expected a number", i + 1);
        return false;
    }
    polynomial_trim(p);
    return true;
}

static int
compare_parts(double a, double b)
{
    return (a > b) - (a < b);
}

static int
compare(const void *a, const void *b)
{
    const struct polynomial_root *p = a, *q = b;
    const int by_re = compare_parts(p->z.re.hi, q->z.re.hi);
    return by_re != 0 ? by_re : compare_parts(p->z.im.hi, q->z.im.hi);
}

/* Roots of real polynomials come in pairs; their rounding errors need not. */
static void
pair(struct polynomial_root *roots, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t partner = n;
        double nearest = INFINITY;
        for (size_t k = 0; k < n && roots[i].z.im.hi > 0; k++) {
            const double gap =
                hypot(roots[k].z.re.hi - roots[i].z.re.hi, roots[k].z.im.hi + roots[i].z.im.hi);
            if (roots[k].z.im.hi < 0 && gap < nearest) {
                nearest = gap;
                partner = k;
            }
        }
        if (partner == n || nearest > 2 * (roots[i].error + roots[partner].error))
            continue;
        roots[partner] = roots[i];
        roots[partner].z.im = dd_negative(roots[i].z.im);
    }
}

/* |p(z)| of the printed root, relative to the sizes of its terms. */
static double
residual(const struct polynomial *p, struct cdd z)
{
    const bool is_large = cdd_size(z) > 1;
    const struct cdd u = is_large ? cdd_inverse(z) : z;
    struct cdd value = {{0, 0}, {0, 0}};
    double size = 0;
    for (size_t i = p->degree + 1; i-- > 0;) {
        const struct dd c = p->c[is_large ? p->degree - i : i];
        value = cdd_multiply(value, u);
        value.re = dd_add(value.re, c);
        size = size * cdd_size(u) + dd_size(c);
    }
    return size > 0 ? cdd_size(value) / size : 0;
}

static struct celeriac_value *
root_value(struct celeriac_arena *arena, const struct polynomial_root *root)
{
    struct celeriac_value *object = celeriac_object(arena);
    const double error = root->error + HALF_ULP * cdd_size(root->z);
    celeriac_set(object, "re", celeriac_number(arena, root->z.re.hi + 0.0));
    celeriac_set(object, "im", celeriac_number(arena, root->z.im.hi + 0.0));
    celeriac_set(object, "error", celeriac_number(arena, error));
    celeriac_set(object, "sensitivity", celeriac_number(arena, root->sensitivity));
    if (root->multiplicity > 1)
        celeriac_set(object, "multiplicity", celeriac_integer(arena, (int64_t)root->multiplicity));
    return object;
}

static enum celeriac_outcome
return_roots(struct celeriac_context *ctx, const struct polynomial *p,
             struct polynomial_root *roots)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena), *list = celeriac_array(arena);
    double most = 0;
    pair(roots, p->degree);
    qsort(roots, p->degree, sizeof(*roots), compare);
    for (size_t i = 0; i < p->degree; i++) {
        const struct cdd shown = {dd_from(roots[i].z.re.hi), dd_from(roots[i].z.im.hi)};
        most = fmax(most, residual(p, shown));
        celeriac_append(list, root_value(arena, &roots[i]));
    }
    celeriac_set(result, "roots", list);
    celeriac_set(result, "degree", celeriac_integer(arena, (int64_t)p->degree));
    celeriac_set(result, "residual", celeriac_number(arena, most));
    return celeriac_return(ctx, result);
}

static enum celeriac_outcome
find_roots(struct celeriac_context *ctx, const struct polynomial *p)
{
    struct polynomial_root roots[POLYNOMIAL_DEGREE_MAX];
    struct polynomial work = *p;
    struct evaluations evaluations = {.ctx = ctx};
    if (p->degree == 0)
        return p->c[0].hi == 0
                   ? celeriac_reject(ctx, "infinitely_many", "every number is a root of 0")
                   : celeriac_reject(ctx, "invalid_arguments",
                                     "roots: a constant that is not 0 has no roots");
    switch (polynomial_roots(&work, &evaluations, roots)) {
    case ROOTS_FOUND:
        return return_roots(ctx, p, roots);
    case ROOTS_STOPPED:
        return celeriac_stop(ctx);
    case ROOTS_TOO_WIDE:
        return celeriac_reject(ctx, "out_of_range",
                               "the coefficients lie more than a factor 1e270 apart");
    case ROOTS_NOT_FOUND:
        break;
    }
    return celeriac_reject(ctx, "no_convergence", "the roots did not settle in 500 rounds");
}

enum celeriac_outcome
roots_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    const struct celeriac_value *given = celeriac_arg(ctx, ARG_POLYNOMIAL);
    const char *unknown = celeriac_arg_string(ctx, ARG_UNKNOWN, NULL);
    struct polynomial p;
    struct why why;
    struct text text;
    if (celeriac_type(given) == CELERIAC_ARRAY) {
        if (!read_coefficients(&p, given, &why))
            return celeriac_reject(ctx, "invalid_arguments", "roots: %s", why.text);
        return find_roots(ctx, &p);
    }
    if (celeriac_type(given) != CELERIAC_STRING)
        return celeriac_reject(ctx, "invalid_arguments",
                               "roots: polynomial: expected a string, or an array of coefficients");
    if (!expression_is_name(unknown))
        return celeriac_reject(
            ctx, "invalid_arguments",
            "roots: unknown = \"%s\": expected a name of letters, digits and '_'", unknown);
    text.bytes = celeriac_bytes(given, &text.len);
    if (!polynomial_read(&p, state->cache, text, unknown, &why))
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    return find_roots(ctx, &p);
}
