/* Task ode: against solutions in closed form, and for the stiff van der Pol equation against
 * another method with small fixed steps. */
#include "tests/unit/tasks_math.h"

#include <pthread.h>

static const char *const methods[] = {"auto", "rk8pd", "rkf45", "msbdf", "bsimp"};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

static void
all_methods_follow_the_harmonic_oscillator(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char kwargs[100];
    for (size_t i = 0; i < METHODS; i++) {
        snprintf(kwargs, sizeof(kwargs), "{\"to\":10,\"points\":3,\"method\":\"%s\"}", methods[i]);
        const struct celeriac_value *v =
            math_answer("ode", "[{\"x\":\"v\",\"v\":\"-x\"},{\"x\":1,\"v\":0}]", kwargs);
        const double tolerance = i == 3 ? 1e-5 : 1e-7;
        assert_number(v, "t.1", 5, 0);
        assert_number(v, "y.x.1", cos(5), tolerance);
        assert_number(v, "y.x.2", cos(10), tolerance);
        assert_number(v, "y.v.2", -sin(10), tolerance);
    }
}

/* Classical Runge-Kutta steps of fixed size for x'' = 100 (1 - x^2) x' - x. */
static void
van_der_pol(double until, long steps, double *x, double *v)
{
    const double h = until / (double)steps;
    double p = 2, q = 0;
    for (long i = 0; i < steps; i++) {
        double kp[4], kq[4];
        for (int s = 0; s < 4; s++) {
            const double c = s == 0   ? 0
                             : s == 3 ? h
                                      : h / 2,
                         a = s == 0 ? p : p + c * kp[s - 1], b = s == 0 ? q : q + c * kq[s - 1];
            kp[s] = b;
            kq[s] = 100 * (1 - a * a) * b - a;
        }
        p += h / 6 * (kp[0] + 2 * kp[1] + 2 * kp[2] + kp[3]);
        q += h / 6 * (kq[0] + 2 * kq[1] + 2 * kq[2] + kq[3]);
    }
    *x = p;
    *v = q;
}

static void
the_stiff_van_der_pol_equation_is_found_to_be_stiff_and_solved(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char args[] = "[{\"x\":\"v\",\"v\":\"100*(1 - x^2)*v - x\"},{\"x\":2,\"v\":0}]";
    double x, v;
    van_der_pol(100, 4000000, &x, &v); /* behind the first jump */
    const struct celeriac_value *a = math_answer("ode", args, "{\"to\":100,\"points\":2}");
    assert_number(a, "y.x.1", x, 1e-8);
    assert_number(a, "y.v.1", v, 1e-7);
    assert_string_equal(celeriac_bytes(celeriac_get(a, "method"), NULL), "bsimp");
    assert_true(number_at(a, "steps") < 500); /* what is not stiff takes thousands */
    a = math_answer("ode", args, "{\"to\":100,\"points\":2,\"method\":\"msbdf\"}");
    assert_number(a, "y.x.1", x, 1e-6);
    a = math_answer("ode", args, "{\"to\":100,\"points\":2,\"method\":\"rk8pd\"}");
    assert_number(a, "y.x.1", x, 1e-8);
    assert_true(number_at(a, "steps") > 2000);
}

/* Robertson's problem at t = 40: 0.7158270688, 0.9185534765e-5, 0.2841637457 (Hairer and Wanner,
 * Solving Ordinary Differential Equations II, its reference solution). */
static void
robertsons_problem_has_the_published_solution(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("ode",
                    "[{\"a\":\"-0.04*a + 1e4*b*c\",\"b\":\"0.04*a - 1e4*b*c - 3e7*b^2\","
                    "\"c\":\"3e7*b^2\"},{\"a\":1,\"b\":0,\"c\":0}]",
                    "{\"to\":40,\"points\":2}");
    assert_number(v, "y.a.1", 0.7158270, 1e-6);
    assert_number(v, "y.b.1", 9.185535e-6, 1e-6);
    assert_number(v, "y.c.1", 0.2841637, 1e-6);
    assert_number(v, "y.a.1", 1 - number_at(v, "y.b.1") - number_at(v, "y.c.1"), 1e-9);
}

static void
time_may_run_backwards_and_occur(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    const struct celeriac_value *v =
        math_answer("ode", "[{\"y\":\"2*s*y\"},{\"y\":1},1,0]", "{\"points\":2,\"time\":\"s\"}");
    assert_number(v, "y.y.1", exp(-1), 1e-8);
    v = math_answer("ode", "[{\"y\":\"-1000*(y - cos(t)) - sin(t)\"},{\"y\":1},0,100]",
                    "{\"points\":2}"); /* stiff; the solution is cos(t) */
    assert_number(v, "y.y.1", cos(100), 1e-6);
}

static void
solutions_that_end_are_refused_with_the_place(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_math_rejected("ode", "[{\"y\":\"y^2\"},{\"y\":1},0,2]", NULL, "no_convergence");
    assert_rejected(math, "ode", "[{\"y\":\"y^2\"},{\"y\":1},0,2]", "no_convergence", "t = 1");
    assert_math_rejected("ode", "[{\"y\":\"-1/y\"},{\"y\":1},0,2]", NULL, "no_convergence");
    assert_math_rejected("ode", "[{\"y\":\"sqrt(y)\"},{\"y\":-1}]", NULL, "not_finite");
    assert_math_rejected("ode", "[{\"y\":\"1e5*cos(1e5*t)\"},{\"y\":0},0,1000]",
                         "{\"max_steps\":100}", "no_convergence");
}

static void
a_cancelled_job_stops(void **state)
{
    (void)state;
    pthread_t thread;
    if (math == NULL)
        skip();
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, math), 0);
    const struct celeriac_testing_end end = celeriac_testing_run(
        math, "ode", "[{\"x\":\"v\",\"v\":\"-1e4*x\"},{\"x\":1,\"v\":0},0,1e4]",
        "{\"max_steps\":100000000,\"points\":2}");
    pthread_join(thread, NULL);
    celeriac_testing_cancel(math, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_methods_follow_the_harmonic_oscillator),
        cmocka_unit_test(the_stiff_van_der_pol_equation_is_found_to_be_stiff_and_solved),
        cmocka_unit_test(robertsons_problem_has_the_published_solution),
        cmocka_unit_test(time_may_run_backwards_and_occur),
        cmocka_unit_test(solutions_that_end_are_refused_with_the_place),
        cmocka_unit_test(a_cancelled_job_stops),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
