/* Each standard task in several threads at once, each with its own thread state: under
 * ThreadSanitizer this shows that nothing is shared; without it, that every thread gets the answers
 * of one alone.
 *
 * usage: unit_tasks_same_threads [SECONDS-PER-TASK]; a twentieth of a second if none are given. */
#include "tests/unit/tasks.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 3 };

static const struct {
    const char *module, *task, *args;
} jobs[] = {
    {"basics", "countdown", "[10000]"},
    {"basics", "sum_range", "[10000]"},
    {"basics", "sleep", "[0.001]"},
    {"basics", "echo", "[{\"a\":[1,2.5,\"é\",null,100000000000000000000000]}]"},
    {"basics", "random", "[5,5]"},
    {"basics", "fail", "[\"no\"]"},
    {"basics", "spin", "[0.001]"},
    {"basics", "allocate", "[1000000]"},
    {"bigint", "factorial", "[500]"},
    {"bigint", "factorize", "[147573952589676412927]"},
    {"bigint", "fibonacci", "[5000]"},
    {"bigint", "gcd", "[620448401733239439360000,1000000000000000000000000]"},
    {"bigint", "is_prime", "[618970019642690137449562111]"},
    {"bigint", "next_prime", "[1000000000000000000000000000000]"},
    {"bigint", "pi", "[2000]"},
    {"bigint", "power", "[7,618970019642690137449562110,618970019642690137449562111]"},
    {"math", "eval", "[\"x^2 + min(1, 2) + sin(y)\",{\"x\":7,\"y\":1}]"},
    {"math", "eval", "[\"1 + (2\"]"},
    {"math", "solve", "[\"(x - 3)*(x + 1)*exp(-x/50) = 0\"]"},
    {"math", "roots", "[\"(x - 1)^2*(x^2 + 1)*(x - 3)\"]"},
    {"math", "roots", "[\"sin(x)\"]"},
    {"math", "system", "[[\"x^2 + y^2 = 25\",\"y = x + 1\"],{\"x\":2,\"y\":5}]"},
    {"math", "linear", "[[[4,1,2],[1,5,3],[2,3,6]],[1,2,3]]"},
    {"math", "integrate", "[\"log(x)/sqrt(x)\",0,1]"},
    {"math", "integrate", "[\"exp(-x^2)\",\"-inf\",\"inf\"]"},
    {"math", "integrate", "[\"1/x\",-1,1]"},
    {"math", "ode", "[{\"x\":\"v\",\"v\":\"100*(1 - x^2)*v - x\"},{\"x\":2,\"v\":0},0,1,3]"},
    {"math", "minimize", "[\"(1 - x)^2 + 100*(y - x^2)^2\",{\"x\":-1.2,\"y\":1}]"},
    {"math", "minimize", "[\"x^2 - x + sin(5*x)\"]"},
    {"math", "fit", "[\"a*exp(-b*x)\",{\"y\":[5,3,2.1,1.2],\"x\":[0,1,2,3]},{\"a\":4,\"b\":1}]"},
    {"math", "table", "[\"x*y\",{\"x\":[1,2,3],\"y\":{\"from\":0,\"to\":1,\"n\":50}}]"},
    {"math", "montecarlo", "[\"x*y\",{\"x\":{\"normal\":[1,1]},\"y\":{\"exponential\":[2]}},2000]"},
    {"linalg", "linear_large", "[[[4,1,2],[1,5,3],[2,3,6]],[1,2,3]]"},
    {"linalg", "eigenvalues", "[[[2,0,1],[0,3,1],[4,1,5]]]"},
    {"linalg", "svd", "[[[1,2],[3,4],[5,6]]]"},
    {"command", "command", "[\"echo\",[\"a\",1]]"},
};
enum { JOBS = sizeof(jobs) / sizeof(jobs[0]) };

static double seconds = 0.05;

struct thread {
    struct celeriac_testing *testing;
    size_t job;
    const char *expected;
    struct timespec until;
    unsigned runs;
    bool is_good;
};

static const char *
answer(struct celeriac_testing *t, size_t job)
{
    const struct celeriac_testing_end end =
        celeriac_testing_run(t, jobs[job].task, jobs[job].args, NULL);
    return end.result != NULL ? end.result : end.error_message;
}

static bool
is_over(const struct timespec *until)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > until->tv_sec ||
           (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

static void *
compute(void *arg)
{
    struct thread *t = arg;
    do {
        t->is_good = strcmp(answer(t->testing, t->job), t->expected) == 0;
        t->runs++;
    } while (t->is_good && !is_over(&t->until));
    return NULL;
}

static void
run_job(struct celeriac_testing *const *testing, size_t job)
{
    struct thread threads[THREADS];
    pthread_t ids[THREADS];
    char *expected = strdup(answer(testing[0], job));
    struct timespec until;
    unsigned runs = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    for (int i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){testing[i], job, expected, until, 0, false};
        assert_int_equal(pthread_create(&ids[i], NULL, compute, &threads[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        runs += threads[i].runs;
        if (!threads[i].is_good)
            fail_msg("%s %s: not %s", jobs[job].task, jobs[job].args, expected);
    }
    print_message("%-14s %u runs\n", jobs[job].task, runs);
    free(expected);
}

static void
threads_get_the_answers_of_one_alone(void **state)
{
    (void)state;
    struct celeriac_testing *testing[THREADS] = {NULL};
    const char *open = ""; /* the module that `testing` is of */
    for (size_t job = 0; job < JOBS; job++) {
        const char *module = jobs[job].module;
        if (!module_is_built(module))
            continue;
        for (int i = 0; i < THREADS && strcmp(open, module) != 0; i++) {
            celeriac_testing_free(testing[i]);
            testing[i] = open_module(module);
        }
        open = module;
        run_job(testing, job);
    }
    for (int i = 0; i < THREADS; i++)
        celeriac_testing_free(testing[i]);
}

/* The list of programs for the task command. */
static void
allow_echo(char *path)
{
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "[echo]\nprogram = /bin/echo\n") > 0);
    assert_int_equal(close(fd), 0);
    setenv("CELERIAC_COMMANDS", path, 1);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads_get_the_answers_of_one_alone)};
    char path[] = "/tmp/celeriac-commands-XXXXXX";
    if (argc > 1)
        seconds = strtod(argv[1], NULL);
    allow_echo(path);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
