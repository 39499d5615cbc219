/* tasks: the standard tasks against what their users would take instead: the same expression
 * compiled as C, numpy, and small equations by the file. Run times are those that the worker
 * reports, without the way to it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/bench.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"

/* Sizes, in terms of the benchmark's number of jobs. */
enum { POINTS_PER_JOB = 100, DIGITS_PER_JOB = 10, EQUATIONS_MAX = 1000 };

typedef double formula_fn(double x, double y);

static double
sum_of_products(double x, double y)
{
    return x * x + 3 * x * y - y / 2;
}

static double
waves(double x, double y)
{
    return sin(x) * exp(-y) + sqrt(x);
}

/* Evaluations per second over the grid [1, 2) x [1, 2) of side * side points. The compiler must
 * neither know the function nor drop the sum. */
static double
compiled_rate(formula_fn *volatile formula, size_t side)
{
    int64_t since_us = clock_mono_us();
    static volatile double kept;
    double sum = 0;

    for (size_t i = 0; i < side; i++) {
        for (size_t k = 0; k < side; k++) {
            sum += formula(1 + (double)i / (double)side, 1 + (double)k / (double)side);
        }
    }
    kept = sum;
    (void)kept;
    return bench_per_second(side * side, since_us);
}

/* The run time of one job in seconds. */
static bool
run_time(struct bench *b, const char *task, const struct celeriac_value *args, double *seconds,
         struct error *err)
{
    struct celeriac_job job = b->job;
    struct celeriac_future *future;
    const struct celeriac_report *report;

    job.task = task;
    job.args = args;
    if (!bench_run_job(b, &job, &future, err)) {
        return false;
    }
    report = celeriac_future_report(future);
    *seconds = (double)(report->runtime_us > 0 ? report->runtime_us : 1) / 1e6;
    celeriac_future_free(future);
    return true;
}

static bool
evaluations(struct bench *b, const char *name, const char *expression, formula_fn *formula,
            struct error *err)
{
    size_t side = (size_t)sqrt((double)bench_jobs(b) * POINTS_PER_JOB) + 1;
    char *text = mem_printf("[\"%s\",{\"x\":{\"from\":1,\"to\":2,\"n\":%zu},"
                            "\"y\":{\"from\":1,\"to\":2,\"n\":%zu}},\"summary\"]",
                            expression, side, side);
    const struct celeriac_value *args = json_parse(b->arena, text, strlen(text), err);
    double seconds;

    free(text);
    if (!args || !run_time(b, "table", args, &seconds, err)) {
        return false;
    }
    bench_add_against(b, name, "1/s", (double)(side * side) / seconds, compiled_rate(formula, side),
                      "compiled C");
    return true;
}

/* numpy's time for a system of n equations in ms, with one thread as a job has; 0: not here. */
static double
numpy_ms(size_t n)
{
    char command[512];
    double ms = 0;
    FILE *from;

    snprintf(
        command, sizeof command,
        "PATH=/usr/bin:$PATH OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python3 -c '"
        "import numpy as n, time as t\n"
        "r = n.random.default_rng(1); a = r.random((%zu, %zu)); b = r.random(%zu)\n"
        "def once():\n s = t.perf_counter(); n.linalg.solve(a, b); return t.perf_counter() - s\n"
        "print(min(once() for _ in range(5)) * 1000)' 2>/dev/null",
        n, n, n);
    from = popen(command, "re");
    if (from && fscanf(from, "%lf", &ms) != 1) {
        ms = 0;
    }
    if (from) {
        pclose(from);
    }
    return ms;
}

/* Numbers in [0, 1), the same each time. */
static struct celeriac_value *
random_matrix(struct celeriac_arena *arena, size_t rows, size_t cols)
{
    struct celeriac_value *m = celeriac_object(arena);
    double *numbers = mem_array(rows * cols, sizeof *numbers);
    uint64_t state = 1;

    for (size_t i = 0; i < rows * cols; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        numbers[i] = (double)(state >> 11) / 9007199254740992.0;
    }
    celeriac_set(m, "rows", celeriac_integer(arena, (int64_t)rows));
    celeriac_set(m, "cols", celeriac_integer(arena, (int64_t)cols));
    celeriac_set(m, "data", celeriac_binary(arena, numbers, rows * cols * sizeof *numbers));
    free(numbers);
    return m;
}

static bool
linear(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b) < EQUATIONS_MAX ? bench_jobs(b) : EQUATIONS_MAX;
    struct celeriac_value *args = celeriac_array(b->arena);
    double seconds = 0, best = INFINITY, numpy = numpy_ms(n);

    celeriac_append(args, random_matrix(b->arena, n, n));
    celeriac_append(args, random_matrix(b->arena, n, 1));
    for (int i = 0; i < 5; i++) {
        if (!run_time(b, "linear_large", args, &seconds, err)) {
            return false;
        }
        best = seconds < best ? seconds : best;
    }
    if (numpy == 0) {
        fprintf(stderr, "celeriac: python3-numpy is not installed: linear_large is compared with "
                        "nothing\n");
    }
    bench_add_against(b, "linear_large, 1,000 equations", "ms", best * 1000, numpy, "numpy");
    return true;
}

static bool
digits_of_pi(struct bench *b, struct error *err)
{
    struct celeriac_value *args = celeriac_array(b->arena);
    double seconds;

    celeriac_append(args, celeriac_integer(b->arena, (int64_t)bench_jobs(b) * DIGITS_PER_JOB));
    if (!run_time(b, "pi", args, &seconds, err)) {
        return false;
    }
    bench_add(b, "pi, 1,000,000 digits", "ms", seconds * 1000, 0);
    return true;
}

static void
write_equation(FILE *to, size_t i)
{
    fprintf(to, "[\"x^3 - %zu*x = %zu\"]\n", i % 89 + 1, i % 97);
}

bool
bench_tasks(struct bench *b, struct error *err)
{
    struct bench_lines equations = {"solve", write_equation, bench_jobs(b)};
    double rate;

    if (!bench_worker_ready(b, &(struct bench_worker){0}, err) ||
        !evaluations(b, "table, x*x + 3*x*y - y/2", "x*x + 3*x*y - y/2", sum_of_products, err) ||
        !evaluations(b, "table, sin(x)*exp(-y) + sqrt(x)", "sin(x)*exp(-y) + sqrt(x)", waves,
                     err) ||
        !linear(b, err) || !digits_of_pi(b, err) || !bench_map_lines(b, &equations, &rate, err)) {
        return false;
    }
    bench_add(b, "map solve, 100,000 equations", "lines/s", rate, 0);
    return true;
}
