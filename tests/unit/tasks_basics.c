/* The tasks of the module basics, as they are loaded by a worker. */
#include "tests/unit/tasks.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static struct celeriac_testing *basics;

static int
setup(void **state)
{
    (void)state;
    basics = open_module("basics");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_testing_free(basics);
    return 0;
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
countdown_returns_n(void **state)
{
    (void)state;
    assert_result(basics, "countdown", "[0]", NULL, "0");
    assert_result(basics, "countdown", "[1]", NULL, "1");
    assert_result(basics, "countdown", "[10000000]", NULL, "10000000");
    assert_result(basics, "countdown", NULL, "{\"n\":262145}", "262145");
    assert_true(celeriac_testing_progress(basics) == 1);
}

static void
countdown_takes_time_for_every_step(void **state)
{
    (void)state;
    const double start = now();
    assert_result(basics, "countdown", "[200000000]", NULL, "200000000");
    assert_true(now() - start > 0.01); /* 20 steps in a nanosecond are not possible */
}

static void
countdown_refuses_what_is_no_count(void **state)
{
    (void)state;
    assert_rejected(basics, "countdown", "[-1]", "invalid_arguments",
                    "n = -1: expected integer 0..1e15");
    assert_rejected(basics, "countdown", "[1000000000000001]", "invalid_arguments", "n");
    assert_rejected(basics, "countdown", "[2.5]", "invalid_arguments", "n = 2.5");
    assert_rejected(basics, "countdown", "[\"5\"]", "invalid_arguments", "n = \"5\"");
    assert_rejected(basics, "countdown", "[]", "invalid_arguments", "n is missing");
    assert_rejected(basics, "countdown", "[1,2]", "invalid_arguments",
                    "2 arguments: expected at most 1");
}

static void
sum_range_is_exact(void **state)
{
    (void)state;
    assert_result(basics, "sum_range", "[0]", NULL, "0");
    assert_result(basics, "sum_range", "[1]", NULL, "0");
    assert_result(basics, "sum_range", "[16385]", NULL, "134225920");
    assert_result(basics, "sum_range", "[1000000]", NULL, "499999500000");
    assert_result(basics, "sum_range", "[100000000]", NULL, "4999999950000000");
}

static void
assert_cancelled_soon(const char *task, const char *args)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_running, basics), 0);
    const double start = now();
    const struct celeriac_testing_end end = celeriac_testing_run(basics, task, args, NULL);
    const double took = now() - start;
    pthread_join(thread, NULL);
    celeriac_testing_cancel(basics, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
    assert_true(took < 1);
}

static void
long_tasks_end_soon_after_a_cancel(void **state)
{
    (void)state;
    assert_cancelled_soon("countdown", "[30000000000]");
    assert_cancelled_soon("sum_range", "[30000000000]");
    assert_cancelled_soon("sleep", "[1000]");
}

static void
passing_the_time_limit_is_a_failure(void **state)
{
    (void)state;
    celeriac_testing_expire(basics);
    const struct celeriac_testing_end end = celeriac_testing_run(basics, "sleep", "[1000]", NULL);
    celeriac_testing_cancel(basics, false);
    assert_int_equal(end.outcome, CELERIAC_FAILURE);
    assert_string_equal(end.error_type, "timeout");
    assert_false(end.is_final);
}

static void
sleep_waits_without_computing(void **state)
{
    (void)state;
    const double start = now();
    const clock_t cpu = clock();
    assert_result(basics, "sleep", "[0.25]", NULL, "0.25");
    assert_true(now() - start >= 0.25);
    assert_true((double)(clock() - cpu) / CLOCKS_PER_SEC < 0.1);
    assert_result(basics, "sleep", "[0]", NULL, "0");
}

static void
spin_burns_a_core_and_ignores_cancel(void **state)
{
    (void)state;
    celeriac_testing_cancel(basics, true);
    const double start = now();
    assert_result(basics, "spin", "[0.1]", NULL, "0.1");
    celeriac_testing_cancel(basics, false);
    assert_true(now() - start >= 0.1);
}

static void
echo_gives_any_value_back(void **state)
{
    (void)state;
    static const char *const values[] = {
        "null", "true",          "-7",      "123456789012345678901234567890",
        "0.1",  "\"a\\u0000b\"", "[1,[2]]", "{\"a\":{\"b\":[]}}"};
    char args[200];
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        snprintf(args, sizeof(args), "[%s]", values[i]);
        assert_result(basics, "echo", args, NULL, values[i]);
    }
}

