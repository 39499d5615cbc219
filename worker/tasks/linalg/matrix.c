/* Matrices in and out of values. Three forms are read:
 *
 *     [[1, 2], [3, 4]]                                      rows
 *     {"rows": 2, "cols": 2, "data": <binary>}              float64, little-endian, row after row
 *     {"rows": 2, "cols": 2, "entries": [[0, 1, 2.5]]}      row and column from 0, value; else 0
 *
 * Entries for the same place are added. Everything is checked: shapes, kinds, that all is finite.
 */
#include "worker/tasks/linalg/matrix.h"

#include <endian.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct celeriac_context *ctx;
    size_t argument, side_max;
    struct matrix *out;
    enum celeriac_outcome *end;
};

/* Always false. */
__attribute__((format(printf, 2, 3))) static bool
wrong(struct reader *r, const char *format, ...)
{
    char why[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    *r->end =
        celeriac_reject(r->ctx, "invalid_arguments", "argument %zu: %s", r->argument + 1, why);
    matrix_clear(r->out);
    return false;
}

enum celeriac_outcome
matrix_no_memory(struct celeriac_context *ctx)
{
    return celeriac_fail(ctx, "no_memory", "not enough memory for the matrix");
}

static bool
set_size(struct reader *r, int64_t rows, int64_t cols)
{
    const int64_t most = (int64_t)r->side_max;
    if (rows < 1 || cols < 1 || rows > most || cols > most)
        return wrong(r, "a matrix of %lld x %lld: expected 1..%zu rows and columns",
                     (long long)rows, (long long)cols, r->side_max);
    *r->out = (struct matrix){.rows = (size_t)rows, .cols = (size_t)cols};
    r->out->items = calloc((size_t)rows * (size_t)cols, sizeof(double));
    if (r->out->items == NULL)
        *r->end = matrix_no_memory(r->ctx);
    return r->out->items != NULL;
}

static bool
read_rows(struct reader *r, const struct celeriac_value *rows)
{
    const size_t n = celeriac_size(rows), m = celeriac_size(celeriac_at(rows, 0));
    if (!set_size(r, (int64_t)n, (int64_t)m))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct celeriac_value *row = celeriac_at(rows, i);
        if (celeriac_type(row) != CELERIAC_ARRAY || celeriac_size(row) != m)
            return wrong(r, "row %zu: expected an array of %zu numbers, as row 1", i + 1, m);
        for (size_t k = 0; k < m; k++)
            if (!celeriac_get_number(celeriac_at(row, k), &r->out->items[i + k * n]))
                return wrong(r, "row %zu, item %zu: expected a number", i + 1, k + 1);
    }
    return true;
}

static bool
read_packed(struct reader *r, const struct celeriac_value *data)
{
    struct matrix *m = r->out;
    size_t len;
    const char *bytes = celeriac_bytes(data, &len);
    m->is_packed = true;
    if (celeriac_type(data) != CELERIAC_BINARY || len != 8 * m->rows * m->cols)
        return wrong(r, "data: expected binary of %zu bytes, 8 for each of %zu x %zu numbers",
                     8 * m->rows * m->cols, m->rows, m->cols);
    for (size_t i = 0; i < m->rows; i++)
        for (size_t k = 0; k < m->cols; k++, bytes += 8) {
            uint64_t word;
            double *item = &m->items[i + k * m->rows];
            memcpy(&word, bytes, 8);
            word = le64toh(word);
            memcpy(item, &word, 8);
            if (!isfinite(*item))
                return wrong(r, "row %zu, item %zu: not a finite number", i + 1, k + 1);
        }
    return true;
}

static bool
read_entries(struct reader *r, const struct celeriac_value *entries)
{
    struct matrix *m = r->out;
    if (celeriac_type(entries) != CELERIAC_ARRAY)
        return wrong(r, "entries: expected an array of [row, column, value]");
    for (size_t i = 0; i < celeriac_size(entries); i++) {
        const struct celeriac_value *entry = celeriac_at(entries, i);
        int64_t row, col;
        double x;
        if (celeriac_size(entry) != 3 || !celeriac_get_integer(celeriac_at(entry, 0), &row) ||
            !celeriac_get_integer(celeriac_at(entry, 1), &col) ||
            !celeriac_get_number(celeriac_at(entry, 2), &x))
            return wrong(r, "entry %zu: expected [row, column, value]", i + 1);
        if (row < 0 || col < 0 || row >= (int64_t)m->rows || col >= (int64_t)m->cols)
            return wrong(r, "entry %zu: row %lld, column %lld: expected 0..%zu and 0..%zu", i + 1,
                         (long long)row, (long long)col, m->rows - 1, m->cols - 1);
        double *item = &m->items[(size_t)row + (size_t)col * m->rows];
        *item += x;
        if (!isfinite(*item))
            return wrong(r, "entry %zu: the sum is beyond 1.8e308", i + 1);
    }
    return true;
}

