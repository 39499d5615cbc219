/* is_prime, next_prime and factorize against published numbers: Mersenne primes; Carmichael
 * numbers; the smallest strong pseudoprimes to the first 9, 12 and 13 primes as bases (Jiang and
 * Deng, 2014; Sorenson and Webster, 2015); factors of Mersenne and Fermat numbers. */
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

static void
gives(const char *task, const char *number, const char *expected)
{
    char args[4096];
    snprintf(args, sizeof(args), "[%s]", number);
    assert_result(bigint, task, args, NULL, expected);
}

static void
primes_below_ten_thousand_are_1229(void **state)
{
    (void)state;
    unsigned n = 0;
    for (unsigned i = 0; i < 10000; i++) {
        char args[32];
        snprintf(args, sizeof(args), "[%u]", i);
        n += celeriac_testing_run(bigint, "is_prime", args, NULL).result[0] == 't';
    }
    assert_int_equal(n, 1229);
}

static void
mersenne_primes_are_prime(void **state)
{
    (void)state;
    gives("is_prime", "2147483647", "true");
    gives("is_prime", "2305843009213693951", "true");
    gives("is_prime", "618970019642690137449562111", "true");
    gives("is_prime", "162259276829213363391578010288127", "true");
    gives("is_prime", "170141183460469231731687303715884105727", "true");
    gives("is_prime", "18446744073709551557", "true"); /* the last below 2^64 */
    gives("is_prime", "18446744073709551629", "true"); /* the first above */
}

static void
numbers_that_deceive_simpler_tests_are_composite(void **state)
{
    (void)state;
    static const char *const composite[] = {"561",
                                            "1105",
                                            "1729",
                                            "2465",
                                            "2821",
                                            "6601",
                                            "8911",
                                            "825265",
                                            "2047",
                                            "3215031751",
                                            "3825123056546413051",
                                            "318665857834031151167461",
                                            "3317044064679887385961981",
                                            "147573952589676412927",
                                            "18446744073709551617",
                                            "-7",
                                            "0",
                                            "1"};
    for (size_t i = 0; i < sizeof(composite) / sizeof(composite[0]); i++)
        gives("is_prime", composite[i], "false");
}

/* 2^n - 1 for n = 4423 is prime, for the prime 4421 it is not; both are beyond what GMP decides in
 * one piece. */
static void
long_numbers_are_tested_in_rounds(void **state)
{
    (void)state;
    static const char *const exponents[] = {"[2,4423]", "[2,4421]"}, *const expected[] = {"true",
                                                                                          "false"};
    for (int i = 0; i < 2; i++) {
        char number[2048];
        snprintf(number, sizeof(number), "%s",
                 celeriac_testing_run(bigint, "power", exponents[i], NULL).result);
        number[strlen(number) - 1]--;
        gives("is_prime", number, expected[i]);
    }
}

static void
next_primes_are_known(void **state)
{
    (void)state;
    char number[256], expected[256];
    gives("next_prime", "-1000000000000000000000000", "2");
    gives("next_prime", "1", "2");
    gives("next_prime", "2", "3");
    gives("next_prime", "3", "5");
    gives("next_prime", "113", "127");
    gives("next_prime", "4652353", "4652507"); /* a gap of 154, the longest so far there */
    gives("next_prime", "1000000000000000000", "1000000000000000003");
    gives("next_prime", "18446744073709551556", "18446744073709551557");
    gives("next_prime", "18446744073709551557", "18446744073709551629");
    gives("next_prime", "1000000000000000000000000000000", "1000000000000000000000000000057");
    snprintf(number, sizeof(number), "1%0100d", 0);
    snprintf(expected, sizeof(expected), "1%0100d", 267);
    gives("next_prime", number, expected);
}

