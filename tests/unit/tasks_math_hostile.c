/* Hostile arguments for every numerical task: a clear failure in under a second, never a dead
 * process. The corpus is the table of shapes below, put into every place that an argument has. */
#include "tests/unit/tasks_math.h"

#include <time.h>

/* %s is where the hostile thing goes. */
static const char *const places[][2] = {
    {"roots", "[%s]"},
    {"roots", "[[1,%s]]"},
    {"roots", "[\"x\",%s]"},
    {"solve", "[%s]"},
    {"system", "[[%s],{\"x\":1}]"},
    {"system", "[%s,{\"x\":1}]"},
    {"system", "[[\"x\"],%s]"},
    {"system", "[[\"x\"],{\"x\":%s}]"},
    {"linear", "[%s,[1]]"},
    {"linear", "[[[1]],%s]"},
    {"linear", "[[[%s]],[1]]"},
    {"integrate", "[%s,0,1]"},
    {"integrate", "[\"x\",%s,1]"},
    {"integrate", "[\"x\",0,%s]"},
    {"integrate", "[\"x\",0,1,\"x\",[%s]]"},
    {"ode", "[{\"x\":%s},{\"x\":1}]"},
    {"ode", "[%s,{\"x\":1}]"},
    {"ode", "[{\"x\":\"x\"},%s]"},
    {"ode", "[{\"x\":\"x\"},{\"x\":%s}]"},
    {"ode", "[{\"x\":\"x\"},{\"x\":1},0,1,%s]"},
    {"ode", "[{\"x\":\"x\"},{\"x\":1},0,1,2,\"t\",%s]"},
    {"minimize", "[%s]"},
    {"minimize", "[\"x\",%s]"},
    {"minimize", "[\"x^2\",{\"x\":%s}]"},
    {"fit", "[%s,{\"y\":[1,2]},{\"a\":1}]"},
    {"fit", "[\"a\",%s,{\"a\":1}]"},
    {"fit", "[\"a\",{\"y\":%s},{\"a\":1}]"},
    {"fit", "[\"a\",{\"y\":[1,2]},%s]"},
    {"fit", "[\"a\",{\"y\":[1,2]},{\"a\":1},\"y\",%s]"},
    {"table", "[%s,{\"x\":[1]}]"},
    {"table", "[\"x\",%s]"},
    {"table", "[\"x\",{\"x\":%s}]"},
    {"table", "[\"x\",{\"x\":{\"from\":0,\"to\":1,\"n\":%s}}]"},
    {"montecarlo", "[%s,{\"x\":1},1000]"},
    {"montecarlo", "[\"x\",%s,1000]"},
    {"montecarlo", "[\"x\",{\"x\":%s},1000]"},
    {"montecarlo", "[\"x\",{\"x\":{\"normal\":%s}},1000]"},
};

static const char *const things[] = {"null",
                                     "true",
                                     "[]",
                                     "{}",
                                     "\"\"",
                                     "[[]]",
                                     "[{}]",
                                     "{\"\":1}",
                                     "\"\\u0000\"",
                                     "\"x\\u0000\"",
                                     "\"\\u00e9\"",
                                     "\"x = = 1\"",
                                     "\"x=5\"",
                                     "\"nothing\"",
                                     "\"factorial(1e9)\"",
                                     "\"1e308^1e308\"",
                                     "\"0/0\"",
                                     "\"1/0\"",
                                     "\"sqrt(-1)\"",
                                     "\"x,x\"",
                                     "\"(\"",
                                     "\"f(x)\"",
                                     "\"((((((((((x\"",
                                     "\"1e308*x*1e308\"",
                                     "\"x^1e9\"",
                                     "1e308",
                                     "-1e308",
                                     "1e-320",
                                     "-1",
                                     "0",
                                     "9007199254740993",
                                     "-9223372036854775808",
                                     "123456789012345678901234567890123456789012345678901234567890",
                                     "[1,[2]]",
                                     "[\"x\",\"x\",\"x\"]",
                                     "{\"x\":{}}",
                                     "{\"x\":[]}",
                                     "{\"x y\":1}",
                                     "{\"sin\":1}",
                                     "{\"uniform\":[2,1]}",
                                     "{\"normal\":[0,-1]}",
                                     "{\"integer\":[0,1e300]}",
                                     "{\"uniform\":1}",
                                     "{\"x\":1,\"y\":1}",
                                     "[1e308,1e308,-1e308]",
                                     "{\"from\":0,\"to\":1,\"n\":1e12}",
                                     "{\"from\":-1e308,\"to\":1e308,\"n\":2}",
                                     "{\"from\":0,\"to\":1,\"n\":-1}"};