static bool
read_object(struct reader *r, const struct celeriac_value *object)
{
    const struct celeriac_value *data = celeriac_get(object, "data"),
                                *entries = celeriac_get(object, "entries");
    int64_t rows, cols;
    if (!celeriac_get_integer(celeriac_get(object, "rows"), &rows) ||
        !celeriac_get_integer(celeriac_get(object, "cols"), &cols) ||
        (data == NULL) == (entries == NULL) || celeriac_size(object) != 3)
        return wrong(r, "expected an object with rows, cols, and either data or entries");
    if (!set_size(r, rows, cols))
        return false;
    return data != NULL ? read_packed(r, data) : read_entries(r, entries);
}

bool
matrix_read(struct celeriac_context *ctx, size_t i, size_t side_max, struct matrix *out,
            enum celeriac_outcome *end)
{
    struct reader r = {ctx, i, side_max, out, end};
    const struct celeriac_value *value = celeriac_arg(ctx, i);
    *out = (struct matrix){.items = NULL};
    if (celeriac_type(value) == CELERIAC_OBJECT)
        return read_object(&r, value);
    if (celeriac_type(value) == CELERIAC_ARRAY)
        return read_rows(&r, value);
    return wrong(&r, "expected a matrix: an array of rows, or an object with rows, cols and data");
}

bool
matrix_read_column(struct celeriac_context *ctx, size_t i, size_t rows, struct matrix *out,
                   enum celeriac_outcome *end)
{
    struct reader r = {ctx, i, rows, out, end};
    const struct celeriac_value *value = celeriac_arg(ctx, i);
    if (celeriac_type(value) == CELERIAC_OBJECT) {
        if (!matrix_read(ctx, i, rows, out, end))
            return false;
        return (out->rows == rows && out->cols == 1) ||
               wrong(&r, "a matrix of %zu x %zu: expected %zu x 1", out->rows, out->cols, rows);
    }
    *out = (struct matrix){.items = NULL};
    if (celeriac_type(value) != CELERIAC_ARRAY || celeriac_size(value) != rows)
        return wrong(&r, "expected %zu numbers, one for each row of the matrix", rows);
    if (!set_size(&r, (int64_t)rows, 1))
        return false;
    for (size_t k = 0; k < rows; k++)
        if (!celeriac_get_number(celeriac_at(value, k), &out->items[k]))
            return wrong(&r, "item %zu: expected a number", k + 1);
    return true;
}

void
matrix_clear(struct matrix *m)
{
    free(m->items);
    m->items = NULL;
}

struct celeriac_value *
matrix_numbers(struct celeriac_context *ctx, const double *x, size_t n)
{
    struct celeriac_value *list = celeriac_array(celeriac_arena(ctx));
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return NULL;
        celeriac_append(list, celeriac_number(celeriac_arena(ctx), x[i]));
    }
    return list;
}

static struct celeriac_value *
packed_value(struct celeriac_context *ctx, const struct matrix *m)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *object = celeriac_object(arena);
    const size_t len = 8 * m->rows * m->cols;
    uint64_t *data = len > 0 ? malloc(len) : NULL;
    if (data == NULL)
        abort();
    for (size_t i = 0; i < m->rows; i++)
        for (size_t k = 0; k < m->cols; k++) {
            uint64_t word;
            memcpy(&word, &m->items[i + k * m->rows], 8);
            data[i * m->cols + k] = htole64(word);
        }
    celeriac_set(object, "rows", celeriac_integer(arena, (int64_t)m->rows));
    celeriac_set(object, "cols", celeriac_integer(arena, (int64_t)m->cols));
    celeriac_set(object, "data", celeriac_binary(arena, data, len));
    free(data);
    return object;
}

static struct celeriac_value *
nested_value(struct celeriac_context *ctx, const struct matrix *m)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *list = celeriac_array(arena);
    for (size_t i = 0; i < m->rows; i++) {
        struct celeriac_value *row = celeriac_array(arena);
        for (size_t k = 0; k < m->cols; k++)
            celeriac_append(row, celeriac_number(arena, m->items[i + k * m->rows]));
        celeriac_append(list, row);
    }
    return list;
}

struct celeriac_value *
matrix_value(struct celeriac_context *ctx, const struct matrix *m)
{
    for (size_t i = 0; i < m->rows * m->cols; i++)
        if (!isfinite(m->items[i]))
            return NULL;
    return m->is_packed ? packed_value(ctx, m) : nested_value(ctx, m);
}
