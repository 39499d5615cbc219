/* All tasks of the module bigint in two threads at once. Under ThreadSanitizer this shows that
 * nothing is shared; without it, that no thread's numbers get into another one's. */
#include "tests/unit/tasks.h"

#include <pthread.h>

enum { THREADS = 2, ROUNDS = 40 };

struct worker {
    struct celeriac_testing *testing;
    bool is_good;
};

static bool
gives(struct celeriac_testing *t, const char *task, const char *args, const char *expected)
{
    const struct celeriac_testing_end end = celeriac_testing_run(t, task, args, NULL);
    return end.outcome == CELERIAC_SUCCESS && strcmp(end.result, expected) == 0;
}

static void *
compute(void *arg)
{
    static const struct {
        const char *task, *args, *expected;
    } jobs[] = {
        {"factorial", "[24]", "620448401733239439360000"},
        {"fibonacci", "[93]", "12200160415121876738"},
        {"power", "[2,64]", "18446744073709551616"},
        {"power", "[7,618970019642690137449562110,618970019642690137449562111]", "1"},
        {"pi", "[50]", "\"3.14159265358979323846264338327950288419716939937510\""},
        {"gcd", "[620448401733239439360000,1000000000000000000000000]", "2621440000"},
        {"is_prime", "[618970019642690137449562111]", "true"},
        {"is_prime", "[3317044064679887385961981]", "false"},
        {"next_prime", "[1000000000000000000000000000000]", "1000000000000000000000000000057"},
        {"factorize", "[147573952589676412927]", "[193707721,761838257287]"},
        {"factorize", "[3825123056546413051]", "[149491,747451,34233211]"},
    };
    struct worker *w = arg;
    w->is_good = true;
    for (int i = 0; i < ROUNDS && w->is_good; i++)
        for (size_t k = 0; k < sizeof(jobs) / sizeof(jobs[0]); k++)
            w->is_good =
                w->is_good && gives(w->testing, jobs[k].task, jobs[k].args, jobs[k].expected);
    w->is_good = w->is_good && celeriac_testing_run(w->testing, "pi", "[30000]", NULL).outcome ==
                                   CELERIAC_SUCCESS;
    return NULL;
}

static void
threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        workers[i] = (struct worker){open_module("bigint"), false};
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
