/* Task solve: intervals, guesses, systems, hostile input, and the examples of the manual. */
#include "tests/unit/tasks.h"

#include <math.h>
#include <pthread.h>

#ifndef EXAMPLES
#define EXAMPLES "examples/equations.txt"
#endif

static struct celeriac_testing *math;

static int
setup(void **state)
{
    (void)state;
    if (module_is_built("math"))
        math = open_module("math");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_testing_free(math);
    return 0;
}

static struct celeriac_testing_end
solve(const char *equation, const char *kwargs)
{
    char args[400];
    snprintf(args, sizeof(args), "[\"%s\"]", equation);
    const struct celeriac_testing_end end = celeriac_testing_run(math, "solve", args, kwargs);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s: %s: %s", equation, end.error_type, end.error_message);
    return end;
}

struct wanted {
    const char *equation, *kwargs;
    double roots[8];
    int n;
    double tolerance; /* relative; 0: to the last bits */
};

static void
assert_roots(const struct wanted *wanted)
{
    const struct celeriac_testing_end end = solve(wanted->equation, wanted->kwargs);
    struct celeriac_arena *arena = celeriac_arena_new();
    const struct celeriac_value *v = celeriac_parse(arena, end.result, strlen(end.result), NULL, 0);
    const struct celeriac_value *roots = celeriac_get(v, "roots");
    if ((int)celeriac_size(roots) != wanted->n)
        fail_msg("%s: %s: expected %d roots", wanted->equation, end.result, wanted->n);
    for (int i = 0; i < wanted->n; i++) {
        const double x = wanted->roots[i],
                     tolerance = wanted->tolerance > 0 ? wanted->tolerance : 4.5e-16;
        double root = NAN;
        (void)celeriac_get_number(celeriac_at(roots, (size_t)i), &root);
        if (!(fabs(root - x) <= tolerance * fabs(x)))
            fail_msg("%s: root %d is %.17g: expected %.17g", wanted->equation, i, root, x);
    }
    celeriac_arena_free(arena);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
simple_roots_are_found_to_the_last_bits(void **state)
{
    (void)state;
    static const struct wanted cases[] = {
        {"x^2 = 2", NULL, {-M_SQRT2, M_SQRT2}, 2, 0},
        {"x^2 - 4", NULL, {-2, 2}, 2, 0},
        {"x^3 - 6*x^2 + 11*x = 6", NULL, {1, 2, 3}, 3, 0},
        {"x = cos(x)", NULL, {0.7390851332151607}, 1, 0},
        {"x*exp(x) = 1", NULL, {0.5671432904097838}, 1, 0},
        {"e^x = 10", NULL, {M_LN10}, 1, 0},
        {"tan(t) = t",
         "{\"unknown\":\"t\",\"from\":1,\"to\":8}",
         {4.493409457909064, 7.725251836937707},
         2,
         0},
        {"(x^2 - 1)*(x^2 - 4)*(x^2 - 9)", NULL, {-3, -2, -1, 1, 2, 3}, 6, 0},
        {"x^3 = 1e-30", NULL, {1e-10}, 1, 0},
        {"1e-200*(x - 3)", NULL, {3}, 1, 0},
        {"x + 1e-300", NULL, {-1e-300}, 1, 0},
        {"atan(1e10*(x - 0.123))", NULL, {0.123}, 1, 0},
        {"cbrt(x - 1)", NULL, {1}, 1, 0},
        {"x = 2", "{\"from\":-1e307,\"to\":1e307}", {2}, 1, 0},
    };
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_roots(&cases[i]);
}

static void
roots_close_to_each_other_are_told_apart(void **state)
{
    (void)state;
    static const struct wanted cases[] = {
        {"(x - 0.01)*(x - 0.02)*(x - 0.03)", NULL, {0.01, 0.02, 0.03}, 3, 0},
        {"(x - 5)*(x - 5.0001)", NULL, {5, 5.0001}, 2, 0},
        {"x^2 = 1e-12", NULL, {-1e-6, 1e-6}, 2, 0},
        {"x^2 = 1e-30", NULL, {-1e-15, 1e-15}, 2, 0},
    };
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_roots(&cases[i]);
}

static void
touching_roots_are_found(void **state)
{
    (void)state;
    static const struct wanted cases[] = {
        {"(x - 1)^2", NULL, {1}, 1, 0},
        {"x^2 + 1 = 2*x", NULL, {1}, 1, 0},
        {"(x^2 - 2)^2", NULL, {-M_SQRT2, M_SQRT2}, 2, 1e-12},
        {"x^4 - 4*x^2 + 4", NULL, {-M_SQRT2, M_SQRT2}, 2, 1e-9},
        {"(x - 1.7)^2*(x + 3.3)", NULL, {-3.3, 1.7}, 2, 1e-9},
        {"x^2 - 100*x + 2500", NULL, {50}, 1, 0},
        {"sin(x) = 1", "{\"from\":0,\"to\":9}", {M_PI / 2, M_PI / 2 + 2 * M_PI}, 2, 1e-11},
        {"1 - cos(x)", "{\"from\":-1,\"to\":7}", {0, 2 * M_PI}, 2, 1e-11},
        {"abs(x - 0.5)", NULL, {0.5}, 1, 0},
        {"sqrt(abs(x - 3.3))", NULL, {3.3}, 1, 0},
        {"(x - 0.33)^10", NULL, {0.33}, 1, 0},
        {"abs(sin(x))", "{\"from\":-98,\"to\":-97}", {-31 * M_PI}, 1, 4e-16},
    };
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_roots(&cases[i]);
}

static void
roots_at_the_ends_of_interval_and_domain_are_found(void **state)
{
    (void)state;
    static const struct wanted cases[] = {
        {"x^2 = 1", "{\"from\":-1,\"to\":1}", {-1, 1}, 2, 0},
        {"sqrt(x)", NULL, {0}, 1, 0},
        {"acos(x)", NULL, {1}, 1, 0},
        {"sqrt(x^2 - 2)", NULL, {-M_SQRT2, M_SQRT2}, 2, 0},
        {"ln(x) = -5", NULL, {0.006737946999085467}, 1, 0},
        {"x*ln(x)", NULL, {1}, 1, 0},
        {"1/x = 50", NULL, {0.02}, 1, 0},
    };
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_roots(&cases[i]);
}

static void
poles_jumps_and_near_misses_are_no_roots(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "1/x",          "tan(x) = 1e300",  "floor(x) = 0.5",      "x^2 + 1",         "x^2 + 1e-9",
        "exp(x)",       "exp(-x^2)",       "cosh(x) = 1 - 1e-12", "sin(x) = 2",      "1/(x - 2)^2",
        "sqrt(x) = -1", "abs(x) = -1e-12", "1/(x - 0.3)",         "ln(-x^2 - 1) = 0"};
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct celeriac_testing_end end = solve(cases[i], NULL);
        if (strstr(end.result, "{\"roots\":[],\"residual\":null,\"evaluations\":") != end.result)
            fail_msg("%s: %s", cases[i], end.result);
    }
}

