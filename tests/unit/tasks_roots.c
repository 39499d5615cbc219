/* Task roots: against polynomials whose roots are known, the hard ones of the literature among
 * them. */
#include "tests/unit/tasks_math.h"

static void
assert_root(const struct celeriac_value *v, int i, double re, double im)
{
    char path[40];
    snprintf(path, sizeof(path), "roots.%d.re", i);
    assert_number(v, path, re, 3e-16);
    snprintf(path, sizeof(path), "roots.%d.im", i);
    assert_number(v, path, im, 3e-16);
}

static void
complex_roots_come_in_exact_pairs(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v = math_answer("roots", "[\"x^3 - 1\"]", NULL);
    assert_root(v, 0, -0.5, -sqrt(0.75));
    assert_root(v, 1, -0.5, sqrt(0.75));
    assert_root(v, 2, 1, 0);
    assert_number(v, "roots.0.im", -number_at(v, "roots.1.im"), 0);
    v = math_answer("roots", "[[1, 0, 0, 0, 1]]", NULL);
    for (int i = 0; i < 4; i++)
        assert_root(v, i, i < 2 ? -M_SQRT1_2 : M_SQRT1_2, i % 2 == 0 ? -M_SQRT1_2 : M_SQRT1_2);
}

static void
coefficients_begin_with_the_highest_power(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v = math_answer("roots", "[[2, -6, 4]]", NULL);
    assert_root(v, 0, 1, 0);
    assert_root(v, 1, 2, 0);
    assert_number(math_answer("roots", "[[0, 0, 4, -1]]", NULL), "roots.0.re", 0.25, 0);
}

static void
double_roots_are_exact(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v = math_answer("roots", "[\"x^2 + 1 = 2*x\"]", NULL);
    for (int i = 0; i < 2; i++)
        assert_root(v, i, 1, 0);
    assert_number(v, "roots.0.multiplicity", 2, 0);
    v = math_answer("roots", "[\"(x - 0.1)^5*(x + 2)^3*x\"]", NULL);
    for (int i = 0; i < 9; i++)
        assert_root(v, i, i < 3 ? -2 : i == 3 ? 0 : 0.1, 0);
    assert_number(v, "roots.5.multiplicity", 5, 0);
}

static void
near_double_roots_are_told_apart(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("roots", "[\"(x - 1)*(x - 1.000000000001)\"]", NULL);
    assert_root(v, 0, 1, 0);
    assert_root(v, 1, 1.000000000001, 0);
}

/* The coefficients of (x - 1) ... (x - 20), exactly: Wilkinson, "The evaluation of the zeros of
 * ill-conditioned polynomials", Numerische Mathematik 1 (1959). */
#define WILKINSON                                                                                  \
    "[1,-210,20615,-1256850,53327946,-1672280820,40171771630,-756111184500,11310276995381,"        \
    "-135585182899530,1307535010540395,-10142299865511450,63030812099294896,"                      \
    "-311333643161390640,1206647803780373360,-3599979517947607200,8037811822645051776,"            \
    "-12870931245150988800,13803759753640704000,-8752948036761600000,2432902008176640000]"

static void
wilkinsons_polynomial_is_solved_and_said_to_be_sensitive(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char path[40];
    const struct celeriac_value *v = math_answer("roots", "[" WILKINSON "]", NULL);
    for (int i = 0; i < 20; i++) {
        assert_root(v, i, i + 1, 0);
        snprintf(path, sizeof(path), "roots.%d.error", i);
        assert_true(number_at(v, path) < 1e-14);
    }
    /* With the coefficients rounded to doubles roots 10..19 are good for 1 or 2 digits only, and a
     * change of -210 by 2^-23 makes ten of them complex (ibid.). */
    assert_true(number_at(v, "roots.0.sensitivity") < 1e-12);
    assert_true(number_at(v, "roots.14.sensitivity") > 0.01);
    v = math_answer("roots",
                    "[\"(x-1)*(x-2)*(x-3)*(x-4)*(x-5)*(x-6)*(x-7)*(x-8)*(x-9)*(x-10)*(x-11)*(x-12)*"
                    "(x-13)*(x-14)*(x-15)*(x-16)*(x-17)*(x-18)*(x-19)*(x-20)\"]",
                    NULL);
    for (int i = 0; i < 20; i++)
        assert_root(v, i, i + 1, 0);
}

/* The perturbed polynomial's roots as Wilkinson printed them: 10.095266145 +- 0.643500904i, ...,
 * 20.846908101. */
