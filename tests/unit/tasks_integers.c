/* fibonacci, power, pi and gcd against published values: F(1000) and F(10^7) (OEIS A000045), digits
 * of pi up to the millionth (5779458151 are the last ten of them), and what must be refused before
 * GMP, which would end the process, sees it. */
#include "tests/unit/tasks.h"

#include <pthread.h>
#include <time.h>

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
gives(const char *task, const char *args, const char *expected)
{
    assert_result(bigint, task, args, NULL, expected);
}

/* So many characters, of which these are the last ones. */
static void
ends_with(const char *task, const char *args, size_t len, const char *tail)
{
    const struct celeriac_testing_end end = celeriac_testing_run(bigint, task, args, NULL);
    assert_int_equal(end.outcome, CELERIAC_SUCCESS);
    assert_int_equal(strlen(end.result), len);
    assert_string_equal(end.result + len - strlen(tail), tail);
}

static void
fibonacci_numbers_are_known(void **state)
{
    (void)state;
    static const char *const known[] = {"0", "1", "1", "2", "3", "5", "8", "13", "21", "34", "55"};
    char args[32];
    for (unsigned n = 0; n <= 10; n++) {
        snprintf(args, sizeof(args), "[%u]", n);
        gives("fibonacci", args, known[n]);
    }
    gives("fibonacci", "[93]", "12200160415121876738");
    gives("fibonacci", "[1000]",
          "4346655768693745643568852767504062580256466051737178040248172908953655541794905189040387"
          "9840079255169295922593080322634775209689623239873322471161642996440906533187938298969649"
          "928516003704476137795166849228875");
    ends_with("fibonacci", "[10000000]", 2089877, "86998673686380546875");
}

static uint64_t
modulo(const char *digits, uint64_t m)
{
    uint64_t rest = 0;
    for (; *digits != '\0'; digits++)
        rest = (rest * 10 + (uint64_t)(*digits - '0')) % m;
    return rest;
}

/* F(n) mod m by adding, around the place where GMP's table ends and doubling begins. */
static void
fibonacci_numbers_add_up(void **state)
{
    (void)state;
    const uint64_t m = 4294967291u;
    uint64_t f = 0, next = 1;
    for (unsigned n = 0; n < 9000; n++) {
        if (n % 512 < 2 || (n > 4090 && n < 4100)) {
            char args[32];
            snprintf(args, sizeof(args), "[%u]", n);
            assert_int_equal(
                modulo(celeriac_testing_run(bigint, "fibonacci", args, NULL).result, m), f);
        }
        const uint64_t sum = (f + next) % m;
        f = next;
        next = sum;
    }
}

static void
powers_are_exact(void **state)
{
    (void)state;
    gives("power", "[2,64]", "18446744073709551616");
    gives("power", "[-3,41]", "-36472996377170786403");
    gives("power", "[-6,2]", "36");
    gives("power", "[0,0]", "1");
    gives("power", "[0,5]", "0");
    gives("power", "[12345678901234567890,3]",
          "1881676372353657772490265749424677022198701224860897069000");
    gives("power", "[-1,123456789012345678901234567890]", "1");
    gives("power", "[-1,123456789012345678901234567891]", "-1");
    gives("power", "[1,123456789012345678901234567891]", "1");
    ends_with("power", "[10,1000000]", 1000001, "00000");
}

static void
powers_modulo_a_number_obey_fermat(void **state)
{
    (void)state;
    gives("power", "[2,2305843009213693950,2305843009213693951]", "1");
    gives("power", "[-2,3,7]", "6");
    gives("power", "[5,0,1]", "0");
    gives("power", "[7,618970019642690137449562110,618970019642690137449562111]", "1");
}

/* 2^n = 2^(n mod m) modulo 2^m - 1, and 2^127 = 12728 modulo 21000; a modulus of 21,000 bits is
 * beyond what GMP gets in one piece. */
static void
powers_modulo_long_numbers_are_taken_in_steps(void **state)
{
    (void)state;
    char args[8192], expected[8192];
    const size_t len =
        (size_t)snprintf(args, sizeof(args), "[2,170141183460469231731687303715884105728,%s",
                         celeriac_testing_run(bigint, "power", "[2,21000]", NULL).result);
    args[len - 1]--; /* the last digit of a power of 2 is no 0 */
    strcpy(args + len, "]");
    snprintf(expected, sizeof(expected), "%s",
             celeriac_testing_run(bigint, "power", "[2,12728]", NULL).result);
    gives("power", args, expected);
}

