/* Task eval: the language of expressions, and what happens to text that is none. */
#include "tests/unit/tasks.h"

#include <math.h>

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

static void
assert_value(const char *expression, double expected)
{
    char args[400];
    snprintf(args, sizeof(args), "[\"%s\"]", expression);
    const struct celeriac_testing_end end = celeriac_testing_run(math, "eval", args, NULL);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s: %s", expression, end.error_message);
    const double value = strtod(end.result, NULL);
    if (!(fabs(value - expected) <= 1e-15 * fabs(expected)))
        fail_msg("%s = %s: expected %.17g", expression, end.result, expected);
}

static void
the_manuals_example_prints_10(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_result(math, "eval", "[\"x^2+y\",{\"x\":3,\"y\":1}]", NULL, "10");
}

static void
operators_bind_as_in_mathematics(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_value("1 + 2*3", 7);
    assert_value("(1 + 2)*3", 9);
    assert_value("-2^2", -4);
    assert_value("2^3^2", 512);
    assert_value("2^-1", 0.5);
    assert_value("7/2", 3.5);
    assert_value("1 < 2 && 3 >= 3", 1);
    assert_value("1 != 1 || 2 == 3", 0);
    assert_value("2 > 1 ? 10 : 20", 10);
    assert_value("1.5e3 + .5 + 1.", 1501.5);
    assert_value(" \\t\\n 1 \\r\\n + 1 ", 2);
}

static void
functions_and_constants_are_there(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_value("pi", 3.141592653589793);
    assert_value("_pi - pi + e - _e", 0);
    assert_value("ln(e) + log(e)", 2);
    assert_value("log10(1000) + log2(8)", 6);
    assert_value("sin(pi/6)", sin(3.141592653589793 / 6));
    assert_value("exp(1) - e", 0);
    assert_value("abs(-3) + sign(-2) + sqrt(16) + cbrt(27)", 9);
    assert_value("floor(2.7) + ceil(2.2) + round(2.5) + trunc(-2.7)", 6);
    assert_value("gamma(5) + erf(0) + erfc(0)", 25);
    assert_value("mod(-1, 3) + hypot(3, 4) + pow(2, 5) + atan2(0, 1)", 39);
    assert_value("min(3, 1, 2) + max(3, 1, 2) + sum(1, 2, 3) + avg(1, 2, 3)", 12);
}

static void
variables_hide_constants(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_result(math, "eval", "[\"e+1\",{\"e\":2}]", NULL, "3");
    assert_result(math, "eval", "[\"e+1\",{\"e\":3}]", NULL, "4");
    assert_result(math, "eval", "[\"x_1 + Y\",{\"x_1\":1,\"Y\":1e300,\"unused\":5}]", NULL,
                  "1e+300");
}

static void
a_result_that_is_not_finite_is_a_failure(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_rejected(math, "eval", "[\"1/0\"]", "not_finite", "infinite");
    assert_rejected(math, "eval", "[\"-1/0\"]", "not_finite", "minus infinite");
    assert_rejected(math, "eval", "[\"1e308^1e308\"]", "not_finite", "infinite");
    assert_rejected(math, "eval", "[\"0/0\"]", "not_finite", "not a number");
    assert_rejected(math, "eval", "[\"sqrt(-1)\"]", "not_finite", "not a number");
}

