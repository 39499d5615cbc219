/* linear_large, eigenvalues and svd against exact or published values:
 *   the second difference matrix (2 on the diagonal, -1 beside it): eigenvalues 4 sin^2(k pi / (2n
 * + 2)), inverse by rows known, so that the condition number for odd n is (n + 1)^2 / 2; Hilbert's
 * matrix: condition numbers in the 1-norm (Higham, "Accuracy and Stability of Numerical
 *   Algorithms", table 28.1: 943656 for n = 5, 3.54e13 for n = 10);
 *   Rosser's matrix (1951), whose eigenvalues are nearly or exactly double. */
#include "tests/unit/tasks.h"

#include <math.h>
#include <pthread.h>

enum { TEXT_MAX = 1 << 20 };

static struct celeriac_testing *linalg;
static struct celeriac_arena *arena;
static char text[TEXT_MAX];

static int
setup(void **state)
{
    (void)state;
    if (module_is_built("linalg"))
        linalg = open_module("linalg");
    arena = celeriac_arena_new();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_testing_free(linalg);
    celeriac_arena_free(arena);
    return 0;
}

static int
each(void **state)
{
    (void)state;
    if (linalg == NULL)
        skip();
    return 0;
}

static const struct celeriac_value *
run(const char *task, const char *args)
{
    const struct celeriac_testing_end end = celeriac_testing_run(linalg, task, args, NULL);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s: %s", task, end.error_message);
    return celeriac_parse(arena, end.result, strlen(end.result), NULL, 0);
}

static double
number(const struct celeriac_value *value)
{
    double x = NAN;
    (void)celeriac_get_number(value, &x);
    return x;
}

static double
item(const struct celeriac_value *result, const char *field, size_t i)
{
    return number(celeriac_at(celeriac_get(result, field), i));
}

static void
assert_near(double x, double expected, double relative)
{
    if (!(fabs(x - expected) <= relative * fmax(fabs(expected), 1)))
        fail_msg("%.17g: expected %.17g", x, expected);
}

/* [a, tail: the matrix -1 2 -1 of n rows, as entries. */
static const char *
second_differences(int n, const char *tail)
{
    size_t len = (size_t)sprintf(text, "[{\"rows\":%d,\"cols\":%d,\"entries\":[[0,0,2]", n, n);
    for (int i = 1; i < n; i++)
        len += (size_t)sprintf(text + len, ",[%d,%d,2],[%d,%d,-1],[%d,%d,-1]", i, i, i, i - 1,
                               i - 1, i);
    sprintf(text + len, "]}%s", tail);
    return text;
}

static const char *
ones(size_t n, char *out)
{
    size_t len = (size_t)sprintf(out, ",[1");
    while (--n > 0)
        len += (size_t)sprintf(out + len, ",1");
    sprintf(out + len, "]]");
    return out;
}

/* [[[1,1/2,...],...],[the sums of the rows]] */
static const char *
hilbert(int n, bool has_right)
{
    size_t len = (size_t)sprintf(text, "[[");
    for (int i = 0; i < n; i++) {
        len += (size_t)sprintf(text + len, "%s[", i > 0 ? "," : "");
        for (int k = 0; k < n; k++)
            len += (size_t)sprintf(text + len, "%s%.17g", k > 0 ? "," : "", 1.0 / (i + k + 1));
        len += (size_t)sprintf(text + len, "]");
    }
    len += (size_t)sprintf(text + len, has_right ? "],[" : "]");
    for (int i = 0; i < n && has_right; i++) {
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += 1.0 / (i + k + 1);
        len += (size_t)sprintf(text + len, "%s%.17g", i > 0 ? "," : "", sum);
    }
    sprintf(text + len, has_right ? "]]" : "]");
    return text;
}