static void
many_roots_are_all_found(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_testing_end end = solve("sin(x) = 0", "{\"from\":-100,\"to\":1000}");
    size_t commas = 0;
    for (const char *c = end.result; *c != ']'; c++)
        commas += *c == ',';
    assert_int_equal(commas + 1, 31 + 1 + 318);
    assert_non_null(strstr(solve("sin(1000*x) = 0", NULL).result, "\"truncated\":true"));
}

static void
a_guess_gives_the_root_near_it(void **state)
{
    (void)state;
    static const struct wanted cases[] = {
        {"x^2 = 2", "{\"guess\":1}", {M_SQRT2}, 1, 0},
        {"x^2 = 2", "{\"guess\":-100}", {-M_SQRT2}, 1, 0},
        {"cos(x) = x", "{\"guess\":0.5}", {0.7390851332151607}, 1, 0},
        {"ln(x) = 2", "{\"guess\":-1}", {7.38905609893065}, 1, 0},
        {"(x - 1.3)^2", "{\"guess\":1}", {1.3}, 1, 0},
        {"x^2 - 2*x + 1", "{\"guess\":5}", {1}, 1, 0},
        {"sin(x) = 1", "{\"guess\":1}", {M_PI / 2}, 1, 1e-11},
        {"x = 3", "{\"guess\":3}", {3}, 1, 0},
        {"x", "{\"guess\":1}", {0}, 1, 0},
        {"abs(x - 2)", "{\"guess\":1}", {2}, 1, 0},
        {"E - 0.9*sin(E) = 0.5", "{\"unknown\":\"E\",\"guess\":1}", {1.3844127202021628}, 1, 0},
    };
    if (math == NULL)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_roots(&cases[i]);
}

