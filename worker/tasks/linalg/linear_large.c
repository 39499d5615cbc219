/* Task linear_large: A x = b for n up to 4000, by LU with partial pivoting.
 *
 * The factorization goes block by block (right-looking: Golub and Van Loan, "Matrix Computations",
 * 3.2.11), so that the cancel flag is looked at between pieces of 50 ms at most; the pieces are
 * LAPACK's and BLAS's. Then, as in the task `linear`: the condition number in the 1-norm is
 * estimated (dgecon), refused where no digit of x would be right, and x improved by refinement,
 * with residuals of 64 bits here. `error` is what the last step changed in x. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/linalg/lapack.h"
#include "worker/tasks/linalg/linalg.h"
#include "worker/tasks/linalg/matrix.h"

enum { ARG_MATRIX, ARG_RIGHT, BLOCK = 96, CHUNK = 384, REFINEMENTS_MAX = 5 };

static const double EPSILON = 0x1p-52;

struct linear {
    struct celeriac_context *ctx;
    const struct lapack *lapack;
    struct matrix a, b;
    int n;
    double *lu, *x, *correction;
    long double *residual;
    int *pivots; /* from 1, as LAPACK counts */
};

static enum celeriac_outcome
no_memory_or_solve(struct linear *l, enum celeriac_outcome (*solve)(struct linear *l))
{
    const size_t n = l->a.rows;
    l->n = (int)n;
    l->lu = malloc(n * n * sizeof(*l->lu));
    l->x = malloc(n * sizeof(*l->x));
    l->correction = malloc(n * sizeof(*l->correction));
    l->residual = malloc(n * sizeof(*l->residual));
    l->pivots = malloc(n * sizeof(*l->pivots));
    const bool has_all = l->lu != NULL && l->x != NULL && l->correction != NULL &&
                         l->residual != NULL && l->pivots != NULL;
    const enum celeriac_outcome end = has_all ? solve(l) : matrix_no_memory(l->ctx);
    free(l->lu);
    free(l->x);
    free(l->correction);
    free(l->residual);
    free(l->pivots);
    return end;
}

/* Columns from..from+count-1, right of the block at `at`: swaps, then their share of the update. */
static void
update_columns(struct linear *l, int at, int width, int from, int count)
{
    const double one = 1, minus_one = -1;
    double *block = l->lu + at + (size_t)at * (size_t)l->n;
    double *columns = l->lu + (size_t)from * (size_t)l->n;
    const int below = l->n - at - width;
    l->lapack->dlaswp(LAPACK_COL_MAJOR, count, columns, l->n, at + 1, at + width, l->pivots, 1);
    l->lapack->trsm("L", "L", "N", "U", &width, &count, &one, block, &l->n, columns + at, &l->n);
    if (below > 0)
        l->lapack->gemm("N", "N", &below, &count, &width, &minus_one, block + width, &l->n,
                        columns + at, &l->n, &one, columns + at + width, &l->n);
}

enum factored { FACTORED, FACTORED_SINGULAR, FACTORED_STOPPED };

static enum factored
factor(struct linear *l)
{
    for (int at = 0; at < l->n; at += BLOCK) {
        const int width = l->n - at < BLOCK ? l->n - at : BLOCK;
        double *block = l->lu + at + (size_t)at * (size_t)l->n;
        if (l->lapack->dgetrf(LAPACK_COL_MAJOR, l->n - at, width, block, l->n, l->pivots + at) != 0)
            return FACTORED_SINGULAR;
        for (int i = at; i < at + width; i++)
            l->pivots[i] += at;
        if (at > 0)
            l->lapack->dlaswp(LAPACK_COL_MAJOR, at, l->lu, l->n, at + 1, at + width, l->pivots, 1);
        for (int from = at + width; from < l->n; from += CHUNK) {
            if (celeriac_cancelled(l->ctx))
                return FACTORED_STOPPED;
            update_columns(l, at, width, from, l->n - from < CHUNK ? l->n - from : CHUNK);
        }
        const double left = 1 - (double)(at + width) / l->n;
        celeriac_progress(l->ctx, 0.95 * (1 - left * left * left));
    }
    return FACTORED;
}

static double
norm_1(const struct matrix *m)
{
    double most = 0;
    for (size_t k = 0; k < m->cols; k++) {
        double sum = 0;
        for (size_t i = 0; i < m->rows; i++)
            sum += fabs(m->items[i + k * m->rows]);
        most = fmax(most, sum);
    }
    return most;
}