static void
small_systems_are_exact(void **state)
{
    (void)state;
    assert_result(linalg, "linear_large", "[[[4]],[2]]", NULL,
                  "{\"x\":[0.5],\"condition\":1,\"residual\":0,\"error\":1.1102230246251565e-16}");
    const struct celeriac_value *r = run("linear_large", "[[[2,1],[1,3]],[3,5]]");
    assert_near(item(r, "x", 0), 0.8, 1e-15);
    assert_near(item(r, "x", 1), 1.4, 1e-15);
    assert_near(number(celeriac_get(r, "condition")), 3.2, 1e-14); /* 4 * 4/5 */
    r = run("linear_large", "[[[0,1],[1,0]],[3,5]]");              /* nothing without pivoting */
    assert_near(item(r, "x", 0), 5, 0);
    assert_near(item(r, "x", 1), 3, 0);
}

/* x_i = i (n + 1 - i) / 2 for b = 1. */
static void
large_systems_have_the_known_solution(void **state)
{
    (void)state;
    enum { N = 999 };
    char right[2 * N + 16];
    const struct celeriac_value *r = run("linear_large", second_differences(N, ones(N, right)));
    for (int i = 1; i <= N; i++)
        assert_near(item(r, "x", (size_t)i - 1), i * (N + 1.0 - i) / 2, 1e-13);
    assert_near(number(celeriac_get(r, "condition")), 500000, 1e-9);
    assert_true(number(celeriac_get(r, "error")) < 1e-13);
}

static void
hilbert_matrices_are_as_bad_as_they_are_known_to_be(void **state)
{
    (void)state;
    const struct celeriac_value *r = run("linear_large", hilbert(5, true));
    assert_near(number(celeriac_get(r, "condition")), 943656, 1e-9);
    for (size_t i = 0; i < 5; i++)
        assert_near(item(r, "x", i), 1, 1e-10);
    r = run("linear_large", hilbert(10, true));
    assert_near(number(celeriac_get(r, "condition")), 3.54e13, 0.01);
    for (size_t i = 0; i < 10; i++)
        assert_near(item(r, "x", i), 1, 1e-2);
    assert_rejected(linalg, "linear_large", hilbert(14, true), "singular", "no digit");
    r = run("svd", hilbert(5, false));
    assert_near(number(celeriac_get(r, "condition")), 476607.25024, 1e-9);
}

static void
eigenvalues_of_second_differences(void **state)
{
    (void)state;
    enum { N = 300 };
    const struct celeriac_value *r = run("eigenvalues", second_differences(N, "]"));
    bool is_symmetric = false;
    assert_true(celeriac_get_boolean(celeriac_get(r, "symmetric"), &is_symmetric) && is_symmetric);
    assert_int_equal(celeriac_size(celeriac_get(r, "values")), N);
    for (int k = 1; k <= N; k++) {
        const double s = sin(k * M_PI / (2 * N + 2));
        assert_near(item(r, "values", (size_t)k - 1), 4 * s * s, 1e-13);
    }
}

static void
eigenvalues_of_rosser(void **state)
{
    (void)state;
    static const char rosser[] =
        "[[[611,196,-192,407,-8,-52,-49,29],[196,899,113,-192,-71,-43,-8,-44],"
        "[-192,113,899,196,61,49,8,52],[407,-192,196,611,8,44,59,-23],"
        "[-8,-71,61,8,411,-599,208,208],[-52,-43,49,44,-599,411,208,208],"
        "[-49,-8,8,59,208,208,99,-911],[29,-44,52,-23,208,208,-911,99]]]";
    const double known[] = {-10 * sqrt(10405),    0,    510 - 100 * sqrt(26), 1000, 1000,
                            510 + 100 * sqrt(26), 1020, 10 * sqrt(10405)};
    const struct celeriac_value *r = run("eigenvalues", rosser);
    for (size_t i = 0; i < 8; i++)
        assert_near(item(r, "values", i), known[i], 1e-12);
}

