/* Tasks fit and minimize: against certified and published values. The fits are NIST's Statistical
 * Reference Datasets for nonlinear regression (https://www.itl.nist.gov/div898/strd/nls/). */
#include "tests/unit/tasks_math.h"

#define MISRA1A                                                                                    \
    "{\"y\":[10.07,14.73,17.94,23.93,29.61,35.18,40.02,44.82,50.76,55.05,61.01,66.40,75.47,81.78]" \
    ","                                                                                            \
    "\"x\":[77.6,114.9,141.1,190.8,239.9,289.0,332.8,378.4,434.8,477.3,536.8,593.1,689.1,760.0]}"
#define MGH09                                                                                      \
    "{\"y\":[0.1957,0.1947,0.1735,0.16,0.0844,0.0627,0.0456,0.0342,0.0323,0.0235,0.0246],"         \
    "\"x\":[4,2,1,0.5,0.25,0.167,0.125,0.1,0.0833,0.0714,0.0625]}"

static void
misra1a_has_its_certified_values_from_both_starts(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char *const starts[] = {"{\"a\":500,\"b\":0.0001}", "{\"a\":250,\"b\":0.0005}"};
    char args[1000];
    for (int i = 0; i < 2; i++) {
        snprintf(args, sizeof(args), "[\"a*(1 - exp(-b*x))\",%s,%s]", MISRA1A, starts[i]);
        const struct celeriac_value *v = math_answer("fit", args, NULL);
        assert_number(v, "parameters.a", 2.3894212918e2, 1e-8);
        assert_number(v, "parameters.b", 5.5015643181e-4, 1e-8);
        assert_number(v, "errors.a", 2.7070075241, 1e-7);
        assert_number(v, "errors.b", 7.2668688436e-6, 1e-7);
        assert_number(v, "residual", 1.2455138894e-1, 1e-9);
        assert_number(v, "deviation", 1.0187876330e-1, 1e-9);
        assert_number(v, "freedom", 12, 0);
    }
}

static void
mgh09_of_higher_difficulty_has_its_certified_values(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char *const starts[] = {"{\"a\":25,\"b\":39,\"c\":41.5,\"d\":39}",
                                         "{\"a\":0.25,\"b\":0.39,\"c\":0.415,\"d\":0.39}"};
    char args[1000];
    for (int i = 0; i < 2; i++) {
        snprintf(args, sizeof(args), "[\"a*(x^2 + x*b)/(x^2 + x*c + d)\",%s,%s]", MGH09, starts[i]);
        const struct celeriac_value *v = math_answer("fit", args, NULL);
        assert_number(v, "parameters.a", 1.9280693458e-1, 1e-6);
        assert_number(v, "parameters.d", 1.3606233068e-1, 1e-5);
        assert_number(v, "errors.a", 1.1435312227e-2, 1e-5);
        assert_number(v, "residual", 3.0750560385e-4, 1e-9);
    }
}

static void
a_line_is_fitted_exactly_and_weights_count(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("fit", "[\"a*x + b\",{\"y\":[1,3,5],\"x\":[0,1,2]},{\"a\":1,\"b\":0}]", NULL);
    assert_number(v, "parameters.a", 2, 1e-12);
    assert_number(v, "parameters.b", 1, 1e-12);
    v = math_answer("fit", "[\"a\",{\"y\":[1,4]},{\"a\":0}]", "{\"sigma\":[1,2]}");
    assert_number(v, "parameters.a", 1.6, 1e-10); /* (1/1 + 4/4) / (1 + 1/4) */
    assert_number(v, "errors.a", sqrt(0.8), 1e-8);
}

static void
what_the_data_do_not_determine_is_said(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("fit", "[\"a + b\",{\"y\":[1,2,3]},{\"a\":1,\"b\":2}]", NULL);
    assert_true(isnan(number_at(v, "errors.a")) && isnan(number_at(v, "errors.b")));
    assert_non_null(celeriac_get(v, "caveat"));
    assert_math_rejected("fit", "[\"exp(a*x)\",{\"y\":[1],\"x\":[1]},{\"a\":1000}]", NULL,
                         "not_finite");
    assert_math_rejected("fit", "[\"a*x\",{\"y\":[1,2],\"x\":[1]},{\"a\":1}]", NULL,
                         "invalid_arguments");
    assert_math_rejected("fit", "[\"a*x\",{\"x\":[1]},{\"a\":1}]", NULL, "invalid_arguments");
    assert_math_rejected("fit", "[\"x\",{\"y\":[1],\"x\":[1]},{\"x\":1}]", NULL,
                         "invalid_arguments");
}

/* Rosenbrock's and Powell's functions: More, Garbow, Hillstrom, "Testing Unconstrained Optimization
 * Software", 1981, problems 1 and 13. */
static void
minima_of_the_classical_functions_are_found(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("minimize", "[\"(1 - x)^2 + 100*(y - x^2)^2\",{\"x\":-1.2,\"y\":1}]", NULL);
    assert_number(v, "at.x", 1, 1e-9);
    assert_number(v, "at.y", 1, 1e-9);
    v = math_answer("minimize",
                    "[\"(a + 10*b)^2 + 5*(c - d)^2 + (b - 2*c)^4 + 10*(a - d)^4\","
                    "{\"a\":3,\"b\":-1,\"c\":0,\"d\":1}]",
                    NULL);
    assert_number(v, "at.a", 0, 1e-4); /* flat: the Hessian is singular */
    assert_number(v, "value", 0, 1e-15);
}

static void
the_least_value_of_an_interval_is_found(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v = math_answer("minimize", "[\"x^2 - x + sin(5*x)\"]", NULL);
    const double x = number_at(v, "at.x");
    assert_true(fabs(2 * x - 1 + 5 * cos(5 * x)) < 1e-5);
    assert_number(math_answer("minimize", "[\"x\"]", "{\"from\":2,\"to\":3}"), "at.x", 2, 0);
    assert_number(
        math_answer("minimize", "[\"gamma(t)\"]", "{\"from\":0.5,\"to\":3,\"variable\":\"t\"}"),
        "at.t", 1.46163214496836, 1e-7);
    assert_math_rejected("minimize", "[\"x\",{\"x\":1}]", NULL, "unbounded");
    assert_math_rejected("minimize", "[\"1/x\",{\"x\":1}]", NULL, "unbounded");
    assert_math_rejected("minimize", "[\"-1/x^2\"]", NULL, "unbounded");
    assert_math_rejected("minimize", "[\"ln(x)\",{\"x\":-1}]", NULL, "not_finite");
    assert_math_rejected("minimize", "[\"0/0\"]", NULL, "not_finite");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misra1a_has_its_certified_values_from_both_starts),
        cmocka_unit_test(mgh09_of_higher_difficulty_has_its_certified_values),
        cmocka_unit_test(a_line_is_fitted_exactly_and_weights_count),
        cmocka_unit_test(what_the_data_do_not_determine_is_said),
        cmocka_unit_test(minima_of_the_classical_functions_are_found),
        cmocka_unit_test(the_least_value_of_an_interval_is_found),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
