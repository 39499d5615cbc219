/* An expression is compiled once per thread: jobs that bring the same text and the same names find
 * it again, whatever the values are. The module counts what it compiles. */
#include "tests/unit/tasks.h"

#include <dlfcn.h>

typedef unsigned long compilations_fn(void);

static struct celeriac_testing *math;
static compilations_fn *compilations;

static int
setup(void **state)
{
    char path[4200];
    (void)state;
    if (!module_is_built("math"))
        return 0;
    math = open_module("math");
    snprintf(path, sizeof(path), "%s/math.so", modules_directory());
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(handle);
    void *symbol = dlsym(handle, "expression_compilations");
    assert_non_null(symbol);
    memcpy(&compilations, &symbol, sizeof(compilations));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_testing_free(math);
    return 0;
}

/* How many compilations one job causes. */
static unsigned long
cost(const char *task, const char *args)
{
    const unsigned long before = compilations();
    const struct celeriac_testing_end end = celeriac_testing_run(math, task, args, NULL);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s %s: %s", task, args, end.error_message);
    return compilations() - before;
}

static void
the_same_text_is_compiled_once(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_int_equal(cost("eval", "[\"x^2 + y\", {\"x\": 3, \"y\": 1}]"), 1);
    assert_int_equal(cost("eval", "[\"x^2 + y\", {\"x\": 3, \"y\": 1}]"), 0);
    assert_int_equal(cost("eval", "[\"x^2 + y\", {\"x\": -7, \"y\": 0.5}]"), 0);
    assert_int_equal(cost("eval", "[\"x^2 + z\", {\"x\": 3, \"z\": 1}]"), 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cost("eval", "[\"x^2 + y\", {\"x\": 2, \"y\": 2}]"), 0);
}

static void
an_equation_is_compiled_once(void **state)
{
    (void)state;
    if (math == NULL)
        skip();
    assert_true(cost("solve", "[\"x^3 = 5\"]") > 0);
    assert_int_equal(cost("solve", "[\"x^3 = 5\"]"), 0);
}

static void
each_thread_has_its_own(void **state)
{
    char path[4200], why[256] = "";
    (void)state;
    if (math == NULL)
        skip();
    snprintf(path, sizeof(path), "%s/math.so", modules_directory());
    struct celeriac_testing *other = celeriac_testing_load(path, why, sizeof(why));
    assert_non_null(other);
    assert_int_equal(cost("eval", "[\"1 + 2 + 3\"]"), 1);
    const unsigned long before = compilations();
    assert_result(other, "eval", "[\"1 + 2 + 3\"]", NULL, "6");
    assert_int_equal(compilations() - before, 1);
    celeriac_testing_free(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_text_is_compiled_once),
                                       cmocka_unit_test(an_equation_is_compiled_once),
                                       cmocka_unit_test(each_thread_has_its_own)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