static void
factors_are_known(void **state)
{
    (void)state;
    gives("factorize", "1", "[]");
    gives("factorize", "2", "[2]");
    gives("factorize", "360", "[2,2,2,3,3,5]");
    gives("factorize", "65537", "[65537]");
    gives("factorize", "4295098369", "[65537,65537]");
    gives("factorize", "18446743979220271189", "[4294967279,4294967291]");
    gives("factorize", "3825123056546413051", "[149491,747451,34233211]");
    gives("factorize", "147573952589676412927", "[193707721,761838257287]");
    gives("factorize", "18446744073709551617", "[274177,67280421310721]");
    gives("factorize", "3317044064679887385961981", "[1287836182261,2575672364521]");
    gives("factorize", "2535301200456458802993406410751", "[7432339208719,341117531003194129]");
    gives("factorize", "618970019642690137449562111", "[618970019642690137449562111]");
    gives("factorize", "620448401733239439360000",
          "[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,3,3,3,3,3,3,3,3,3,3,5,5,5,5,7,7,7,11,11,13,"
          "17,19,23]");
}

static void
powers_of_large_primes_are_no_work(void **state)
{
    (void)state;
    gives("factorize", "1000000000000000006000000000000000009",
          "[1000000000000000003,1000000000000000003]");
    char number[512];
    snprintf(number, sizeof(number), "%s",
             celeriac_testing_run(bigint, "power", "[618970019642690137449562111,3]", NULL).result);
    gives("factorize", number,
          "[618970019642690137449562111,618970019642690137449562111,618970019642690137449562111]");
}

static void
factors_multiply_to_the_number(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 200; i++) {
        char args[64];
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        const uint64_t n = (x >> (i % 60)) | 3;
        snprintf(args, sizeof(args), "[%llu]", (unsigned long long)n);
        const char *at = celeriac_testing_run(bigint, "factorize", args, NULL).result;
        uint64_t product = 1;
        for (char *end; *at != '\0' && *at != ']'; at = end)
            product *= strtoull(at + 1, &end, 10);
        assert_int_equal(product, n);
    }
}

static void
stops(const char *task, const char *args)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, bigint), 0);
    const struct celeriac_testing_end end = celeriac_testing_run(bigint, task, args, NULL);
    pthread_join(thread, NULL);
    celeriac_testing_cancel(bigint, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

static void
long_searches_stop_when_they_are_cancelled(void **state)
{
    (void)state;
    char args[8192];
    stops("factorize", "[340282366920938463463374607431768211457]"); /* 2^128 + 1: 17 digits */
    const size_t len = (size_t)snprintf(
        args, sizeof(args), "[%s", celeriac_testing_run(bigint, "power", "[2,9941]", NULL).result);
    args[len - 1]--; /* a prime: all rounds would be needed */
    strcpy(args + len, "]");
    stops("is_prime", args);
    stops("next_prime", args);
}

/* The rounds of a length at which GMP does each in one piece. */
static void
rounds_stop_when_they_are_cancelled(void **state)
{
    (void)state;
    char number[2048];
    pthread_t thread;
    snprintf(number, sizeof(number), "%s",
             celeriac_testing_run(bigint, "power", "[2,4423]", NULL).result);
    number[strlen(number) - 1]--;
    char args[2100];
    snprintf(args, sizeof(args), "[%s]", number);
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, bigint), 0);
    const struct celeriac_testing_end end = celeriac_testing_run(bigint, "is_prime", args, NULL);
    pthread_join(thread, NULL);
    celeriac_testing_cancel(bigint, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primes_below_ten_thousand_are_1229),
        cmocka_unit_test(mersenne_primes_are_prime),
        cmocka_unit_test(numbers_that_deceive_simpler_tests_are_composite),
        cmocka_unit_test(long_numbers_are_tested_in_rounds),
        cmocka_unit_test(next_primes_are_known),
        cmocka_unit_test(factors_are_known),
        cmocka_unit_test(powers_of_large_primes_are_no_work),
        cmocka_unit_test(factors_multiply_to_the_number),
        cmocka_unit_test(rounds_stop_when_they_are_cancelled),
        cmocka_unit_test(long_searches_stop_when_they_are_cancelled),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
