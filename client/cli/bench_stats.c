/* Medians and quantiles. Ratios are taken repetition by repetition: machines are noisy, and the two
 * halves of one repetition stood under the same weather. */
#include "client/cli/bench_stats.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static int by_value(const void *a, const void *b);

void
series_clear(struct series *s)
{
    free(s->values);
    *s = SERIES_INIT;
}

void
series_add(struct series *s, double value)
{
    if (s->n == s->room) {
        s->room = s->room ? 2 * s->room : 16;
        s->values = mem_grow(s->values, s->room, sizeof *s->values);
    }
    s->values[s->n++] = value;
}

double
series_quantile(const struct series *s, double share)
{
    double *sorted, at, low, high;
    size_t i;

    if (s->n == 0) {
        return 0;
    }
    sorted = mem_array(s->n, sizeof *sorted);
    memcpy(sorted, s->values, s->n * sizeof *sorted);
    qsort(sorted, s->n, sizeof *sorted, by_value);
    at = share * (double)(s->n - 1);
    i = (size_t)at;
    low = sorted[i];
    high = sorted[i + 1 < s->n ? i + 1 : i];
    free(sorted);
    return low + (high - low) * (at - (double)i);
}

double
series_median(const struct series *s)
{
    return series_quantile(s, 0.5);
}

void
series_ratios(struct series *out, const struct series *a, const struct series *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (b->values[i] > 0) {
            series_add(out, a->values[i] / b->values[i]);
        }
    }
}

static int
by_value(const void *a, const void *b)
{
    double x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}
