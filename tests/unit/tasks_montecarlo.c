/* Tasks montecarlo and table: exact expectations, the generator's published vectors, grids. */
#include "tests/unit/tasks_math.h"

#include <pthread.h>

#include "worker/tasks/math/philox.h"

/* The known answers of Random123 (kat_vectors, philox4x32 10). */
static void
philox_gives_its_published_vectors(void **state)
{
    (void)state;
    static const struct {
        struct philox_block counter;
        uint64_t key;
        struct philox_block expected;
    } vectors[] = {{{{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
                   {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
                    0xffffffffffffffff,
                    {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
                   {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
                    0x299f31d0a4093822,
                    {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}}};
    for (int i = 0; i < 3; i++) {
        const struct philox_block got = philox(vectors[i].counter, vectors[i].key);
        assert_memory_equal(&got, &vectors[i].expected, sizeof(got));
    }
}

static void
means_lie_within_their_errors(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const struct {
        const char *args;
        double mean;
    } cases[] = {
        {"[\"4*(x^2 + y^2 < 1)\",{\"x\":{\"uniform\":[0,1]},\"y\":{\"uniform\":[0,1]}}]", M_PI},
        {"[\"z^2\",{\"z\":{\"normal\":[0,1]}}]", 1},
        {"[\"z^4\",{\"z\":{\"normal\":[1,2]}}]", 73}, /* 1 + 6 * 4 + 3 * 16 */
        {"[\"t\",{\"t\":{\"exponential\":[3]}}]", 3},
        {"[\"d + e\",{\"d\":{\"integer\":[1,6]},\"e\":{\"integer\":[1,6]}}]", 7},
        {"[\"a*b*c\",{\"a\":{\"uniform\":[0,2]},\"b\":{\"normal\":[3,1]},\"c\":2}]", 6},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct celeriac_value *v =
            math_answer("montecarlo", cases[i].args, "{\"samples\":100000}");
        const double off = fabs(number_at(v, "mean") - cases[i].mean);
        if (!(off < 4 * number_at(v, "error")))
            fail_msg("%s: %g off, error %g", cases[i].args, off, number_at(v, "error"));
    }
}

static void
the_same_seed_and_stream_give_the_same_and_others_do_not(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    static const char args[] = "[\"x\",{\"x\":{\"uniform\":[0,1]}}]";
    const double first = number_at(math_answer("montecarlo", args, "{\"samples\":1000}"), "mean");
    double sum = 0;
    assert_number(math_answer("montecarlo", args, "{\"samples\":1000}"), "mean", first, 0);
    const struct celeriac_value *other =
        math_answer("montecarlo", args, "{\"samples\":1000,\"seed\":1}");
    assert_true(number_at(other, "mean") != first);
    for (int k = 0; k < 20; k++) { /* streams combine: errors fall with the root of their number */
        char kwargs[60];
        snprintf(kwargs, sizeof(kwargs), "{\"samples\":10000,\"stream\":%d}", k);
        const double mean = number_at(math_answer("montecarlo", args, kwargs), "mean");
        assert_true(k == 0 || mean != first);
        sum += mean / 20;
    }
    assert_true(fabs(sum - 0.5) < 4 * sqrt(1.0 / 12 / 200000));
}

static void
tables_are_nested_as_their_grid(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_result(math, "table", "[\"x*y\",{\"x\":[1,2],\"y\":{\"from\":0,\"to\":1,\"n\":3}}]",
                  NULL,
                  "{\"grid\":{\"x\":[1,2],\"y\":[0,0.5,1]},\"values\":[[0,0.5,1],[0,1,2]],"
                  "\"points\":6,\"undefined\":0,\"min\":0,\"max\":2,\"mean\":0.75}");
    assert_result(math, "table", "[\"1/x\",{\"x\":[0,2]}]", NULL,
                  "{\"grid\":{\"x\":[0,2]},\"values\":[null,0.5],\"points\":2,\"undefined\":1,"
                  "\"min\":0.5,\"max\":0.5,\"mean\":0.5}");
    assert_result(math, "table", "[\"x\",{\"x\":[1]}]", "{\"output\":\"packed\"}",
                  "{\"values\":{\"$binary\":\"AAAAAAAA8D8=\"},\"points\":1,\"undefined\":0,"
                  "\"min\":1,\"max\":1,\"mean\":1}");
    assert_result(math, "table", "[\"0/0\",{\"x\":[1]}]", "{\"output\":\"summary\"}",
                  "{\"points\":1,\"undefined\":1,\"min\":null,\"max\":null,\"mean\":null}");
    const struct celeriac_value *v =
        math_answer("table", "[\"x\",{\"x\":{\"from\":0,\"to\":1,\"n\":11}}]", NULL);
    assert_number(v, "values.3", 0.3, 0);
    v = math_answer("table", "[\"x\",{\"x\":{\"from\":1,\"to\":1000000,\"n\":1000000}}]",
                    "{\"output\":\"summary\"}");
    assert_number(v, "mean", 500000.5, 0);
}

static void
assert_cancelled(const char *task, const char *args, const char *kwargs)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, math), 0);
    const struct celeriac_testing_end end = celeriac_testing_run(math, task, args, kwargs);
    pthread_join(thread, NULL);
    celeriac_testing_cancel(math, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

static void
long_computations_report_progress_and_stop(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_cancelled("montecarlo", "[\"x\",{\"x\":{\"uniform\":[0,1]}}]",
                     "{\"samples\":2000000000}");
    assert_cancelled("table",
                     "[\"x\",{\"y\":{\"from\":0,\"to\":1,\"n\":100000},"
                     "\"x\":{\"from\":0,\"to\":1,\"n\":10000}}]",
                     "{\"output\":\"summary\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_its_published_vectors),
        cmocka_unit_test(means_lie_within_their_errors),
        cmocka_unit_test(the_same_seed_and_stream_give_the_same_and_others_do_not),
        cmocka_unit_test(tables_are_nested_as_their_grid),
        cmocka_unit_test(long_computations_report_progress_and_stop),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