static void
eigenvalues_may_be_complex(void **state)
{
    (void)state;
    assert_result(linalg, "eigenvalues", "[[[0,-1],[1,0]]]", NULL,
                  "{\"values\":[{\"re\":0,\"im\":-1},{\"re\":0,\"im\":1}],\"symmetric\":false}");
    /* of x^3 - 1 */
    const struct celeriac_value *values =
        celeriac_get(run("eigenvalues", "[[[0,0,1],[1,0,0],[0,1,0]]]"), "values");
    double re[3], im[3];
    for (size_t i = 0; i < 3; i++) {
        re[i] = number(celeriac_get(celeriac_at(values, i), "re"));
        im[i] = number(celeriac_get(celeriac_at(values, i), "im"));
    }
    assert_near(re[0], -0.5, 1e-14);
    assert_near(re[1], -0.5, 1e-14);
    assert_near(re[2], 1, 1e-14);
    assert_near(fabs(im[0]), sqrt(0.75), 1e-14);
    assert_near(im[0] + im[1], 0, 1e-14);
    assert_near(im[2], 0, 1e-14);
}

static void
singular_values_are_known(void **state)
{
    (void)state;
    const struct celeriac_value *r =
        run("svd", "[[[1,0,0,0,2],[0,0,3,0,0],[0,0,0,0,0],[0,2,0,0,0]]]");
    const double known[] = {3, sqrt(5), 2, 0};
    for (size_t i = 0; i < 4; i++)
        assert_near(item(r, "values", i), known[i], 1e-15);
    assert_int_equal(number(celeriac_get(r, "rank")), 3);
    assert_int_equal(celeriac_type(celeriac_get(r, "condition")), CELERIAC_NULL);
    assert_null(celeriac_get(r, "u"));
}

static void
factors_multiply_to_the_matrix(void **state)
{
    (void)state;
    static const double a[3][2] = {{1, 2}, {3, 4}, {5, 6}};
    const struct celeriac_value *r = run("svd", "[[[1,2],[3,4],[5,6]],true]");
    const struct celeriac_value *u = celeriac_get(r, "u"), *vt = celeriac_get(r, "vt");
    assert_int_equal(celeriac_size(u), 3);
    assert_int_equal(celeriac_size(vt), 2);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            double sum = 0;
            for (size_t j = 0; j < 2; j++)
                sum += number(celeriac_at(celeriac_at(u, i), j)) * item(r, "values", j) *
                       number(celeriac_at(celeriac_at(vt, j), k));
            assert_near(sum, a[i][k], 1e-14);
        }
}

/* 1, 2, 3, 4 as float64, little-endian. */
#define PACKED(rows, cols)                                                                         \
    "{\"rows\":" #rows ",\"cols\":" #cols                                                          \
    ",\"data\":{\"$binary\":\"AAAAAAAA8D8AAAAAAAAAQAAAAAAAAAhAAAAAAAAAEEA=\"}}"

static void
packed_matrices_go_row_after_row(void **state)
{
    (void)state;
    const struct celeriac_value *r = run("linear_large", "[" PACKED(2, 2) ",[5,11]]");
    assert_near(item(r, "x", 0), 1, 1e-14); /* [[1,2],[3,4]] x = [5,11] */
    assert_near(item(r, "x", 1), 2, 1e-14);
    r = run(
        "linear_large",
        "[{\"rows\":4,\"cols\":4,\"entries\":[[0,0,1],[1,1,1],[2,2,1],[3,3,2],[3,3,-1]]}," PACKED(
            4, 1) "]");
    assert_string_equal(celeriac_print(arena, celeriac_get(r, "x")), PACKED(4, 1));
}

