/* Module linalg: dense matrices in double precision, by LAPACK over OpenBLAS (lapack.c says when
 * that is loaded, and why not before).
 *
 * To add a task: a file with its function, a prototype in linalg.h, a row here; functions of LAPACK
 * are named in lapack.h. Check sizes before allocating, and say which calls cannot be interrupted.
 */
#include "worker/tasks/linalg/linalg.h"

#include "worker/tasks/linalg/lapack.h"

#define MATRIX_HELP                                                                                \
    "an array of rows; or {rows, cols, data: float64 in binary, row after row}; or {rows, cols, "  \
    "entries: [[row, column, value], ...]}"

static const struct celeriac_param eigenvalues_params[] = {
    {.name = "a", .kind = CELERIAC_ARG_ANY, .help = "n x n, n up to 1500: " MATRIX_HELP}};

static const struct celeriac_param linear_params[] = {
    {.name = "a", .kind = CELERIAC_ARG_ANY, .help = "n x n, n up to 4000: " MATRIX_HELP},
    {.name = "b", .kind = CELERIAC_ARG_ANY, .help = "n numbers, or a matrix n x 1"}};

static const struct celeriac_param svd_params[] = {
    {.name = "a", .kind = CELERIAC_ARG_ANY, .help = "m x n, each up to 1500: " MATRIX_HELP},
    {.name = "vectors",
     .kind = CELERIAC_ARG_BOOLEAN,
     .optional = true,
     .fallback = "false",
     .help = "give u and vt, too"}};

#define PARAMS(rows) .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])

static const struct celeriac_task tasks[] = {
    {.name = "eigenvalues",
     .help = "The eigenvalues of a real square matrix",
     .run = eigenvalues_run,
     PARAMS(eigenvalues_params),
     .returns = "{values: numbers, ascending, if a is symmetric, else {re, im}; symmetric}"},
    {.name = "linear_large",
     .help = "Solves the linear equations a x = b, n up to 4000; `linear` is for small n",
     .run = linear_large_run,
     PARAMS(linear_params),
     .returns =
         "{x, condition: estimate in the 1-norm, residual: the largest |b - a x|, error: of x, "
         "relative}"},
    {.name = "svd",
     .help = "The singular values of a real matrix, a = u diag(values) vt",
     .run = svd_run,
     PARAMS(svd_params),
     .returns = "{values, descending; rank; condition: null if the rank is not full; u, vt}"},
};

static bool
process_setup(char *message, size_t size)
{
    (void)message;
    (void)size;
    lapack_prepare();
    return true;
}

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "linalg",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
    .process_setup = process_setup,
};
