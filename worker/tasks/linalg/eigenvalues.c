/* Task eigenvalues: of a real square matrix. A symmetric one (exactly so) has real eigenvalues and
 * gets LAPACK's dsyevd, others dgeev. Each is one call that cannot be interrupted: 0.5 s and 6 s
 * for n = 1500, the most. */
#include <math.h>
#include <stdlib.h>

#include "worker/tasks/linalg/lapack.h"
#include "worker/tasks/linalg/linalg.h"
#include "worker/tasks/linalg/matrix.h"

struct root {
    double re, im;
};

static bool
is_symmetric(const struct matrix *m)
{
    for (size_t k = 0; k < m->cols; k++)
        for (size_t i = 0; i < k; i++)
            if (m->items[i + k * m->rows] != m->items[k + i * m->rows])
                return false;
    return true;
}

/* False: LAPACK gave up. */
static bool
compute(const struct lapack *lapack, struct matrix *m, bool is_real, double *re, double *im)
{
    const int n = (int)m->rows;
    if (is_real)
        return lapack->dsyevd(LAPACK_COL_MAJOR, 'N', 'L', n, m->items, n, re) == 0;
    return lapack->dgeev(LAPACK_COL_MAJOR, 'N', 'N', n, m->items, n, re, im, NULL, 1, NULL, 1) == 0;
}

static int
compare(const void *a, const void *b)
{
    const struct root *x = a, *y = b;
    if (x->re != y->re)
        return x->re < y->re ? -1 : 1;
    return x->im < y->im ? -1 : x->im > y->im;
}

/* [{re, im}, ...], by the real part, then by the imaginary one. NULL: one is not finite. */
static struct celeriac_value *
list_roots(struct celeriac_context *ctx, struct root *roots, size_t n)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *list = celeriac_array(arena);
    qsort(roots, n, sizeof(*roots), compare);
    for (size_t i = 0; i < n; i++) {
        struct celeriac_value *root = celeriac_object(arena);
        if (!isfinite(roots[i].re) || !isfinite(roots[i].im))
            return NULL;
        celeriac_set(root, "re", celeriac_number(arena, roots[i].re + 0.0));
        celeriac_set(root, "im", celeriac_number(arena, roots[i].im + 0.0));
        celeriac_append(list, root);
    }
    return list;
}

static enum celeriac_outcome
run_matrix(struct celeriac_context *ctx, const struct lapack *lapack, struct matrix *m)
{
    const size_t n = m->rows;
    const bool is_real = is_symmetric(m);
    struct celeriac_value *result = celeriac_object(celeriac_arena(ctx)), *list = NULL;
    double *re = calloc(2 * n, sizeof(*re));
    struct root *roots = calloc(n, sizeof(*roots));
    if (re == NULL || roots == NULL) {
        free(re);
        free(roots);
        return matrix_no_memory(ctx);
    }
    celeriac_progress(ctx, 0.01);
    const bool is_done = compute(lapack, m, is_real, re, re + n);
    for (size_t i = 0; i < n; i++)
        roots[i] = (struct root){re[i], re[n + i]};
    if (is_done)
        list = is_real ? matrix_numbers(ctx, re, n) : list_roots(ctx, roots, n);
    free(re);
    free(roots);
    if (celeriac_cancelled(ctx))
        return celeriac_stop(ctx);
    if (!is_done)
        return celeriac_reject(ctx, "no_convergence", "the iteration for the eigenvalues failed");
    if (list == NULL)
        return celeriac_reject(ctx, "not_finite", "an eigenvalue is beyond 1.8e308");
    celeriac_set(result, "values", list);
    celeriac_set(result, "symmetric", celeriac_boolean(celeriac_arena(ctx), is_real));
    return celeriac_return(ctx, result);
}

enum celeriac_outcome
eigenvalues_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    struct matrix m = {.items = NULL};
    const struct lapack *lapack = lapack_get(ctx, &end);
    if (lapack == NULL || !matrix_read(ctx, 0, LINALG_SPECTRUM_MAX, &m, &end))
        return end;
    end = m.rows == m.cols
              ? run_matrix(ctx, lapack, &m)
              : celeriac_reject(ctx, "invalid_arguments",
                                "eigenvalues: a matrix of %zu x %zu: expected a square one", m.rows,
                                m.cols);
    matrix_clear(&m);
    return end;
}