static void
wrong_matrices_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *task, *args, *part;
    } wrong[] = {
        {"linear_large", "[[[1,2]],[1]]", "1 x 2: expected a square one"},
        {"linear_large", "[[[1,2],[3]],[1,2]]", "row 2: expected an array of 2 numbers"},
        {"linear_large", "[[[1,2],[3,\"4\"]],[1,2]]", "row 2, item 2: expected a number"},
        {"linear_large", "[[[1,2],[3,4]],[1,2,3]]", "argument 2: expected 2 numbers"},
        {"linear_large", "[[[1,2],[3,4]],[1,null]]", "argument 2: item 2: expected a number"},
        {"linear_large", "[[[1,2],[3,4]]]", "b is missing"},
        {"linear_large", "[[],[]]", "0 x 0: expected 1..4000"},
        {"linear_large", "[[[]],[]]", "1 x 0: expected 1..4000"},
        {"linear_large", "[[1,2],[1,2]]", "2 x 0: expected 1..4000"},
        {"linear_large", "[7,[1]]", "argument 1: expected a matrix"},
        {"linear_large", "[[[1,2],[3,4]]," PACKED(4, 1) "]", "1..2 rows"},
        {"linear_large", "[[[1,2],[3,4]]," PACKED(2, 2) "]", "2 x 2: expected 2 x 1"},
        {"eigenvalues", "[" PACKED(3, 3) "]", "expected binary of 72 bytes"},
        {"eigenvalues", "[" PACKED(-1, 3) "]", "-1 x 3"},
        {"eigenvalues", "[" PACKED(1000000000, 1000000000) "]", "expected 1..1500"},
        {"eigenvalues", "[{\"rows\":2,\"cols\":2}]", "either data or entries"},
        {"eigenvalues", "[{\"rows\":2,\"cols\":2,\"data\":\"x\"}]", "expected binary"},
        {"eigenvalues", "[{\"rows\":2,\"cols\":2,\"entries\":[[2,0,1]]}]",
         "row 2, column 0: expected 0..1"},
        {"eigenvalues", "[{\"rows\":2,\"cols\":2,\"entries\":[[0,-1,1]]}]", "column -1"},
        {"eigenvalues", "[{\"rows\":2,\"cols\":2,\"entries\":[[0,1]]}]", "entry 1: expected"},
        {"eigenvalues", "[{\"rows\":1,\"cols\":1,\"entries\":[[0,0,1e308],[0,0,1e308]]}]",
         "entry 2: the sum"},
        {"eigenvalues", /* a NaN */
         "[{\"rows\":1,\"cols\":1,\"data\":{\"$binary\":\"AAAAAAAA+H8=\"}}]",
         "not a finite number"},
        {"svd", "[[[1]],7]", "vectors = 7: expected true or false"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_rejected(linalg, wrong[i].task, wrong[i].args, "invalid_arguments", wrong[i].part);
    assert_rejected(linalg, "linear_large", "[[[1,2],[2,4]],[1,2]]", "singular", "singular");
    assert_rejected(linalg, "linear_large", "[[[1e-300]],[1e300]]", "not_finite", "beyond");
    assert_rejected(linalg, "svd", "[{\"rows\":1400,\"cols\":1400,\"entries\":[]},true]",
                    "too_large", "1400 x 1400");
}

static void
factorization_stops_when_it_is_cancelled(void **state)
{
    (void)state;
    enum { N = 1500 };
    char right[2 * N + 16];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, linalg), 0);
    const struct celeriac_testing_end end =
        celeriac_testing_run(linalg, "linear_large", second_differences(N, ones(N, right)), NULL);
    pthread_join(thread, NULL);
    celeriac_testing_cancel(linalg, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

struct worker {
    struct celeriac_testing *testing;
    bool is_good;
};

static void *
compute(void *arg)
{
    struct worker *w = arg;
    w->is_good = true;
    for (int i = 0; i < 50 && w->is_good; i++) {
        const struct celeriac_testing_end end = celeriac_testing_run(
            w->testing, "svd", "[[[1,0,0,0,2],[0,0,3,0,0],[0,0,0,0,0],[0,2,0,0,0]],true]", NULL);
        w->is_good = end.outcome == CELERIAC_SUCCESS && strstr(end.result, "[3,2.23606797") != NULL;
    }
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct worker workers[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        workers[i] = (struct worker){open_module("linalg"), false};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compute, &workers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        assert_true(workers[i].is_good);
        celeriac_testing_free(workers[i].testing);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, each)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(small_systems_are_exact),
        TEST(large_systems_have_the_known_solution),
        TEST(hilbert_matrices_are_as_bad_as_they_are_known_to_be),
        TEST(eigenvalues_of_second_differences),
        TEST(eigenvalues_of_rosser),
        TEST(eigenvalues_may_be_complex),
        TEST(singular_values_are_known),
        TEST(factors_multiply_to_the_matrix),
        TEST(packed_matrices_go_row_after_row),
        TEST(wrong_matrices_are_refused),
        TEST(factorization_stops_when_it_is_cancelled),
        TEST(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
