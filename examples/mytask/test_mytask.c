/* Tests of the module: each task is run in this process, without Redis and without a worker.
 *
 *     test_mytask build/mytask.so */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <celeriac_testing.h>

static int failures;

static void
expect(const char *what, const char *got, const char *wanted)
{
    if (got != NULL && strcmp(got, wanted) == 0)
        return;
    failures++;
    printf("%s: got %s, wanted %s\n", what, got != NULL ? got : "nothing", wanted);
}

int
main(int argc, char **argv)
{
    char why[256] = "";
    struct celeriac_testing *t;

    if (argc != 2) {
        printf("usage: test_mytask MODULE\n");
        return 2;
    }
    t = celeriac_testing_load(argv[1], why, sizeof(why));
    if (t == NULL) {
        printf("%s\n", why);
        return 1;
    }
    expect("27", celeriac_testing_run(t, "collatz", "[27]", NULL).result,
           "{\"steps\":111,\"highest\":9232}");
    expect("by name", celeriac_testing_run(t, "collatz", NULL, "{\"n\": 1}").result,
           "{\"steps\":0,\"highest\":1}");
    expect("0", celeriac_testing_run(t, "collatz", "[0]", NULL).error_type, "invalid_arguments");
    celeriac_testing_cancel(t, true);
    if (celeriac_testing_run(t, "collatz", "[27]", NULL).outcome != CELERIAC_CANCELLED)
        expect("cancelled", "something else", "the outcome CANCELLED");
    celeriac_testing_cancel(t, false);
    setenv("CELERIAC_BROKER", "unix:///nowhere", 1); /* no test of ours meets a real one */
    expect("no broker", celeriac_testing_run(t, "fan_out", "[\"collatz\", 2]", NULL).error_type,
           "unavailable");
    celeriac_testing_free(t);
    if (failures == 0)
        printf("all tests passed\n");
    return failures > 0;
}
