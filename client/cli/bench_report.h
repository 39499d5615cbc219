/* What benchmarks have measured: a line for each thing, and its three dresses: table, JSON, plot.
 */
#ifndef CLIENT_CLI_BENCH_REPORT_H
#define CLIENT_CLI_BENCH_REPORT_H

#include "client/cli/bench_stats.h"
#include "client/cli/command.h"

struct bench_line {
    char name[64];
    const char *unit;    /* "jobs/s" */
    const char *against; /* what the other series is: "floor", "one whole"; NULL: nothing */
    struct series own, floor;
};

enum { BENCH_LINES_MAX = 128 };

struct bench_report {
    struct bench_line lines[BENCH_LINES_MAX];
    size_t n;
};

void bench_report_clear(struct bench_report *r);
/* The line with that name; made, if it is not there yet. Names and texts but `name` are static. */
struct bench_line *bench_report_line(struct bench_report *r, const char *name, const char *unit,
                                     const char *against);
/* A table, or with --json one object. */
void bench_report_print(const struct bench_report *r, const struct cli *cli);

/* A plot of the ratios, drawn by gnuplot. ERROR_UNAVAILABLE: it is not installed, or fails. */
bool bench_plot_check(struct error *err);
bool bench_plot_write(const struct bench_report *r, const char *file, struct error *err);

#endif