static void
assert_solve_rejected(const char *args, const char *kwargs, const char *type, const char *part)
{
    const struct celeriac_testing_end end = celeriac_testing_run(math, "solve", args, kwargs);
    if (end.outcome != CELERIAC_FAILURE)
        fail_msg("%s %s: no failure", args, kwargs != NULL ? kwargs : "");
    assert_string_equal(end.error_type, type);
    if (strstr(end.error_message, part) == NULL)
        fail_msg("%s: \"%s\" does not say \"%s\"", args, end.error_message, part);
    assert_true(end.is_final);
}

static void
a_guess_without_a_root_fails(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char *const cases[] = {"[\"x^2 + 1\"]", "[\"1/x\"]", "[\"exp(x)\"]",
                                        "[\"floor(x) = 0.5\"]"};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_solve_rejected(cases[i], "{\"guess\":1}", "no_convergence", "no root found near 1");
}

static void
bad_equations_are_refused(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_solve_rejected("[\"x = 1 = 2\"]", NULL, "invalid_expression", "more than one '='");
    assert_solve_rejected("[\"x = \"]", NULL, "invalid_expression",
                          "right side, the expression is empty");
    assert_solve_rejected("[\"= x\"]", NULL, "invalid_expression", "left side");
    assert_solve_rejected("[\"1) + (x = 2\"]", NULL, "invalid_expression",
                          "left side, character 2: ')'");
    assert_solve_rejected("[\"y = 3\"]", NULL, "invalid_expression",
                          "\"y\" is not known: expected x");
    assert_solve_rejected("[\"1 = 2\"]", NULL, "invalid_expression", "unknown x does not occur");
    assert_solve_rejected("[\"x = 2*y\"]", NULL, "invalid_expression",
                          "right side, character 4: \"y\"");
    assert_solve_rejected("[\"x = x\"]", NULL, "infinitely_many", "from -100 to 100");
    assert_solve_rejected("[\"x=\\u0000\"]", NULL, "invalid_expression", "byte 0x00");
    assert_solve_rejected("[\"x=1\"]", "{\"unknown\":\"x y\"}", "invalid_arguments",
                          "unknown = \"x y\"");
    assert_solve_rejected("[\"x=1\"]", "{\"from\":2,\"to\":1}", "invalid_arguments",
                          "from = 2, to = 1");
    assert_solve_rejected("[\"x=1\"]", "{\"from\":-1e308,\"to\":1e308}", "invalid_arguments",
                          "apart");
    assert_solve_rejected("[\"x=1\"]", "{\"guess\":\"a\"}", "invalid_arguments", "guess");
    assert_solve_rejected("[5]", NULL, "invalid_arguments", "equation");
    assert_solve_rejected("[null]", NULL, "invalid_arguments", "equation");
    assert_solve_rejected("[[\"x=1\"]]", NULL, "invalid_arguments", "guess");
    assert_solve_rejected("[[\"x=1\",\"y=2\"]]", "{\"guess\":{\"x\":1}}", "invalid_arguments",
                          "as many");
    assert_solve_rejected("[[]]", "{\"guess\":{}}", "invalid_arguments", "as many");
    assert_solve_rejected("[[\"x=1\",\"z=2\"]]", "{\"guess\":{\"x\":1,\"y\":2}}",
                          "invalid_expression", "equation 2: left side, character 1: \"z\"");
    assert_solve_rejected("[[1]]", "{\"guess\":{\"x\":1}}", "invalid_expression",
                          "equation 1: expected a string");
    assert_solve_rejected("[[\"1/x = 2\"]]", "{\"guess\":{\"x\":0}}", "not_finite", "at the guess");
    assert_solve_rejected("[[\"x+y=1\",\"x+y=2\"]]", "{\"guess\":{\"x\":1,\"y\":2}}",
                          "no_convergence", "residual");
    assert_solve_rejected("[[\"x^2+y^2=-1\",\"x=y\"]]", "{\"guess\":{\"x\":1,\"y\":2}}",
                          "no_convergence", "residual");
}

