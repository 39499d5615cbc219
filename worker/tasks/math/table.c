/* Task table: an expression at all points of a grid.
 *
 * The inner loop sets one variable and evaluates: what muParser offers for many values at once (its
 * bulk mode) is not used, since Debian's build may start OpenMP threads in it, inside of a worker's
 * thread. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/expression_cache.h"
#include "worker/tasks/math/grid.h"
#include "worker/tasks/math/math.h"

enum { ARG_EXPRESSION, ARG_GRID, ARG_OUTPUT };
enum { CHUNK = 256, LISTED_MAX = 500000, PACKED_MAX = 1500000 };

enum output { OUTPUT_VALUES, OUTPUT_PACKED, OUTPUT_SUMMARY };

struct summary {
    double min, max, sum, carry; /* the sum is Kahan's */
    int64_t undefined;           /* points without a finite value */
};

struct table {
    struct grid grid;
    struct expression *expression;
    enum output output;
    size_t at[GRID_AXES_MAX]; /* the indices of the current row; the last is where the row begins */
    double *values;           /* all; NULL: only the summary */
    int64_t done;
    struct summary summary;
};

static void
summarize(struct summary *s, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) {
            s->undefined++;
            continue;
        }
        s->min = values[i] < s->min ? values[i] : s->min;
        s->max = values[i] > s->max ? values[i] : s->max;
        const double term = values[i] - s->carry, sum = s->sum + term;
        s->carry = isfinite(sum) ? (sum - s->sum) - term : 0;
        s->sum = sum;
    }
}

/* The next index of the slower axes; false behind the last one. */
static bool
next_row(struct table *t)
{
    for (size_t i = t->grid.names.n - 1; i-- > 0;) {
        if (++t->at[i] < t->grid.axes[i].n)
            return true;
        t->at[i] = 0;
    }
    return false;
}

/* One line along the fastest axis. False: the job is to stop. */
static bool
compute_row(struct celeriac_context *ctx, struct table *t)
{
    const size_t fastest = t->grid.names.n - 1;
    const struct axis *axis = &t->grid.axes[fastest];
    double *variables = expression_variables(t->expression), chunk[CHUNK] = {0};
    for (size_t i = 0; i < fastest; i++)
        variables[i] = axis_at(&t->grid.axes[i], t->at[i]);
    for (size_t from = 0; from < axis->n; from += CHUNK) {
        const size_t n = axis->n - from < CHUNK ? axis->n - from : CHUNK;
        double *out = t->values != NULL ? t->values + t->done : chunk;
        for (size_t i = 0; i < n; i++) {
            variables[fastest] = axis_at(axis, from + i);
            out[i] = expression_value(t->expression);
        }
        summarize(&t->summary, out, n);
        t->done += (int64_t)n;
        if (celeriac_cancelled(ctx))
            return false;
    }
    return true;
}

/* Nested arrays, one level per axis. */
static struct celeriac_value *
nest(const struct table *t, struct celeriac_arena *arena, size_t axis, const double **next)
{
    struct celeriac_value *array = celeriac_array(arena);
    for (size_t i = 0; i < t->grid.axes[axis].n; i++)
        celeriac_append(array, axis + 1 < t->grid.names.n ? nest(t, arena, axis + 1, next)
                                                          : celeriac_number(arena, *(*next)++));
    return array;
}

static struct celeriac_value *
values_value(const struct table *t, struct celeriac_arena *arena)
{
    const double *next = t->values;
    return t->output == OUTPUT_PACKED
               ? celeriac_binary(arena, t->values, (size_t)t->grid.points * sizeof(*t->values))
               : nest(t, arena, 0, &next);
}

static enum celeriac_outcome
return_table(struct celeriac_context *ctx, const struct table *t)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena), *axes = celeriac_object(arena);
    const int64_t defined = t->grid.points - t->summary.undefined;
    if (t->output == OUTPUT_VALUES) {
        for (size_t i = 0; i < t->grid.names.n; i++)
            celeriac_set(axes, t->grid.names.items[i], axis_value(&t->grid.axes[i], arena));
        celeriac_set(result, "grid", axes);
    }
    if (t->output != OUTPUT_SUMMARY)
        celeriac_set(result, "values", values_value(t, arena));
    celeriac_set(result, "points", celeriac_integer(arena, t->grid.points));
    celeriac_set(result, "undefined", celeriac_integer(arena, t->summary.undefined));
    celeriac_set(result, "min", celeriac_number(arena, t->summary.min));
    celeriac_set(result, "max", celeriac_number(arena, t->summary.max));
    celeriac_set(result, "mean",
                 defined > 0 ? celeriac_number(arena, t->summary.sum / (double)defined) : NULL);
    return celeriac_return(ctx, result);
}

static enum celeriac_outcome
compute(struct celeriac_context *ctx, struct table *t)
{
    do {
        if (!compute_row(ctx, t))
            return celeriac_stop(ctx);
        celeriac_progress(ctx, (double)t->done / (double)t->grid.points);
    } while (next_row(t));
    return return_table(ctx, t);
}

static bool
read_output(struct table *t, const char *word)
{
    static const char *const words[] = {
        [OUTPUT_VALUES] = "values", [OUTPUT_PACKED] = "packed", [OUTPUT_SUMMARY] = "summary"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0) {
            t->output = (enum output)i;
            return true;
        }
    return false;
}

enum celeriac_outcome
table_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct table t = {.summary = {.min = INFINITY, .max = -INFINITY}};
    struct text text;
    struct why why;
    if (!read_output(&t, celeriac_arg_string(ctx, ARG_OUTPUT, NULL)))
        return celeriac_reject(ctx, "invalid_arguments",
                               "table: output: expected values, packed or summary");
    if (!grid_read(&t.grid, celeriac_arg(ctx, ARG_GRID), &why))
        return celeriac_reject(ctx, "invalid_arguments", "table: grid: %s", why.text);
    const int64_t limit = t.output == OUTPUT_VALUES ? LISTED_MAX : PACKED_MAX;
    if (t.output != OUTPUT_SUMMARY && t.grid.points > limit)
        return celeriac_reject(ctx, "invalid_arguments",
                               "table: %lld points: expected at most %lld as values, packed up to "
                               "%d, as a summary any",
                               (long long)t.grid.points, (long long)limit, PACKED_MAX);
    text.bytes = celeriac_arg_string(ctx, ARG_EXPRESSION, &text.len);
    t.expression = expression_cache_get(state->cache, text, &t.grid.names, &why);
    if (t.expression == NULL)
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    if (t.output != OUTPUT_SUMMARY) {
        t.values = calloc((size_t)t.grid.points, sizeof(*t.values));
        if (t.values == NULL)
            abort();
    }
    const enum celeriac_outcome outcome = compute(ctx, &t);
    free(t.values);
    return outcome;
}
