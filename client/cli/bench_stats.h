/* Series of measurements: what is told of each is its median and its spread. */
#ifndef CLIENT_CLI_BENCH_STATS_H
#define CLIENT_CLI_BENCH_STATS_H

#include <stddef.h>

struct series {
    double *values; /* in the order in which they were measured */
    size_t n, room;
};

#define SERIES_INIT ((struct series){NULL, 0, 0})

void series_clear(struct series *s);
void series_add(struct series *s, double value);
/* The value below which the share lies: 0 the least, 0.5 the median, 1 the largest; between two
 * values the straight line. 0 if there are none. */
double series_quantile(const struct series *s, double share);
double series_median(const struct series *s);
/* Appends a[i] / b[i], as far as both go and b[i] is not 0. */
void series_ratios(struct series *out, const struct series *a, const struct series *b);

#endif