/* Without optimization everything takes some times as long. */
#ifdef __OPTIMIZE__
#define SECONDS_MAX 1.0
#else
#define SECONDS_MAX 5.0
#endif

/* Processor time: the machine may be busy with something else. */
static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Some of them are legal in some places; then the answer must come as fast. */
static void
assert_survives(const char *task, const char *args)
{
    const double begin = now();
    const struct celeriac_testing_end end = celeriac_testing_run(math, task, args, NULL);
    if (now() - begin > SECONDS_MAX)
        fail_msg("%s %.300s: %g s", task, args, now() - begin);
    if (end.outcome == CELERIAC_SUCCESS)
        return;
    if (end.outcome != CELERIAC_FAILURE || !end.is_final || strlen(end.error_message) < 8 ||
        strchr(end.error_message, '\n') != NULL)
        fail_msg("%s %.300s: outcome %d: %s", task, args, (int)end.outcome, end.error_message);
}

static void
every_hostile_thing_in_every_place_is_survived(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    char args[1000];
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size_t k = 0; k < sizeof(things) / sizeof(things[0]); k++) {
            const char *hole = strstr(places[i][1], "%s");
            snprintf(args, sizeof(args), "%.*s%s%s", (int)(hole - places[i][1]), places[i][1],
                     things[k], hole + 2);
            assert_survives(places[i][0], args);
        }
}

/* `n` times `item`, separated by commas, between `before` and `after`. */
static void
assert_many_survive(const char *task, const char *before, const char *item, int n,
                    const char *after)
{
    const size_t room = strlen(before) + (strlen(item) + 1) * (size_t)n + strlen(after) + 1;
    char *args = malloc(room), *end = stpcpy(args, before);
    for (int i = 0; i < n; i++)
        end = stpcpy(stpcpy(end, i > 0 ? "," : ""), item);
    stpcpy(end, after);
    assert_survives(task, args);
    free(args);
}

static void
huge_arguments_are_survived(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_many_survive("roots", "[[", "1", 100000, "]]");
    assert_many_survive("roots", "[[", "1e300", 129, "]]");
    assert_many_survive("linear", "[[", "[1,1]", 50000, "],[1,1]]");
    assert_many_survive("linear", "[[[", "1", 100000, "]],[1]]");
    assert_many_survive("system", "[[", "\"x\"", 10000, "],{\"x\":1}]");
    assert_many_survive("integrate", "[\"x\",0,1,\"x\",[", "0.5", 32, "]]");
    assert_many_survive("integrate", "[\"x\",0,1,\"x\",[", "0.5", 33, "]]");
    assert_many_survive("fit", "[\"a\",{\"y\":[", "1", 60000, "]},{\"a\":1}]");
    assert_many_survive("table", "[\"x\",{\"x\":[", "1", 100000, "]}]");
    assert_survives("roots", "[\"(x-1)^128\"]");
    assert_survives("table", "[\"x\",{\"x\":{\"from\":0,\"to\":1,\"n\":1e9}}]");
    assert_survives("montecarlo", "[\"x\",{\"x\":1},1e300]");
    assert_survives("ode", "[{\"x\":\"1/0*x\"},{\"x\":1},0,1e308]");
    assert_survives("ode", "[{\"x\":\"exp(exp(x))\"},{\"x\":1}]");
    assert_survives("integrate", "[\"sin(1/x)/x\",0,1]");
    assert_survives("integrate", "[\"tan(x)\",0,1000]");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hostile_thing_in_every_place_is_survived),
        cmocka_unit_test(huge_arguments_are_survived),
    };
    return cmocka_run_group_tests(tests, math_setup, math_teardown);
}
