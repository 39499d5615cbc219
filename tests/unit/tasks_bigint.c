/* The tasks of the module bigint. Long results are checked by congruences, which need no second
 * implementation. */
#include "tests/unit/tasks.h"

#include <pthread.h>

static struct celeriac_testing *bigint;

static int
setup(void **state)
{
    (void)state;
    bigint = open_module("bigint");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_testing_free(bigint);
    return 0;
}

static const char *
factorial(unsigned n)
{
    char args[32];
    snprintf(args, sizeof(args), "[%u]", n);
    const struct celeriac_testing_end end = celeriac_testing_run(bigint, "factorial", args, NULL);
    assert_int_equal(end.outcome, CELERIAC_SUCCESS);
    return end.result;
}

static uint64_t
modulo(const char *digits, uint64_t m)
{
    uint64_t rest = 0;
    for (; *digits != '\0'; digits++)
        rest = (rest * 10 + (uint64_t)(*digits - '0')) % m;
    return rest;
}

static void
small_factorials_are_known(void **state)
{
    (void)state;
    static const char *const known[] = {"1",   "1",    "2",     "6",      "24",     "120",
                                        "720", "5040", "40320", "362880", "3628800"};
    for (unsigned n = 0; n <= 10; n++)
        assert_string_equal(factorial(n), known[n]);
    assert_string_equal(factorial(20), "2432902008176640000");
    assert_string_equal(factorial(21), "51090942171709440000");
    assert_string_equal(factorial(24), "620448401733239439360000");
}

/* p prime: (p-1)! = -1 (Wilson), and n! has a known number of factors of 5. */
static void
assert_plausible(unsigned p)
{
    const char *digits = factorial(p - 1);
    unsigned zeros = 0, expected = 0;
    for (unsigned n = (p - 1) / 5; n > 0; n /= 5)
        expected += n;
    for (size_t i = strlen(digits); i-- > 0 && digits[i] == '0';)
        zeros++;
    assert_int_equal(modulo(digits, p), p - 1);
    assert_int_equal(zeros, expected);
}

static void
long_factorials_obey_wilson(void **state)
{
    (void)state;
    static const unsigned primes[] = {29, 31, 101, 1009, 5087, 5099, 10007, 65537, 100003};
    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++)
        assert_plausible(primes[i]);
}

static void
each_factorial_is_n_times_the_one_before(void **state)
{
    (void)state;
    const uint64_t m = 4294967291u; /* a prime above all n */
    uint64_t before = 1;
    for (unsigned n = 1; n < 700; n++) {
        before = before * n % m;
        assert_int_equal(modulo(factorial(n), m), before);
    }
}

static void
what_is_out_of_range_is_refused_at_once(void **state)
{
    (void)state;
    assert_rejected(bigint, "factorial", "[1000000000]", "invalid_arguments",
                    "expected integer 0..1000000");
    assert_rejected(bigint, "factorial", "[-1]", "invalid_arguments", "n = -1");
    assert_rejected(bigint, "factorial", "[99999999999999999999999]", "invalid_arguments", "n");
}

static void
factorial_stops_when_it_is_cancelled(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, bigint), 0);
    const struct celeriac_testing_end end =
        celeriac_testing_run(bigint, "factorial", "[1000000]", NULL);
    pthread_join(thread, NULL);
    celeriac_testing_cancel(bigint, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
    assert_true(end.progress < 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_factorials_are_known),
        cmocka_unit_test(long_factorials_obey_wilson),
        cmocka_unit_test(each_factorial_is_n_times_the_one_before),
        cmocka_unit_test(what_is_out_of_range_is_refused_at_once),
        cmocka_unit_test(factorial_stops_when_it_is_cancelled),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