static void
digits_of_pi_are_known(void **state)
{
    (void)state;
    gives("pi", "[0]", "\"3\"");
    gives("pi", "[1]", "\"3.1\"");
    gives("pi", "[4]", "\"3.1415\"");
    gives("pi", "[50]", "\"3.14159265358979323846264338327950288419716939937510\"");
    ends_with("pi", "[767]", 767 + 4, "999999\""); /* Feynman's point: cut off, not rounded */
    ends_with("pi", "[1000]", 1000 + 4, "2164201989\"");
    ends_with("pi", "[10000]", 10000 + 4, "5256375678\"");
    ends_with("pi", "[100000]", 100000 + 4, "5493624646\"");
    ends_with("pi", "[1000000]", 1000000 + 4, "5779458151\"");
}

static void
common_divisors(void **state)
{
    (void)state;
    gives("gcd", "[12,18]", "6");
    gives("gcd", "[-12,18]", "6");
    gives("gcd", "[0,0]", "0");
    gives("gcd", "[0,-7]", "7");
    gives("gcd", "[620448401733239439360000,1000000000000000000000000]", "2621440000");
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
refused(const char *task, const char *args, const char *type, const char *part)
{
    const double start = now();
    assert_rejected(bigint, task, args, type, part);
    assert_true(now() - start < 1);
}

static void
what_is_too_large_is_refused_at_once(void **state)
{
    (void)state;
    refused("fibonacci", "[1000000000000]", "invalid_arguments", "expected integer 0..79000000");
    refused("fibonacci", "[-1]", "invalid_arguments", "n = -1");
    refused("pi", "[10000001]", "invalid_arguments", "digits");
    refused("power", "[10,1099511627776]", "too_large", "3.65e+12 bits");
    refused("power", "[2,123456789012345678901234567890]", "too_large", "bits");
    refused("power", "[-2,55000001]", "too_large", "bits");
    refused("power", "[2,-1]", "invalid_arguments", "exponent = -1");
    refused("power", "[2,3,0]", "invalid_arguments", "modulus = 0");
    refused("power", "[2.5,3]", "invalid_arguments", "base = 2.5");
    refused("gcd", "[\"12\",18]", "invalid_arguments", "a = \"12\": expected integer");
    refused("gcd", "[12]", "invalid_arguments", "b is missing");
}

static void
huge_arguments_are_refused(void **state)
{
    (void)state;
    enum { DIGITS = 4 * 1000 * 1000 };
    char *args = malloc(DIGITS + 64);
    assert_non_null(args);
    strcpy(args, "[7,");
    memset(args + 3, '7', DIGITS);
    strcpy(args + 3 + DIGITS, "]");
    assert_rejected(bigint, "gcd", args, "too_large",
                    "argument 2 has 4000000 digits: at most 1000000");
    assert_rejected(bigint, "power", args, "too_large", "argument 2 has 4000000 digits");
    args[2] = ' '; /* now it is one argument */
    args[1] = ' ';
    assert_rejected(bigint, "is_prime", args, "too_large", "at most 100000");
    assert_rejected(bigint, "next_prime", args, "too_large", "at most 100000");
    assert_rejected(bigint, "factorize", args, "too_large", "at most 1000");
    free(args);
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
long_computations_stop_when_they_are_cancelled(void **state)
{
    (void)state;
    stops("pi", "[3000000]");
    stops("fibonacci", "[20000000]");
    stops("power", "[3,20000000]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fibonacci_numbers_are_known),
        cmocka_unit_test(fibonacci_numbers_add_up),
        cmocka_unit_test(powers_are_exact),
        cmocka_unit_test(powers_modulo_a_number_obey_fermat),
        cmocka_unit_test(powers_modulo_long_numbers_are_taken_in_steps),
        cmocka_unit_test(digits_of_pi_are_known),
        cmocka_unit_test(common_divisors),
        cmocka_unit_test(what_is_too_large_is_refused_at_once),
        cmocka_unit_test(huge_arguments_are_refused),
        cmocka_unit_test(long_computations_stop_when_they_are_cancelled),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
