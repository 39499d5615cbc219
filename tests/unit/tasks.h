/* What the tests of the standard tasks share: opening a module of this build, running a task,
 * looking at how it ended. The modules stand beside the tests in the build tree, unless
 * CELERIAC_MODULES names another directory. */
#ifndef TESTS_UNIT_TASKS_H
#define TESTS_UNIT_TASKS_H

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/celeriac_testing.h"

static inline const char *
modules_directory(void)
{
    static char path[4096];
    const char *given = getenv("CELERIAC_MODULES");
    if (given != NULL)
        return given;
    const ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 32);
    assert_true(len > 0);
    path[len] = '\0';
    for (char *slash = strrchr(path, '/'); slash != NULL;
         slash = strrchr(path, '/')) { /* up to the build tree */
        strcpy(slash, "/modules/basics.so");
        const int is_there = access(path, R_OK) == 0;
        slash[is_there ? sizeof("/modules") - 1 : 0] = '\0';
        if (is_there)
            return path;
    }
    fail_msg("no modules beside this test: build them, or set CELERIAC_MODULES");
    return NULL;
}

static inline struct celeriac_testing *
open_module(const char *name)
{
    char path[4200], why[512] = "";
    snprintf(path, sizeof(path), "%s/%s.so", modules_directory(), name);
    struct celeriac_testing *t = celeriac_testing_load(path, why, sizeof(why));
    if (t == NULL)
        fail_msg("%s", why);
    return t;
}

static inline int
module_is_built(const char *name)
{
    char path[4200];
    snprintf(path, sizeof(path), "%s/%s.so", modules_directory(), name);
    return access(path, R_OK) == 0;
}

static inline void
assert_result(struct celeriac_testing *t, const char *task, const char *args, const char *kwargs,
              const char *expected)
{
    const struct celeriac_testing_end end = celeriac_testing_run(t, task, args, kwargs);
    if (end.outcome != CELERIAC_SUCCESS)
        fail_msg("%s: expected %s: %s", task, expected,
                 end.error_message != NULL ? end.error_message : "no error");
    assert_string_equal(end.result, expected);
}

/* Fails for good, with that type and with `part` somewhere in its message. */
static inline void
assert_rejected(struct celeriac_testing *t, const char *task, const char *args, const char *type,
                const char *part)
{
    const struct celeriac_testing_end end = celeriac_testing_run(t, task, args, NULL);
    if (end.outcome != CELERIAC_FAILURE)
        fail_msg("%s %s: expected a failure of type %s", task, args, type);
    const char *message = end.error_message != NULL ? end.error_message : "";
    assert_string_equal(end.error_type, type);
    if (strstr(message, part) == NULL)
        fail_msg("%s %s: \"%s\" does not say \"%s\"", task, args, message, part);
    assert_null(strchr(message, '\n'));
    assert_true(end.is_final);
}

/* A thread for it: cancels the running task as soon as that has reported progress. */
static inline void *
cancel_when_running(void *arg)
{
    while (celeriac_testing_progress(arg) == 0)
        sched_yield();
    celeriac_testing_cancel(arg, true);
    return NULL;
}

#endif
