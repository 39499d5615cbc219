/* Task linear: A x = b by LU with partial pivoting (GSL), improved by refinement with residuals of
 * 106 bits (Higham, "Accuracy and Stability of Numerical Algorithms", chapter 12).
 *
 * The condition number is that of the 1-norm, with the norm of the inverse estimated from a few
 * solves (gsl_linalg_invnorm1: Higham 1988; seldom more than a factor 3 too small). Where it
 * reaches 1/epsilon no digit of x would be right, and the matrix is refused as singular.
 *
 * At n = 200 the factorization, which nothing interrupts, takes some milliseconds. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_permute_vector.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/tasks/math/double_double.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/vector.h"

enum { ARG_MATRIX, ARG_RIGHT, REFINEMENTS_MAX = 5 };

static const double EPSILON = 0x1p-52;

struct linear {
    size_t n;
    gsl_matrix *a, *lu;
    gsl_permutation *permutation;
    gsl_vector *b, *x, *correction, *residual;
};

static void
linear_new(struct linear *l, size_t n)
{
    *l = (struct linear){.n = n,
                         .a = gsl_matrix_alloc(n, n),
                         .lu = gsl_matrix_alloc(n, n),
                         .permutation = gsl_permutation_alloc(n),
                         .b = gsl_vector_alloc(n),
                         .x = gsl_vector_alloc(n),
                         .correction = gsl_vector_alloc(n),
                         .residual = gsl_vector_alloc(3 * n)};
    if (l->a == NULL || l->lu == NULL || l->permutation == NULL || l->b == NULL || l->x == NULL ||
        l->correction == NULL || l->residual == NULL)
        abort();
}

static void
linear_free(struct linear *l)
{
    gsl_matrix_free(l->a);
    gsl_matrix_free(l->lu);
    gsl_permutation_free(l->permutation);
    gsl_vector_free(l->b);
    gsl_vector_free(l->x);
    gsl_vector_free(l->correction);
    gsl_vector_free(l->residual);
}

static bool
read_matrix(struct linear *l, const struct celeriac_value *rows, struct why *why)
{
    struct why reason;
    for (size_t i = 0; i < l->n; i++)
        if (!vector_read(gsl_matrix_ptr(l->a, i, 0), l->n, celeriac_at(rows, i), &reason)) {
            snprintf(why->text, sizeof(why->text), "a: row %zu: %.200s", i + 1, reason.text);
            return false;
        }
    return true;
}

static double
norm_1(const gsl_matrix *a)
{
    double most = 0;
    for (size_t k = 0; k < a->size2; k++) {
        double sum = 0;
        for (size_t i = 0; i < a->size1; i++)
            sum += fabs(gsl_matrix_get(a, i, k));
        most = fmax(most, sum);
    }
    return most;
}

/* P A = L U, in place. */
static int
apply_inverse(CBLAS_TRANSPOSE_t transposed, gsl_vector *x, void *arg)
{
    const struct linear *l = arg;
    if (transposed == CblasNoTrans)
        return gsl_linalg_LU_svx(l->lu, l->permutation, x);
    gsl_blas_dtrsv(CblasUpper, CblasTrans, CblasNonUnit, l->lu, x);
    gsl_blas_dtrsv(CblasLower, CblasTrans, CblasUnit, l->lu, x);
    return gsl_permute_vector_inverse(l->permutation, x);
}

/* Infinite if a pivot is 0. */
static double
condition(struct linear *l)
{
    double inverse = INFINITY;
    const double norm = norm_1(l->a);
    gsl_vector_view work = gsl_vector_subvector(l->residual, 0, 3 * l->n);
    for (size_t i = 0; i < l->n; i++)
        if (!(fabs(gsl_matrix_get(l->lu, i, i)) > 0))
            return INFINITY;
    if (gsl_linalg_invnorm1(l->n, apply_inverse, l, &inverse, &work.vector) != 0 ||
        !isfinite(inverse))
        return INFINITY;
    return norm * inverse;
}

/* b - A x in 106 bits; the largest of its items. */
static double
set_residual(struct linear *l)
{
    double most = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct dd sum = dd_from(gsl_vector_get(l->b, i));
        for (size_t k = 0; k < l->n; k++)
            sum = dd_subtract(sum, dd_multiply(dd_from(gsl_matrix_get(l->a, i, k)),
                                               dd_from(gsl_vector_get(l->x, k))));
        gsl_vector_set(l->residual, i, sum.hi);
        most = fmax(most, fabs(sum.hi));
    }
    return most;
}

static double
size(const gsl_vector *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(gsl_vector_get(x, i)));
    return most;
}

/* Steps as long as each is less than half of the one before. Gives the last one, relative to x:
 * what x may still be off by. */
static double
refine(struct linear *l)
{
    double last = INFINITY;
    for (int i = 0; i < REFINEMENTS_MAX; i++) {
        (void)set_residual(l);
        for (size_t k = 0; k < l->n; k++)
            gsl_vector_set(l->correction, k, gsl_vector_get(l->residual, k));
        (void)gsl_linalg_LU_svx(l->lu, l->permutation, l->correction);
        const double step = size(l->correction, l->n);
        if (!(step < last / 2))
            break;
        last = step;
        gsl_vector_add(l->x, l->correction);
        if (step <= EPSILON * size(l->x, l->n))
            break;
    }
    const double whole = size(l->x, l->n);
    return whole > 0 ? fmax(last / whole, EPSILON / 2) : 0;
}

static enum celeriac_outcome
solve(struct celeriac_context *ctx, struct linear *l)
{
    int sign;
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    gsl_matrix_memcpy(l->lu, l->a);
    gsl_linalg_LU_decomp(l->lu, l->permutation, &sign);
    const double cond = condition(l);
    if (isinf(cond))
        return celeriac_reject(ctx, "singular", "the matrix is singular");
    if (!(cond < 1 / EPSILON))
        return celeriac_reject(ctx, "singular",
                               "the matrix is singular up to rounding: its condition number is "
                               "about %.1e, so no digit would be right",
                               cond);
    (void)gsl_linalg_LU_solve(l->lu, l->permutation, l->b, l->x);
    const double error = refine(l), residual = set_residual(l);
    if (!isfinite(residual))
        return celeriac_reject(ctx, "not_finite", "the solution is beyond 1.8e308");
    celeriac_set(result, "x", vector_value(arena, gsl_vector_const_ptr(l->x, 0), l->n));
    celeriac_set(result, "condition", celeriac_number(arena, cond));
    celeriac_set(result, "residual", celeriac_number(arena, residual));
    celeriac_set(result, "error", celeriac_number(arena, error));
    return celeriac_return(ctx, result);
}

enum celeriac_outcome
linear_run(struct celeriac_context *ctx)
{
    const struct celeriac_value *rows = celeriac_arg(ctx, ARG_MATRIX),
                                *right = celeriac_arg(ctx, ARG_RIGHT);
    struct linear l;
    struct why why;
    enum celeriac_outcome outcome;
    linear_new(&l, celeriac_size(rows));
    if (!read_matrix(&l, rows, &why))
        outcome = celeriac_reject(ctx, "invalid_arguments", "linear: %s", why.text);
    else if (!vector_read(gsl_vector_ptr(l.b, 0), l.n, right, &why))
        outcome = celeriac_reject(ctx, "invalid_arguments", "linear: b: %s", why.text);
    else
        outcome = solve(ctx, &l);
    linear_free(&l);
    return outcome;
}
