/* Tasks of one module in two threads at once, each with its own thread state. Under ThreadSanitizer
 * this shows that nothing is shared; without it, that no thread's numbers get into another one's.
 */
#include "tests/unit/tasks.h"

#include <pthread.h>

enum { THREADS = 2, ROUNDS = 60 };

struct worker {
    struct celeriac_testing *testing;
    int number;
    bool is_good;
};

static bool
gives(struct celeriac_testing *t, const char *task, const char *args, const char *expected)
{
    const struct celeriac_testing_end end = celeriac_testing_run(t, task, args, NULL);
    return end.outcome == CELERIAC_SUCCESS && strncmp(end.result, expected, strlen(expected)) == 0;
}

static void *
compute(void *arg)
{
    struct worker *w = arg;
    char args[128], expected[128];
    w->is_good = true;
    for (int i = 0; i < ROUNDS && w->is_good; i++) {
        const int n = 2 * i + w->number;
        snprintf(args, sizeof(args), "[\"x^2 + min(1, 2) + %d*sin(0)\",{\"x\":%d}]", n % 70, n);
        snprintf(expected, sizeof(expected), "%d", n * n + 1);
        w->is_good = gives(w->testing, "eval", args, expected);
        snprintf(args, sizeof(args), "[\"(x - %d)*(x + 1)*exp(-x/50) = 0\"]", n % 90 + 1);
        snprintf(expected, sizeof(expected), "{\"roots\":[-1,%d],\"residual\":0,", n % 90 + 1);
        w->is_good = w->is_good && gives(w->testing, "solve", args, expected);
        const struct celeriac_testing_end bad =
            celeriac_testing_run(w->testing, "eval", "[\"1 + (2\"]", NULL);
        w->is_good = w->is_good && bad.outcome == CELERIAC_FAILURE;
    }
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    if (!module_is_built("math"))
        skip();
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){open_module("math"), i, false};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compute, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_true(workers[i].is_good);
        celeriac_testing_free(workers[i].testing);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_do_not_disturb_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