static double
size(const double *x, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

/* b - A x into `correction`; the largest of its items. */
static double
set_residual(struct linear *l)
{
    for (int i = 0; i < l->n; i++)
        l->residual[i] = l->b.items[i];
    for (int k = 0; k < l->n && !celeriac_cancelled(l->ctx); k++) {
        const double *column = l->a.items + (size_t)k * (size_t)l->n;
        for (int i = 0; i < l->n; i++)
            l->residual[i] -= (long double)column[i] * (long double)l->x[k];
    }
    for (int i = 0; i < l->n; i++)
        l->correction[i] = (double)l->residual[i];
    return size(l->correction, l->n);
}

/* Steps as long as each is less than half of the one before. Gives the last one, relative to x. */
static double
refine(struct linear *l)
{
    double last = INFINITY;
    for (int i = 0; i < REFINEMENTS_MAX; i++) {
        (void)set_residual(l);
        (void)l->lapack->dgetrs(LAPACK_COL_MAJOR, 'N', l->n, 1, l->lu, l->n, l->pivots,
                                l->correction, l->n);
        const double step = size(l->correction, l->n);
        if (!(step < last / 2))
            break;
        last = step;
        for (int k = 0; k < l->n; k++)
            l->x[k] += l->correction[k];
        if (step <= EPSILON * size(l->x, l->n))
            break;
    }
    const double whole = size(l->x, l->n);
    return whole > 0 ? fmax(last / whole, EPSILON / 2) : 0;
}

static enum celeriac_outcome
return_solution(struct linear *l, double condition)
{
    struct celeriac_arena *arena = celeriac_arena(l->ctx);
    struct celeriac_value *result = celeriac_object(arena);
    const double error = refine(l), residual = set_residual(l);
    const struct matrix x = {l->a.rows, 1, l->x, true};
    if (celeriac_cancelled(l->ctx))
        return celeriac_stop(l->ctx);
    struct celeriac_value *solution =
        l->b.is_packed ? matrix_value(l->ctx, &x) : matrix_numbers(l->ctx, l->x, l->a.rows);
    if (solution == NULL || !isfinite(residual))
        return celeriac_reject(l->ctx, "not_finite", "the solution is beyond 1.8e308");
    celeriac_set(result, "x", solution);
    celeriac_set(result, "condition", celeriac_number(arena, condition));
    celeriac_set(result, "residual", celeriac_number(arena, residual));
    celeriac_set(result, "error", celeriac_number(arena, error));
    return celeriac_return(l->ctx, result);
}

static enum celeriac_outcome
solve(struct linear *l)
{
    double reciprocal = 0;
    const double norm = norm_1(&l->a);
    memcpy(l->lu, l->a.items, l->a.rows * l->a.rows * sizeof(double));
    const enum factored factored = factor(l);
    if (factored == FACTORED_STOPPED)
        return celeriac_stop(l->ctx);
    if (factored == FACTORED && isfinite(norm))
        (void)l->lapack->dgecon(LAPACK_COL_MAJOR, '1', l->n, l->lu, l->n, norm, &reciprocal);
    if (!(reciprocal > 0))
        return celeriac_reject(l->ctx, "singular", "the matrix is singular");
    if (!(reciprocal > EPSILON))
        return celeriac_reject(l->ctx, "singular",
                               "the matrix is singular up to rounding: its condition number is "
                               "about %.1e, so no digit would be right",
                               1 / reciprocal);
    memcpy(l->x, l->b.items, l->a.rows * sizeof(double));
    (void)l->lapack->dgetrs(LAPACK_COL_MAJOR, 'N', l->n, 1, l->lu, l->n, l->pivots, l->x, l->n);
    return return_solution(l, 1 / reciprocal);
}

enum celeriac_outcome
linear_large_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    struct linear l = {.ctx = ctx, .lapack = lapack_get(ctx, &end)};
    if (l.lapack == NULL || !matrix_read(ctx, ARG_MATRIX, LINALG_LINEAR_MAX, &l.a, &end))
        return end;
    if (l.a.rows != l.a.cols)
        end = celeriac_reject(ctx, "invalid_arguments",
                              "linear_large: a matrix of %zu x %zu: expected a square one",
                              l.a.rows, l.a.cols);
    else if (matrix_read_column(ctx, ARG_RIGHT, l.a.rows, &l.b, &end))
        end = no_memory_or_solve(&l, solve);
    matrix_clear(&l.a);
    matrix_clear(&l.b);
    return end;
}
