/* Task svd: the singular values of a real matrix, A = U diag(values) V^T, and on request U and V^T.
 * LAPACK's dgesdd, one call that cannot be interrupted: 4 s for 1500 x 1500, the most.
 * `rank` counts the values above max(rows, cols) * epsilon * the largest one. */
#include <math.h>
#include <stdlib.h>

#include "worker/tasks/linalg/lapack.h"
#include "worker/tasks/linalg/linalg.h"
#include "worker/tasks/linalg/matrix.h"

enum { ARG_MATRIX, ARG_VECTORS };
enum { VECTOR_ITEMS_MAX = 1500 * 1000 }; /* a number takes 9 bytes of a result of 16 MiB */

struct svd {
    struct celeriac_context *ctx;
    struct matrix a, u, vt;
    double *values;
    size_t n; /* values */
};

static enum celeriac_outcome
return_values(struct svd *s)
{
    struct celeriac_arena *arena = celeriac_arena(s->ctx);
    struct celeriac_value *result = celeriac_object(arena);
    const size_t side = s->a.rows > s->a.cols ? s->a.rows : s->a.cols;
    const double least = (double)side * 0x1p-52 * s->values[0];
    struct celeriac_value *values = matrix_numbers(s->ctx, s->values, s->n);
    size_t rank = 0;
    if (values == NULL)
        return celeriac_reject(s->ctx, "not_finite", "a singular value is beyond 1.8e308");
    while (rank < s->n && s->values[rank] > least)
        rank++;
    celeriac_set(result, "values", values);
    celeriac_set(result, "rank", celeriac_integer(arena, (int64_t)rank));
    if (rank == s->n)
        celeriac_set(result, "condition",
                     celeriac_number(arena, s->values[0] / s->values[s->n - 1]));
    else
        celeriac_set(result, "condition", celeriac_null(arena));
    if (s->u.items != NULL) {
        celeriac_set(result, "u", matrix_value(s->ctx, &s->u));
        celeriac_set(result, "vt", matrix_value(s->ctx, &s->vt));
    }
    return celeriac_return(s->ctx, result);
}

static enum celeriac_outcome
compute(struct svd *s, const struct lapack *lapack, bool has_vectors)
{
    const int rows = (int)s->a.rows, cols = (int)s->a.cols, n = (int)s->n;
    s->values = calloc(s->n, sizeof(double));
    if (has_vectors) {
        s->u.items = calloc(s->u.rows * s->u.cols, sizeof(double));
        s->vt.items = calloc(s->vt.rows * s->vt.cols, sizeof(double));
    }
    if (s->values == NULL || (has_vectors && (s->u.items == NULL || s->vt.items == NULL)))
        return matrix_no_memory(s->ctx);
    celeriac_progress(s->ctx, 0.01);
    const int failed =
        lapack->dgesdd(LAPACK_COL_MAJOR, has_vectors ? 'S' : 'N', rows, cols, s->a.items, rows,
                       s->values, s->u.items, rows, s->vt.items, n);
    if (celeriac_cancelled(s->ctx))
        return celeriac_stop(s->ctx);
    if (failed != 0)
        return celeriac_reject(s->ctx, "no_convergence",
                               "the iteration for the singular values failed");
    return return_values(s);
}

enum celeriac_outcome
svd_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    struct svd s = {.ctx = ctx};
    const bool has_vectors = celeriac_arg_boolean(ctx, ARG_VECTORS);
    const struct lapack *lapack = lapack_get(ctx, &end);
    if (lapack == NULL || !matrix_read(ctx, ARG_MATRIX, LINALG_SPECTRUM_MAX, &s.a, &end))
        return end;
    s.n = s.a.rows < s.a.cols ? s.a.rows : s.a.cols;
    s.u = (struct matrix){s.a.rows, s.n, NULL, s.a.is_packed};
    s.vt = (struct matrix){s.n, s.a.cols, NULL, s.a.is_packed};
    if (has_vectors && (s.a.rows + s.a.cols) * s.n > VECTOR_ITEMS_MAX)
        end = celeriac_reject(ctx, "too_large",
                              "svd: vectors of %zu x %zu: more than %d numbers in the result",
                              s.a.rows, s.a.cols, VECTOR_ITEMS_MAX);
    else
        end = compute(&s, lapack, has_vectors);
    free(s.values);
    matrix_clear(&s.a);
    matrix_clear(&s.u);
    matrix_clear(&s.vt);
    return end;
}
