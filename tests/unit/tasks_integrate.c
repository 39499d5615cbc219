/* Task integrate: against integrals in closed form. */
#include "tests/unit/tasks_math.h"

static const struct {
    const char *args, *kwargs;
    double value, tolerance;
} cases[] = {
    {"[\"x^2\",0,3]", NULL, 9, 1e-15},
    {"[\"x^2\",3,0]", NULL, -9, 1e-15},
    {"[\"t^2\",0,3]", "{\"variable\":\"t\"}", 9, 1e-15},
    {"[\"x\",1,1]", NULL, 0, 0},
    {"[\"log(x)/sqrt(x)\",0,1]", NULL, -4, 1e-12}, /* singular at its end; QUADPACK's example */
    {"[\"x^(-0.9)\",0,1]", NULL, 10, 1e-10},
    {"[\"exp(-x^2)\",\"-inf\",\"inf\"]", NULL, 1.7724538509055160273, 1e-12}, /* sqrt(pi) */
    {"[\"exp(-x)\",0,\"inf\"]", NULL, 1, 1e-10},
    {"[\"exp(x)\",\"-inf\",0]", NULL, 1, 1e-10},
    {"[\"1/(1 + x^2)\",\"inf\",\"-inf\"]", NULL, -M_PI, 1e-10},
    {"[\"exp(-x)/sqrt(x)\",0,\"inf\"]", NULL, 1.7724538509055160273, 1e-10}, /* gamma(1/2) */
    {"[\"ln(abs(x))\",-1,1]", NULL, -2, 1e-12}, /* singular inside, found by itself */
    {"[\"1/sqrt(abs(x - 0.3))\",0,1]", "{\"points\":[0.3]}", 2.7687651680779, 1e-12},
    {"[\"exp(-abs(x - 500))\",\"-inf\",\"inf\"]", "{\"points\":[500]}", 2, 1e-10},
    {"[\"sin(x)/x\",-1,1]", NULL, 1.8921661407343660298, 1e-14}, /* 2 Si(1) */
    {"[\"sin(x)\",0,1000]", NULL, 0.43762092370776, 1e-10},      /* 1 - cos(1000) */
    {"[\"x^x\",0,1]", NULL, 0.78343051071213440706, 1e-12},      /* the sophomore's dream */
    {"[\"floor(x)\",0,10]", "{\"points\":[1,2,3,4,5,6,7,8,9]}", 45, 1e-15},
};

static void
integrals_agree_with_their_closed_form(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct celeriac_value *v = math_answer("integrate", cases[i].args, cases[i].kwargs);
        const double value = number_at(v, "value"), error = number_at(v, "error");
        const double off = fabs(value - cases[i].value);
        if (!(off <= cases[i].tolerance * fabs(cases[i].value)))
            fail_msg("%s: %.17g: expected %.17g", cases[i].args, value, cases[i].value);
        if (!(off <= 10 * error + 4e-16 * fabs(value))) /* the estimate is honest */
            fail_msg("%s: error %g: it is %g", cases[i].args, error, off);
    }
}

static void
divergent_and_undefined_integrals_are_refused(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char *const divergent[] = {
        "[\"1/x\",0,1]",         "[\"1/x\",-1,1]",           "[\"1/x^2\",0,1]",
        "[\"1\",0,\"inf\"]",     "[\"x\",\"-inf\",\"inf\"]", "[\"1/(x - 0.3)\",-1,1]",
        "[\"sin(x)\",0,\"inf\"]"};
    for (size_t i = 0; i < sizeof(divergent) / sizeof(divergent[0]); i++)
        assert_math_rejected("integrate", divergent[i], NULL, "no_convergence");
    assert_math_rejected("integrate", "[\"sqrt(x)\",-1,1]", NULL, "not_finite");
    assert_math_rejected("integrate", "[\"0/0\",0,1]", NULL, "not_finite");
    assert_math_rejected("integrate", "[\"exp(x)\",0,\"inf\"]", NULL, "not_finite");
    assert_math_rejected("integrate", "[\"x\",\"inf\",\"inf\"]", NULL, "invalid_arguments");
    assert_math_rejected("integrate", "[\"x\",0,\"infinity\"]", NULL, "invalid_arguments");
    assert_math_rejected("integrate", "[\"x\",-1e308,1e308]", NULL, "invalid_arguments");
    assert_math_rejected("integrate", "[\"x\",0,1]", "{\"points\":[\"a\"]}", "invalid_arguments");
    assert_math_rejected("integrate", "[\"x\",0,1]", "{\"tolerance\":0}", "invalid_arguments");
    assert_math_rejected("integrate", "[\"x\",0,1]", "{\"variable\":\"2\"}", "invalid_arguments");
    assert_math_rejected("integrate", "[\"y\",0,1]", NULL, "invalid_expression");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integrals_agree_with_their_closed_form),
        cmocka_unit_test(divergent_and_undefined_integrals_are_refused),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
