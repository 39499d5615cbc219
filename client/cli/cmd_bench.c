/* celeriac bench: how fast this is, here, against what cannot be done without.
 *
 * Each benchmark is a row; a repetition of it measures Celeriac and the floor in turn, so that both
 * meet the same weather. Repetitions of several benchmarks follow one another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/bench.h"
#include "client/cli/local.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"

const struct benchmark benchmarks[] = {
    {"submit", "one at a time, and many at once", 100000, 5, bench_submit},
    {"drain", "jobs wait, a worker starts", 100000, 5, bench_drain},
    {"roundtrip", "submit and wait, one after the other", 2000, 5, bench_roundtrip},
    {"pipeline", "submitting while draining", 100000, 5, bench_pipeline},
    {"countdown", "a whole against two halves at once, as threads and as processes", 1, 3,
     bench_countdown},
    {"map", "lines of a file through the task eval", 1000000, 3, bench_map},
    {"memory", "bytes in Redis of a waiting job", 100000, 3, bench_memory},
    {"delayed", "how late delayed jobs start", 500, 3, bench_delayed},
    {"recovery", "kill -9 of a runner and of a whole worker", 2000, 1, bench_recovery},
    {"scale", "jobs waiting, queues, runners", 20000, 1, bench_scale},
    {"floor", "the floor alone", 100000, 5, bench_floor},
    {"slots", "share of the slots' time that is spent in tasks of 10 ms", 1000, 3, bench_slots},
    {"tasks", "the standard tasks against compiled C and numpy", 100000, 3, bench_tasks},
};
const size_t n_benchmarks = sizeof benchmarks / sizeof *benchmarks;

#define BENCH_OPTION(field, ...)                                                                   \
    {                                                                                              \
        .offset = offsetof(struct bench_options, field), __VA_ARGS__                               \
    }

static const struct option rows[] = {
    BENCH_OPTION(jobs, .name = "jobs", .letter = 'n', .type = OPTION_INTEGER, .min = 1,
                 .max = 10000000, .unit = "N", .help = "jobs of a repetition"),
    BENCH_OPTION(repeat, .name = "repeat", .type = OPTION_INTEGER, .min = 1, .max = 1000,
                 .unit = "N", .help = "repetitions"),
    BENCH_OPTION(processes, .name = "processes", .letter = 'P', .type = OPTION_INTEGER,
                 .fallback = "2", .min = 1, .max = 64, .unit = "N",
                 .help = "processes of the worker"),
    BENCH_OPTION(threads, .name = "threads", .letter = 'T', .type = OPTION_INTEGER, .fallback = "1",
                 .min = 1, .max = 256, .unit = "N", .help = "threads of each process"),
    BENCH_OPTION(result_ttl_ms, .name = "result-ttl", .type = OPTION_DURATION, .fallback = "1h",
                 .unit = "DUR", .help = "how long results are kept"),
    BENCH_OPTION(whole_ms, .name = "whole", .type = OPTION_DURATION, .fallback = "2s", .min = 10,
                 .max = 3600000, .unit = "DUR", .help = "length of the whole countdown"),
    BENCH_OPTION(plot, .name = "plot", .type = OPTION_TEXT, .unit = "FILE",
                 .help = "draw the ratios as SVG (with gnuplot)"),
    BENCH_OPTION(local, .name = "local", .type = OPTION_FLAG,
                 .help = "with a private redis-server, as when no broker is configured"),
};

static int run(struct cli *cli, const void *options);

const struct command cmd_bench = {
    .name = "bench",
    .group = GROUP_PROGRAM,
    .summary = "Measures how fast this is",
    .usage = "bench NAME...",
    .details =
        "NAME is submit, drain, roundtrip, pipeline, countdown, map, memory, delayed, recovery, "
        "scale, floor,\n"
        "slots, tasks, or all. Each line shows the median and the spread over the repetitions, and "
        "the "
        "ratio to the\n"
        "floor: the same bytes through the same Redis with the plain commands that cannot be "
        "done without,\n"
        "pipelined, measured in turn. The workers are processes of this program. All keys are "
        "in a namespace of\n"
        "their own, and are deleted at the end.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct bench_options),
    .examples = {"celeriac bench drain --repeat 9", "celeriac bench submit drain --plot rates.svg"},
    .exit_codes = "0   done\n" SESSION_EXIT_USAGE SESSION_EXIT_BROKER,
    .run = run,
};

static bool
run_named(struct bench *b, const char *name, struct error *err)
{
    for (size_t i = 0; i < n_benchmarks; i++) {
        int64_t repeat = b->options->repeat ? b->options->repeat : benchmarks[i].repeat;
        if (strcmp(name, "all") != 0 && strcmp(name, benchmarks[i].name) != 0) {
            continue;
        }
        b->row = &benchmarks[i];
        for (int64_t k = 0; k < repeat; k++) {
            if (!b->row->run(b, err) || !bench_empty(b, err)) {
                return error_prefix(err, "%s", b->row->name);
            }
        }
    }
    return true;
}

static bool
is_known(const char *name)
{
    bool known = strcmp(name, "all") == 0;

    for (size_t i = 0; i < n_benchmarks; i++) {
        known |= strcmp(name, benchmarks[i].name) == 0;
    }
    return known;
}

static bool
check(const struct cli *cli, const struct bench_options *o, struct error *err)
{
    for (size_t i = 0; i < cli->operands.count; i++) {
        if (!is_known(cli->operands.items[i])) {
            return error_set(err, ERROR_USAGE, "no benchmark \"%.40s\": see celeriac bench --help",
                             cli->operands.items[i]);
        }
    }
    return !o->plot || bench_plot_check(err);
}

static int
run(struct cli *cli, const void *options)
{
    struct bench *b;
    struct local *local = NULL;
    struct error err = ERROR_INIT;
    bool is_private, ok;
    int code;
    const struct bench_options *o = options;

    if (!session_needs(cli, 1, &code)) {
        return code;
    }
    if (!check(cli, o, &err)) {
        return cli_fail(&err);
    }
    is_private = o->local || !cli->is_broker_configured;
    if (is_private) {
        fprintf(stderr, "celeriac: measuring with a private redis-server\n");
    }
    b = calloc(1, sizeof *b);
    MUST(b);
    b->cli = cli;
    b->options = o;
    ok = (!is_private || local_start(&local, cli, NULL, &err)) && bench_open(b, &err);
    for (size_t i = 0; ok && i < cli->operands.count; i++) {
        ok = run_named(b, cli->operands.items[i], &err);
    }
    if (ok) {
        bench_report_print(&b->report, cli);
        ok = !o->plot || bench_plot_write(&b->report, o->plot, &err);
    }
    bench_close(b);
    free(b);
    local_stop(local);
    return ok ? 0 : cli_fail(&err);
}
