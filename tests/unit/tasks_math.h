/* What the tests of the numerical tasks share: one loaded module, and numbers out of results. */
#ifndef TESTS_UNIT_TASKS_MATH_H
#define TESTS_UNIT_TASKS_MATH_H

#include "tests/unit/tasks.h"

#include <math.h>

static struct celeriac_testing *math;
static struct celeriac_arena *math_arena; /* of the answers */

static inline int
math_setup(void **state)
{
    (void)state;
    math_arena = celeriac_arena_new();
    if (module_is_built("math"))
        math = open_module("math");
    return 0;
}

static inline int
math_teardown(void **state)
{
    (void)state;
    celeriac_testing_free(math);
    celeriac_arena_free(math_arena);
    return 0;
}

/* The result of a task that must succeed. */
static inline const struct celeriac_value *
math_answer(const char *task, const char *args, const char *kwargs)
{
    const struct celeriac_testing_end end = celeriac_testing_run(math, task, args, kwargs);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s %s: %s: %s", task, args, end.error_type, end.error_message);
    return celeriac_parse(math_arena, end.result, strlen(end.result), NULL, 0);
}

/* The number at a path such as "roots.0.re"; NaN if there is none. */
static inline double
number_at(const struct celeriac_value *v, const char *path)
{
    char copy[200], *rest = copy;
    double x = NAN;
    snprintf(copy, sizeof(copy), "%s", path);
    for (char *step = strsep(&rest, "."); step != NULL; step = strsep(&rest, "."))
        v = celeriac_type(v) == CELERIAC_ARRAY ? celeriac_at(v, strtoul(step, NULL, 10))
                                               : celeriac_get(v, step);
    return celeriac_get_number(v, &x) ? x : NAN;
}

/* Relative to `expected`, or absolute if that is 0. */
static inline void
assert_number(const struct celeriac_value *v, const char *path, double expected, double tolerance)
{
    const double x = number_at(v, path), size = expected != 0 ? fabs(expected) : 1;
    if (!(fabs(x - expected) <= tolerance * size))
        fail_msg("%s is %.17g: expected %.17g", path, x, expected);
}

static inline void
assert_math_rejected(const char *task, const char *args, const char *kwargs, const char *type)
{
    const struct celeriac_testing_end end = celeriac_testing_run(math, task, args, kwargs);
    if (end.outcome != CELERIAC_FAILURE)
        fail_msg("%s %s %s: no failure: %.200s", task, args, kwargs != NULL ? kwargs : "",
                 end.result != NULL ? end.result : "");
    if (strcmp(end.error_type, type) != 0)
        fail_msg("%s %s: %s: %s: expected the type %s", task, args, end.error_type,
                 end.error_message, type);
    assert_true(end.is_final);
    assert_null(strchr(end.error_message, '\n'));
    assert_true(strlen(end.error_message) > 10);
}

#endif
