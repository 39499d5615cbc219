/* Matrices in and out of values. */
#ifndef TASKS_LINALG_MATRIX_H
#define TASKS_LINALG_MATRIX_H

#include "client/celeriac_task.h"

/* Columns one after the other, as LAPACK wants them. */
struct matrix {
    size_t rows, cols;
    double *items;  /* item (i, k) is items[i + k * rows] */
    bool is_packed; /* came as bytes: results go the same way */
};

/* Argument i, in any of its forms (matrix.c), with 1..side_max rows and columns. False: *end is how
 * the task ends. */
bool matrix_read(struct celeriac_context *ctx, size_t i, size_t side_max, struct matrix *out,
                 enum celeriac_outcome *end);
/* As above: an array of numbers, or a matrix of one column. */
bool matrix_read_column(struct celeriac_context *ctx, size_t i, size_t rows, struct matrix *out,
                        enum celeriac_outcome *end);
void matrix_clear(struct matrix *m);

/* Nested arrays, or {rows, cols, data} if it is packed. NULL: an item is not finite. */
struct celeriac_value *matrix_value(struct celeriac_context *ctx, const struct matrix *m);
/* An array of numbers. NULL as above. */
struct celeriac_value *matrix_numbers(struct celeriac_context *ctx, const double *x, size_t n);
/* How the task ends without memory. */
enum celeriac_outcome matrix_no_memory(struct celeriac_context *ctx);

#endif
