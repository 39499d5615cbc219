/* The table and the JSON of benchmarks. */
#include "client/cli/bench_report.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/value.h"

static void print_table(const struct bench_report *r, const struct cli *cli);
static void print_json(const struct bench_report *r);
static const char *rounded(struct celeriac_arena *arena, double value);

void
bench_report_clear(struct bench_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        series_clear(&r->lines[i].own);
        series_clear(&r->lines[i].floor);
    }
    r->n = 0;
}

struct bench_line *
bench_report_line(struct bench_report *r, const char *name, const char *unit, const char *against)
{
    struct bench_line *line;

    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->lines[i].name, name) == 0) {
            return &r->lines[i];
        }
    }
    MUST(r->n < BENCH_LINES_MAX);
    line = &r->lines[r->n++];
    *line = (struct bench_line){.unit = unit, .against = against};
    snprintf(line->name, sizeof line->name, "%s", name);
    return line;
}

void
bench_report_print(const struct bench_report *r, const struct cli *cli)
{
    if (cli->options.json) {
        print_json(r);
    } else {
        print_table(r, cli);
    }
}

static void
print_table(const struct bench_report *r, const struct cli *cli)
{
    static const struct table_column columns[] = {
        {"MEASURE", false, false}, {"MEDIAN", true, false}, {"MIN", true, false},
        {"MAX", true, false},      {"UNIT", false, false},  {"FLOOR", true, false},
        {"RATIO", true, false},    {"MIN", true, false},    {"MAX", true, false},
        {"AGAINST", false, true}};
    struct table *t = table_new(columns, sizeof columns / sizeof *columns);
    struct celeriac_arena *arena = arena_new();

    for (size_t i = 0; i < r->n; i++) {
        const struct bench_line *line = &r->lines[i];
        struct series ratios = SERIES_INIT;
        bool has_ratio;

        series_ratios(&ratios, &line->own, &line->floor);
        has_ratio = ratios.n > 0;
        table_cell(t, "%s", line->name);
        table_cell(t, "%s", rounded(arena, series_median(&line->own)));
        table_cell(t, "%s", rounded(arena, series_quantile(&line->own, 0)));
        table_cell(t, "%s", rounded(arena, series_quantile(&line->own, 1)));
        table_cell(t, "%s", line->unit);
        table_cell(t, "%s", has_ratio ? rounded(arena, series_median(&line->floor)) : "-");
        for (int q = 0; q < 3; q++) {
            static const double shares[] = {0.5, 0, 1};
            double ratio = series_quantile(&ratios, shares[q]);
            table_cell(t, "%s", has_ratio ? arena_printf(arena, "%.3f", ratio) : "-");
        }
        table_cell(t, "%s", has_ratio ? line->against : "-");
        series_clear(&ratios);
    }
    table_print(t, output_width(), output_has_colors(cli), stdout);
    table_free(t);
    arena_free(arena);
}

static const char *
rounded(struct celeriac_arena *arena, double value)
{
    double size = value < 0 ? -value : value;

    return arena_printf(arena, "%.*f", size >= 1000 ? 0 : size >= 10 ? 1 : 3, value);
}

static struct celeriac_value *
series_view(const struct series *s, struct celeriac_arena *arena)
{
    struct celeriac_value *view = celeriac_object(arena), *all = celeriac_array(arena);

    celeriac_set(view, "median", celeriac_number(arena, series_median(s)));
    celeriac_set(view, "min", celeriac_number(arena, series_quantile(s, 0)));
    celeriac_set(view, "max", celeriac_number(arena, series_quantile(s, 1)));
    for (size_t i = 0; i < s->n; i++) {
        celeriac_append(all, celeriac_number(arena, s->values[i]));
    }
    celeriac_set(view, "values", all);
    return view;
}

static struct celeriac_value *
line_view(const struct bench_line *line, struct celeriac_arena *arena)
{
    struct celeriac_value *view = celeriac_object(arena);
    struct series ratios = SERIES_INIT;

    celeriac_set(view, "measure", celeriac_text(arena, line->name));
    celeriac_set(view, "unit", celeriac_text(arena, line->unit));
    celeriac_set(view, "own", series_view(&line->own, arena));
    series_ratios(&ratios, &line->own, &line->floor);
    if (ratios.n > 0) {
        celeriac_set(view, "against", celeriac_text(arena, line->against));
        celeriac_set(view, "floor", series_view(&line->floor, arena));
        celeriac_set(view, "ratio", series_view(&ratios, arena));
    }
    series_clear(&ratios);
    return view;
}

static void
print_json(const struct bench_report *r)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_value *view = celeriac_object(arena), *lines = celeriac_array(arena);
    struct utsname machine;
    char now[CLOCK_TEXT_SIZE];

    celeriac_set(view, "v", celeriac_integer(arena, 1));
    celeriac_set(view, "version", celeriac_text(arena, CELERIAC_VERSION));
    celeriac_set(view, "measured_at", celeriac_text(arena, clock_print(clock_wall_ms(), now)));
    if (uname(&machine) == 0) {
        celeriac_set(view, "kernel", celeriac_text(arena, machine.release));
        celeriac_set(view, "machine", celeriac_text(arena, machine.machine));
    }
    celeriac_set(view, "cores", celeriac_integer(arena, sysconf(_SC_NPROCESSORS_ONLN)));
    for (size_t i = 0; i < r->n; i++) {
        celeriac_append(lines, line_view(&r->lines[i], arena));
    }
    celeriac_set(view, "lines", lines);
    output_json(view);
    arena_free(arena);
}