static void
messages_say_where_and_what(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const struct {
        const char *args, *part;
    } cases[] = {
        {"[\"foo + 1\"]", "character 1: \"foo\" is not known"},
        {"[\"1 + foo(2)\"]", "character 5: no function is called \"foo\""},
        {"[\"x = 5\", {\"x\": 1}]", "character 3: '='"},
        {"[\"2x\", {\"x\": 1}]", "character 2: expected an operator"},
        {"[\"2 3\"]", "character 3: expected an operator"},
        {"[\"(1)(2)\"]", "character 4: expected an operator"},
        {"[\"sin\"]", "expected '('"},
        {"[\"sin()\"]", "too few arguments"},
        {"[\"sin(1, 2)\"]", "too many arguments"},
        {"[\"atan2(1)\"]", "too few arguments"},
        {"[\"(1\"]", "expected ')'"},
        {"[\"1)\"]", "character 2: ')' without '('"},
        {"[\"1 +\"]", "ends too early"},
        {"[\"\"]", "empty"},
        {"[\"()\"]", "parenthesis"},
        {"[\"1, 2\"]", "character 2: a comma"},
        {"[\"(1, 2)\"]", "character 3: a comma"},
        {"[\"1e400\"]", "character 1: a number beyond"},
        {"[\"1 ? 2\"]", "'?' without ':'"},
        {"[\"1 : 2\"]", "':' without '?'"},
        {"[\"\\\"a\\\"\"]", "character 1: '\"'"},
        {"[\"1 + \\u0000\"]", "character 5: byte 0x00"},
        {"[\"\\u00fc\"]", "character 1: byte 0xc3"},
        {"[\"1 @ 2\"]", "character 3: '@'"},
        {"[\"0x1F\"]", "character 2: expected an operator"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_rejected(math, "eval", cases[i].args, "invalid_expression", cases[i].part);
}

static void
bad_variables_are_refused(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_rejected(math, "eval", "[\"a\",{\"a\":\"1\"}]", "invalid_arguments",
                    "\"a\": expected a number");
    assert_rejected(math, "eval", "[\"1\",{\"a b\":1}]", "invalid_arguments",
                    "\"a b\": expected a name");
    assert_rejected(math, "eval", "[\"1\",{\"\":1}]", "invalid_arguments", "expected a name");
    assert_rejected(math, "eval", "[\"sin\",{\"sin\":1}]", "invalid_expression", "is a function");
    assert_rejected(math, "eval", "[\"1\",5]", "invalid_arguments",
                    "variables = 5: expected object");
    assert_rejected(math, "eval", "[5]", "invalid_arguments", "expression = 5: expected string");
}

/* `open` again and again, around `middle`. */
static char *
repeat(const char *open, size_t n, const char *middle, const char *close)
{
    char *text = malloc(n * (strlen(open) + strlen(close)) + strlen(middle) + 8);
    assert_non_null(text);
    char *end = stpcpy(text, "[\"");
    for (size_t i = 0; i < n; i++)
        end = stpcpy(end, open);
    end = stpcpy(end, middle);
    for (size_t i = 0; i < n; i++)
        end = stpcpy(end, close);
    stpcpy(end, "\"]");
    return text;
}

static void
length_and_nesting_have_limits(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char *deep = repeat("(", 64, "1", ")"), *deeper = repeat("(", 65, "1", ")");
    char *calls = repeat("sin(", 65, "1", ")"), *signs = repeat("-(", 900, "1", ")");
    char *longest = repeat("1+", 999, "12", ""), *longer = repeat("1+", 1000, "1", "");
    char *huge = repeat("(", 300000, "1", ")");
    assert_result(math, "eval", deep, NULL, "1");
    assert_rejected(math, "eval", deeper, "invalid_expression",
                    "character 65: parentheses nested deeper than 64");
    assert_rejected(math, "eval", calls, "invalid_expression", "nested");
    assert_rejected(math, "eval", signs, "invalid_expression", "2701 characters");
    assert_result(math, "eval", longest, NULL, "1011");
    assert_rejected(math, "eval", longer, "invalid_expression",
                    "2001 characters: expected at most 2000");
    assert_rejected(math, "eval", huge, "invalid_expression", "characters: expected at most 2000");
    char *all[] = {deep, deeper, calls, signs, longest, longer, huge};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]);
}

static void
more_expressions_than_are_kept_are_all_right(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char args[64], expected[16];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 200; i++) {
            snprintf(args, sizeof(args), "[\"x + %d\",{\"x\":%d}]", i, round);
            snprintf(expected, sizeof(expected), "%d", i + round);
            assert_result(math, "eval", args, NULL, expected);
            assert_rejected(math, "eval", "[\"1 +\"]", "invalid_expression", "early");
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manuals_example_prints_10),
        cmocka_unit_test(operators_bind_as_in_mathematics),
        cmocka_unit_test(functions_and_constants_are_there),
        cmocka_unit_test(variables_hide_constants),
        cmocka_unit_test(a_result_that_is_not_finite_is_a_failure),
        cmocka_unit_test(messages_say_where_and_what),
        cmocka_unit_test(bad_variables_are_refused),
        cmocka_unit_test(length_and_nesting_have_limits),
        cmocka_unit_test(more_expressions_than_are_kept_are_all_right),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
