/* The functions of LAPACK and BLAS, loaded when the first job wants them. */
#ifndef TASKS_LINALG_LAPACK_H
#define TASKS_LINALG_LAPACK_H

#include "client/celeriac_task.h"

#include <lapacke.h>

#define LAPACK_FUNCTIONS(X) X(dgetrf) X(dgetrs) X(dgecon) X(dlaswp) X(dsyevd) X(dgeev) X(dgesdd)

typedef void blas_gemm_fn(const char *transa, const char *transb, const int *m, const int *n,
                          const int *k, const double *alpha, const double *a, const int *lda,
                          const double *b, const int *ldb, const double *beta, double *c,
                          const int *ldc);
typedef void blas_trsm_fn(const char *side, const char *uplo, const char *transa, const char *diag,
                          const int *m, const int *n, const double *alpha, const double *a,
                          const int *lda, double *b, const int *ldb);

struct lapack {
#define LAPACK_MEMBER(name) __typeof__(LAPACKE_##name) *name;
    LAPACK_FUNCTIONS(LAPACK_MEMBER)
#undef LAPACK_MEMBER
    blas_gemm_fn *gemm;
    blas_trsm_fn *trsm;
};

/* Before there are threads. */
void lapack_prepare(void);
/* Any thread. NULL: it cannot be loaded, and *end is how the task ends. */
const struct lapack *lapack_get(struct celeriac_context *ctx, enum celeriac_outcome *end);

#endif
