/* The numerical tasks in two threads at once, each with its own thread state: under ThreadSanitizer
 * this shows that nothing is shared; without it, that both get the answers of one thread alone. */
#include "tests/unit/tasks_math.h"

#include <pthread.h>

enum { THREADS = 2, ROUNDS = 10 };

static const char *const jobs[][2] = {
    {"roots", "[\"(x - 1)^2*(x^2 + 1)*(x - 3)\"]"},
    {"system", "[[\"x^2 + y^2 = 25\",\"y = x + 1\"],{\"x\":2,\"y\":5}]"},
    {"linear", "[[[4,1,2],[1,5,3],[2,3,6]],[1,2,3]]"},
    {"integrate", "[\"log(x)/sqrt(x)\",0,1]"},
    {"integrate", "[\"exp(-x^2)\",\"-inf\",\"inf\"]"},
    {"ode", "[{\"x\":\"v\",\"v\":\"100*(1 - x^2)*v - x\"},{\"x\":2,\"v\":0},0,10,3]"},
    {"minimize", "[\"(1 - x)^2 + 100*(y - x^2)^2\",{\"x\":-1.2,\"y\":1}]"},
    {"minimize", "[\"x^2 - x + sin(5*x)\"]"},
    {"fit", "[\"a*exp(-b*x)\",{\"y\":[5,3,2.1,1.2],\"x\":[0,1,2,3]},{\"a\":4,\"b\":1}]"},
    {"table", "[\"x*y\",{\"x\":[1,2,3],\"y\":{\"from\":0,\"to\":1,\"n\":50}}]"},
    {"montecarlo", "[\"x*y\",{\"x\":{\"normal\":[1,1]},\"y\":{\"exponential\":[2]}},2000]"},
    {"roots", "[\"sin(x)\"]"},
    {"integrate", "[\"1/x\",-1,1]"},
};
enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };

static char *expected[JOBS];

static const char *
end_text(struct celeriac_testing *t, size_t job)
{
    const struct celeriac_testing_end end =
        celeriac_testing_run(t, jobs[job][0], jobs[job][1], NULL);
    return end.result != NULL ? end.result : end.error_message;
}

static void *
compute(void *arg)
{
    struct celeriac_testing *t = *(struct celeriac_testing **)arg;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < JOBS; i++)
            if (strcmp(end_text(t, i), expected[i]) != 0)
                return arg;
    return NULL;
}

static void
threads_get_the_answers_of_one_alone(void **state)
{
    (void)state;
    struct celeriac_testing *testing[THREADS];
    pthread_t threads[THREADS];
    void *wrong = NULL;
    if (math == NULL)
        skip();
    for (size_t i = 0; i < JOBS; i++)
        expected[i] = strdup(end_text(math, i));
    for (int i = 0; i < THREADS; i++)
        testing[i] = open_module("math");
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compute, &testing[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
        celeriac_testing_free(testing[i]);
    }
    for (size_t i = 0; i < JOBS; i++)
        free(expected[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_get_the_answers_of_one_alone)};
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