static void
wilkinsons_perturbed_polynomial_has_the_published_roots(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char args[1000];
    const char *rest = strstr(WILKINSON, ",20615");
    snprintf(args, sizeof(args), "[[1,-210.00000011920928955078125%s]", rest);
    const struct celeriac_value *v = math_answer("roots", args, NULL);
    assert_number(v, "roots.19.re", 20.846908101, 1e-10);
    assert_number(v, "roots.19.im", 0, 0);
    bool is_found = false;
    for (int i = 0; i < 20; i++) {
        char re[40], im[40];
        snprintf(re, sizeof(re), "roots.%d.re", i);
        snprintf(im, sizeof(im), "roots.%d.im", i);
        is_found = is_found || (fabs(number_at(v, re) - 10.095266145) < 1e-8 &&
                                fabs(number_at(v, im) - 0.643500904) < 1e-8);
    }
    assert_true(is_found);
}

static void
high_degrees_and_wide_ranges_work(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v = math_answer("roots", "[\"x^128 = 1\"]", NULL);
    assert_root(v, 0, -1, 0);
    assert_root(v, 127, 1, 0);
    assert_true(number_at(v, "residual") < 1e-13);
    v = math_answer("roots", "[[1e200, 0, -1e-50]]", NULL);
    assert_root(v, 1, 1e-125, 0);
    v = math_answer("roots", "[\"(x - 1e60)*(x - 1e-60)\"]", NULL);
    assert_root(v, 0, 1e-60, 0);
    assert_root(v, 1, 1e60, 0);
}

static void
what_is_written_is_multiplied_out_exactly(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const struct {
        const char *text;
        double root;
    } cases[] = {
        {"(x + 1)^2 - x^2 - 2", 0.5},
        {"0.1*x*x*3 - 0.3*x^2 + x - 7", 7},
        {"2^-1*x - 4^0.5", 4},
        {"x*sqrt(4) + max(1, 2) = -(-4)", 1},
        {"-x^2 + x*x + 3*x = 1.5", .5},
        {"(x^3)^2 - x^6 + x/4 - .5e1", 20},
        {"pi*x = 2*pi", 2},

    };
    char args[100];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(args, sizeof(args), "[\"%s\"]", cases[i].text);
        const struct celeriac_value *v = math_answer("roots", args, NULL);
        if (celeriac_size(celeriac_get(v, "roots")) != 1)
            fail_msg("%s: %s", cases[i].text, celeriac_print(math_arena, v));
        assert_number(v, "roots.0.re", cases[i].root, 3e-16);
    }
    assert_number(math_answer("roots", "[\"e*t - 2*e\", \"t\"]", NULL), "roots.0.re", 2, 3e-16);
}

static void
what_is_no_polynomial_is_refused(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char *const cases[] = {
        "[\"sin(x)\"]",        "[\"x/x\"]",   "[\"x^x\"]",       "[\"x^0.5\"]",
        "[\"x^-1\"]",          "[\"x < 1\"]", "[\"x ? 1 : 2\"]", "[\"x^129\"]",
        "[\"2^x\"]",           "[\"x + y\"]", "[\"(x^64)^64\"]", "[\"x = 1 = 2\"]",
        "[\"1e308*x*1e308\"]", "[\"x/0\"]",   "[\"\"]",          "[\"x^1e300\"]"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_math_rejected("roots", cases[i], NULL, "invalid_expression");
    assert_math_rejected("roots", "[\"x = x\"]", NULL, "infinitely_many");
    assert_math_rejected("roots", "[[0, 0]]", NULL, "infinitely_many");
    assert_math_rejected("roots", "[\"5\"]", NULL, "invalid_arguments");
    assert_math_rejected("roots", "[[1, 1e-300, 1]]", NULL, "out_of_range");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complex_roots_come_in_exact_pairs),
        cmocka_unit_test(coefficients_begin_with_the_highest_power),
        cmocka_unit_test(double_roots_are_exact),
        cmocka_unit_test(near_double_roots_are_told_apart),
        cmocka_unit_test(wilkinsons_polynomial_is_solved_and_said_to_be_sensitive),
        cmocka_unit_test(wilkinsons_perturbed_polynomial_has_the_published_roots),
        cmocka_unit_test(high_degrees_and_wide_ranges_work),
        cmocka_unit_test(what_is_written_is_multiplied_out_exactly),
        cmocka_unit_test(what_is_no_polynomial_is_refused),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
