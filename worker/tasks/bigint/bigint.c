/* Module bigint: exact integers of any length, by GMP.
 *
 * To add a task: a file with its function, a prototype in bigint.h, a row here. Work out the size
 * of the result before GMP does anything (BIGINT_BITS_MAX), and split the work so that the cancel
 * flag is looked at between the parts. */
#include "worker/tasks/bigint/bigint.h"

#include <math.h>

static const struct celeriac_param factorial_params[] = {{.name = "n",
                                                          .kind = CELERIAC_ARG_INTEGER,
                                                          .min = 0,
                                                          .max = 1e6,
                                                          .help = "what the product ends with"}};

static const struct celeriac_param factorize_params[] = {{.name = "n",
                                                          .kind = CELERIAC_ARG_BIGINT,
                                                          .min = 1,
                                                          .max = INFINITY,
                                                          .help = "at most 1000 digits"}};

/* F(n) has 0.6942 n bits, so that this is just below BIGINT_BITS_MAX. */
static const struct celeriac_param fibonacci_params[] = {
    {.name = "n",
     .kind = CELERIAC_ARG_INTEGER,
     .min = 0,
     .max = 79e6,
     .help = "which of them; F(1) = F(2) = 1"}};

static const struct celeriac_param gcd_params[] = {
    {.name = "a", .kind = CELERIAC_ARG_BIGINT, .help = "at most a million digits"},
    {.name = "b", .kind = CELERIAC_ARG_BIGINT, .help = "at most a million digits"}};

static const struct celeriac_param prime_params[] = {
    {.name = "n", .kind = CELERIAC_ARG_BIGINT, .help = "at most 100,000 digits"}};

static const struct celeriac_param pi_params[] = {{.name = "digits",
                                                   .kind = CELERIAC_ARG_INTEGER,
                                                   .min = 0,
                                                   .max = 1e7,
                                                   .help = "how many after the point"}};

static const struct celeriac_param power_params[] = {
    {.name = "base", .kind = CELERIAC_ARG_BIGINT, .help = "at most a million digits"},
    {.name = "exponent",
     .kind = CELERIAC_ARG_BIGINT,
     .min = 0,
     .max = INFINITY,
     .help = "without a modulus, the result may have 16.5 million digits"},
    {.name = "modulus",
     .kind = CELERIAC_ARG_BIGINT,
     .optional = true,
     .min = 1,
     .max = INFINITY,
     .help = "the result is the remainder of dividing by it"}};

#define PARAMS(rows) .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])

static const struct celeriac_task tasks[] = {
    {.name = "factorial",
     .help = "1 * 2 * ... * n, every digit of it",
     .run = factorial_run,
     PARAMS(factorial_params),
     .returns = "n!, exact"},
    {.name = "factorize",
     .help = "Splits a number into its prime factors; all but the largest may have up to 14 digits",
     .run = factorize_run,
     PARAMS(factorize_params),
     .returns = "an array of primes, ascending, each as often as it divides n"},
    {.name = "fibonacci",
     .help = "The n-th Fibonacci number, every digit of it",
     .run = fibonacci_run,
     PARAMS(fibonacci_params),
     .returns = "F(n), exact"},
    {.name = "gcd",
     .help = "The greatest common divisor of two integers",
     .run = gcd_run,
     PARAMS(gcd_params),
     .returns = "an integer, 0 or more"},
    {.name = "is_prime",
     .help = "Tests whether a number is prime: exact below 2^64, beyond right but for 1 in 10^14",
     .run = is_prime_run,
     PARAMS(prime_params),
     .returns = "true or false"},
    {.name = "next_prime",
     .help = "The smallest prime above n, prime as is_prime sees it",
     .run = next_prime_run,
     PARAMS(prime_params),
     .returns = "an integer"},
    {.name = "pi",
     .help = "The decimal digits of pi, cut off and not rounded",
     .run = pi_run,
     PARAMS(pi_params),
     .returns = "a string, \"3.14...\""},
    {.name = "power",
     .help = "base^exponent, exact or modulo a number",
     .run = power_run,
     PARAMS(power_params),
     .returns = "an integer"},
};

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "bigint",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
};