static void
random_covers_the_closed_range_evenly(void **state)
{
    (void)state;
    enum { RUNS = 60000, SIDES = 6 };
    int counts[SIDES + 1] = {0};
    for (int i = 0; i < RUNS; i++) {
        const int n = atoi(celeriac_testing_run(basics, "random", "[1,6]", NULL).result);
        assert_in_range(n, 1, SIDES);
        counts[n]++;
    }
    for (int i = 1; i <= SIDES; i++) /* 10 standard deviations: never by chance */
        assert_true(fabs(counts[i] - RUNS / (double)SIDES) < 10 * sqrt(RUNS / (double)SIDES));
    assert_result(basics, "random", "[5,5]", NULL, "5");
    assert_rejected(basics, "random", "[6,1]", "invalid_arguments", "low = 6 is above high = 1");
    assert_int_equal(
        celeriac_testing_run(basics, "random", "[-9223372036854775808,9223372036854775807]", NULL)
            .outcome,
        CELERIAC_SUCCESS);
}

static void
fail_fails_in_the_first_attempts_only(void **state)
{
    (void)state;
    struct celeriac_testing_end end =
        celeriac_testing_run(basics, "fail", "[\"no 100% luck\"]", NULL);
    assert_int_equal(end.outcome, CELERIAC_FAILURE);
    assert_string_equal(end.error_type, "fail");
    assert_string_equal(end.error_message, "no 100% luck");
    assert_false(end.is_final);
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        celeriac_testing_attempt(basics, attempt);
        end = celeriac_testing_run(basics, "fail", "[\"m\"]", "{\"times\":2}");
        assert_int_equal(end.outcome, attempt <= 2 ? CELERIAC_FAILURE : CELERIAC_SUCCESS);
    }
    assert_string_equal(end.result, "\"m\"");
    celeriac_testing_attempt(basics, 1);
}

/* The wait status of a child that runs `crash`. */
static int
crash(const char *args)
{
    const pid_t pid = fork();
    if (pid == 0) {
        close(STDERR_FILENO); /* sanitizers have a lot to say about it */
        for (int sig = SIGILL; sig <= SIGSEGV; sig++)
            signal(sig, SIG_DFL); /* cmocka's handlers would go on with the next test */
        signal(SIGTERM, SIG_IGN);
        (void)celeriac_testing_run(basics, "crash", args, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void
crash_kills_its_process_by_the_signal(void **state)
{
    (void)state;
    const int kill_status = crash("[\"KILL\"]"), term_status = crash("[\"SIGTERM\"]");
    assert_true(WIFSIGNALED(kill_status) && WTERMSIG(kill_status) == SIGKILL);
    assert_true(WIFSIGNALED(term_status) && WTERMSIG(term_status) == SIGTERM);
    static const char *const faults[] = {"[]",        "[\"segv\"]", "[\"BUS\"]",
                                         "[\"FPE\"]", "[\"ILL\"]",  "[\"ABRT\"]"};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        assert_int_not_equal(crash(faults[i]),
                             0); /* a sanitizer may turn the signal into an exit code */
    assert_rejected(basics, "crash", "[\"WINCH\"]", "invalid_arguments", "WINCH");
}

static void
allocate_returns_the_bytes_and_survives_too_many(void **state)
{
    (void)state;
    assert_result(basics, "allocate", "[0]", NULL, "0");
    assert_result(basics, "allocate", "[1]", NULL, "1");
    assert_result(basics, "allocate", "[67108864]", NULL, "67108864");
    assert_rejected(basics, "allocate", "[-1]", "invalid_arguments", "bytes = -1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(countdown_returns_n),
        cmocka_unit_test(countdown_takes_time_for_every_step),
        cmocka_unit_test(countdown_refuses_what_is_no_count),
        cmocka_unit_test(sum_range_is_exact),
        cmocka_unit_test(long_tasks_end_soon_after_a_cancel),
        cmocka_unit_test(passing_the_time_limit_is_a_failure),
        cmocka_unit_test(sleep_waits_without_computing),
        cmocka_unit_test(spin_burns_a_core_and_ignores_cancel),
        cmocka_unit_test(echo_gives_any_value_back),
        cmocka_unit_test(random_covers_the_closed_range_evenly),
        cmocka_unit_test(fail_fails_in_the_first_attempts_only),
        cmocka_unit_test(crash_kills_its_process_by_the_signal),
        cmocka_unit_test(allocate_returns_the_bytes_and_survives_too_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
