/* The plot of benchmarks: a bar for each ratio with its spread, and a line where the floor is.
 * gnuplot draws; its program and data go in through a pipe. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/bench_report.h"

static void write_quoted(FILE *to, const char *text);
static void write_data(FILE *to, const struct bench_report *r);

bool
bench_plot_check(struct error *err)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (path = path ? path : "/usr/bin:/bin"; *path;) {
        size_t len = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/gnuplot", (int)len, path);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return error_set(err, ERROR_UNAVAILABLE,
                     "--plot: gnuplot is not installed (Debian's package gnuplot-nox)");
}

bool
bench_plot_write(const struct bench_report *r, const char *file, struct error *err)
{
    FILE *to = popen("exec gnuplot", "w");
    int status;

    if (!to) {
        return error_set_errno(err, ERROR_UNAVAILABLE, "gnuplot");
    }
    fprintf(to, "set terminal svg size 900,%zu\nset output ", 160 + 30 * r->n);
    write_quoted(to, file);
    fprintf(to, "\nset title 'Celeriac against the floor: median and spread'\n"
                "set xlabel 'ratio to the floor'\nset xrange [0:*]\nset yrange [-0.6:*] reverse\n"
                "set style fill solid 0.5\nset key off\nset grid xtics\n"
                "set arrow from 1, graph 0 to 1, graph 1 nohead dashtype 2\n");
    write_data(to, r);
    fprintf(to, "plot $ratios using (0):0:(0):2:($0-0.35):($0+0.35):ytic(1) with boxxyerror, "
                "$ratios using 2:0:3:4 with xerrorbars linecolor black pointtype 0\n");
    status = pclose(to);
    return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           error_set(err, ERROR_UNAVAILABLE, "--plot: gnuplot cannot draw %s", file);
}

static void
write_quoted(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++) {
        fputs(*text == '\'' ? "''" : (char[]){*text, 0}, to);
    }
    fputc('\'', to);
}

static void
write_data(FILE *to, const struct bench_report *r)
{
    fprintf(to, "$ratios << END\n");
    for (size_t i = 0; i < r->n; i++) {
        struct series ratios = SERIES_INIT;
        series_ratios(&ratios, &r->lines[i].own, &r->lines[i].floor);
        if (ratios.n > 0) {
            fprintf(to, "\"%s\" %g %g %g\n", r->lines[i].name, series_median(&ratios),
                    series_quantile(&ratios, 0), series_quantile(&ratios, 1));
        }
        series_clear(&ratios);
    }
    fprintf(to, "END\n");
}
