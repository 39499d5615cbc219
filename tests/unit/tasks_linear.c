/* Tasks linear and system: against exact answers, Hilbert matrices among them. */
#include "tests/unit/tasks_math.h"

static double
binomial(int n, int k)
{
    double c = 1;
    for (int i = 1; i <= k; i++)
        c = c * (n - k + i) / i;
    return c;
}

/* The 1-norm condition number of the Hilbert matrix from the closed form of its inverse (Choi,
 * "Tricks or Treats with the Hilbert Matrix", 1983). */
static double
hilbert_condition(int n)
{
    double norm = 0, inverse = 0;
    for (int k = 1; k <= n; k++) {
        double column = 0, inverse_column = 0;
        for (int i = 1; i <= n; i++) {
            column += 1.0 / (i + k - 1);
            inverse_column += (i + k - 1) * binomial(n + i - 1, n - k) *
                              binomial(n + k - 1, n - i) * pow(binomial(i + k - 2, i - 1), 2);
        }
        norm = fmax(norm, column);
        inverse = fmax(inverse, inverse_column);
    }
    return norm * inverse;
}

/* H scaled by `scale`, which makes it integer where that is a multiple of 1..2n-1; b = H * (1..1).
 */
static char *
hilbert(int n, double scale)
{
    static char args[20000];
    char *end = args;
    end += sprintf(end, "[[");
    for (int i = 0; i < n; i++) {
        end += sprintf(end, "%s[", i > 0 ? "," : "");
        for (int k = 0; k < n; k++)
            end += sprintf(end, "%s%.17g", k > 0 ? "," : "", scale / (i + k + 1));
        end += sprintf(end, "]");
    }
    end += sprintf(end, "],[");
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += scale / (i + k + 1);
        end += sprintf(end, "%s%.17g", i > 0 ? "," : "", sum);
    }
    sprintf(end, "]]");
    return args;
}

static void
hilbert_matrices_are_solved_as_well_as_their_condition_says(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char path[20];
    for (int n = 2; n <= 10; n++) {
        const struct celeriac_value *v = math_answer("linear", hilbert(n, 232792560), NULL);
        assert_number(v, "condition", hilbert_condition(n), 0.01);
        for (int i = 0; i < n; i++) {
            snprintf(path, sizeof(path), "x.%d", i);
            assert_number(v, path, 1,
                          1e-14); /* 1/.. * 232792560 = lcm(1..20) are integers: exact */
        }
    }
    assert_number(math_answer("linear", hilbert(10, 1), NULL), "condition", 3.5353e13, 0.001);
    assert_math_rejected("linear", hilbert(14, 1), NULL, "singular");
}

static void
small_systems_are_exact(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_result(math, "linear", "[[[2]],[6]]", NULL,
                  "{\"x\":[3],\"condition\":1,\"residual\":0,\"error\":1.1102230246251565e-16}");
    const struct celeriac_value *v = math_answer("linear", "[[[0,1],[1,0]],[3,4]]", NULL);
    assert_number(v, "x.0", 4, 0);
    assert_number(v, "x.1", 3, 0);
    v = math_answer("linear", "[[[1e-20,1],[1,1]],[1,2]]", NULL); /* needs pivoting */
    assert_number(v, "x.0", 1, 1e-15);
    assert_number(v, "x.1", 1, 1e-15);
    assert_number(math_answer("linear", "[[[1,2],[3,4]],[0,0]]", NULL), "x.0", 0, 0);
}

static void
singular_and_misshapen_matrices_are_refused(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_math_rejected("linear", "[[[1,2],[2,4]],[1,2]]", NULL, "singular");
    assert_math_rejected("linear", "[[[0]],[1]]", NULL, "singular");
    assert_math_rejected("linear", "[[[1,2,3],[4,5,6],[7,8,9]],[1,2,3]]", NULL, "singular");
    assert_math_rejected("linear", "[[[1e-320]],[1]]", NULL, "singular");
    assert_math_rejected("linear", "[[[1,2],[3]],[1,2]]", NULL, "invalid_arguments");
    assert_math_rejected("linear", "[[[1,2],[3,4],[5,6]],[1,2,3]]", NULL, "invalid_arguments");
    assert_math_rejected("linear", "[[[1,2],[3,\"4\"]],[1,2]]", NULL, "invalid_arguments");
    assert_math_rejected("linear", "[[1,2],[1,2]]", NULL, "invalid_arguments");
    assert_math_rejected("linear", "[[[1,0],[0,1]],[1]]", NULL, "invalid_arguments");
    assert_math_rejected("linear", "[[],[]]", NULL, "invalid_arguments");
}

static void
systems_find_their_known_solutions(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("system", "[[\"x^2 + y^2 = 25\",\"y = x + 1\"],{\"x\":2,\"y\":5}]", NULL);
    assert_number(v, "solution.x", 3, 1e-14);
    assert_number(v, "solution.y", 4, 1e-14);
    assert_true(number_at(v, "evaluations") > 0 && number_at(v, "residual") < 1e-14);
    /* Powell's badly scaled function (More, Garbow, Hillstrom 1981, problem 3). */
    v = math_answer("system",
                    "[[\"1e4*a*b = 1\",\"exp(-a) + exp(-b) = 1.0001\"],{\"a\":0,\"b\":1}]", NULL);
    assert_number(v, "solution.a", 1.098159e-5, 1e-6);
    assert_number(v, "solution.b", 9.106146, 1e-6);
    assert_math_rejected("system", "[[\"x + y = 1\",\"x + y = 2\"],{\"x\":1,\"y\":1}]", NULL,
                         "no_convergence");
    assert_math_rejected("system", "[[\"x\"],{\"x\":1,\"y\":1}]", NULL, "invalid_arguments");
    assert_math_rejected("system", "[[\"1/x\"],{\"x\":0}]", NULL, "not_finite");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hilbert_matrices_are_solved_as_well_as_their_condition_says),
        cmocka_unit_test(small_systems_are_exact),
        cmocka_unit_test(singular_and_misshapen_matrices_are_refused),
        cmocka_unit_test(systems_find_their_known_solutions),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