static void
systems_are_solved(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    struct celeriac_arena *arena = celeriac_arena_new();
    const struct celeriac_testing_end end = celeriac_testing_run(
        math, "solve", "[[\"x^2 + y^2 = 25\",\"y = x + 1\"]]", "{\"guess\":{\"x\":2,\"y\":5}}");
    assert_int_equal(end.outcome, CELERIAC_SUCCESS);
    const struct celeriac_value *v = celeriac_parse(arena, end.result, strlen(end.result), NULL, 0);
    double x = 0, y = 0, residual = 1;
    assert_true(celeriac_get_number(celeriac_get(celeriac_get(v, "solution"), "x"), &x));
    assert_true(celeriac_get_number(celeriac_get(celeriac_get(v, "solution"), "y"), &y));
    assert_true(celeriac_get_number(celeriac_get(v, "residual"), &residual));
    assert_true(fabs(x - 3) < 1e-14 && fabs(y - 4) < 1e-14 && residual < 1e-14);
    celeriac_arena_free(arena);
}

static void *
cancel_now(void *arg)
{
    celeriac_testing_cancel(arg, true);
    return NULL;
}

static void
a_cancelled_job_stops_within_its_evaluations(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    (void)cancel_now(math);
    const struct celeriac_testing_end end =
        celeriac_testing_run(math, "solve", "[\"sin(1000*x) = x\"]", NULL);
    celeriac_testing_cancel(math, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

/* ---- the examples ---- */

/* As `celeriac map` reads a line: an array is the arguments, an object the keyword arguments, else
 * one argument. */
static struct celeriac_testing_end
run_line(const char *line)
{
    struct celeriac_arena *arena = celeriac_arena_new();
    const struct celeriac_value *v = celeriac_parse(arena, line, strlen(line), NULL, 0);
    struct celeriac_value *args = celeriac_array(arena);
    celeriac_append(args, celeriac_text(arena, line));
    const bool is_object = celeriac_type(v) == CELERIAC_OBJECT,
               is_array = celeriac_type(v) == CELERIAC_ARRAY;
    const struct celeriac_testing_end end =
        celeriac_testing_run(math, "solve",
                             is_array    ? line
                             : is_object ? NULL
                                         : celeriac_print(arena, args),
                             is_object ? line : NULL);
    celeriac_arena_free(arena);
    return end;
}

static FILE *
open_examples(void)
{
    const char *const places[] = {EXAMPLES, "../" EXAMPLES, "../../" EXAMPLES,
                                  "../../../" EXAMPLES};
    char beside[512];
    snprintf(beside, sizeof(beside), "%s", __FILE__);
    char *tests = strstr(beside, "tests/unit/");
    if (tests != NULL)
        snprintf(tests, sizeof(beside) - (size_t)(tests - beside), "%s", EXAMPLES);
    FILE *file = fopen(beside, "r");
    for (size_t i = 0; i < COUNT(places) && file == NULL; i++)
        file = fopen(places[i], "r");
    return file;
}

static void
all_100_examples_are_solved_with_a_small_residual(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    FILE *file = open_examples();
    char line[1024];
    int n = 0;
    assert_non_null(file);
    for (; fgets(line, sizeof(line), file) != NULL; n++) {
        line[strcspn(line, "\n")] = '\0';
        const struct celeriac_testing_end end = run_line(line);
        if (end.outcome != CELERIAC_SUCCESS)
            fail_msg("line %d: %s: %s", n + 1, line, end.error_message);
        const char *residual = strstr(end.result, "\"residual\":");
        if (residual == NULL || strstr(end.result, "null") != NULL ||
            strtod(residual + 11, NULL) > 1e-7)
            fail_msg("line %d: %s: %s", n + 1, line, end.result);
    }
    fclose(file);
    assert_int_equal(n, 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_roots_are_found_to_the_last_bits),
        cmocka_unit_test(roots_close_to_each_other_are_told_apart),
        cmocka_unit_test(touching_roots_are_found),
        cmocka_unit_test(roots_at_the_ends_of_interval_and_domain_are_found),
        cmocka_unit_test(poles_jumps_and_near_misses_are_no_roots),
        cmocka_unit_test(many_roots_are_all_found),
        cmocka_unit_test(a_guess_gives_the_root_near_it),
        cmocka_unit_test(a_guess_without_a_root_fails),
        cmocka_unit_test(bad_equations_are_refused),
        cmocka_unit_test(systems_are_solved),
        cmocka_unit_test(a_cancelled_job_stops_within_its_evaluations),
        cmocka_unit_test(all_100_examples_are_solved_with_a_small_residual),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
