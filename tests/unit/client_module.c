/* Module sets: what is refused and how it is said, the order of set-up, look-up by name; and what
 * context_run makes of tasks that end in odd ways. */
#include "client/module.h"

#include "tests/unit/tasks.h"

#include <dlfcn.h>
#include <fcntl.h>

#include "client/context.h"

static char calls[64];

static bool
note(char c)
{
    const size_t len = strlen(calls);
    calls[len] = c;
    calls[len + 1] = '\0';
    return true;
}

static bool
a_process_setup(char *message, size_t size)
{
    (void)message;
    (void)size;
    return note('A');
}

static void
a_process_clear(void)
{
    (void)note('a');
}

static bool
a_thread_setup(void **state, char *message, size_t size)
{
    (void)message;
    (void)size;
    *state = calls;
    return note('T');
}

static void
a_thread_clear(void *state)
{
    assert_ptr_equal(state, calls);
    (void)note('t');
}

static bool
failing_process_setup(char *message, size_t size)
{
    snprintf(message, size, "no licence");
    return false;
}

static bool
failing_thread_setup(void **state, char *message, size_t size)
{
    (void)state;
    snprintf(message, size, "no room");
    return false;
}

static enum celeriac_outcome
run_null(struct celeriac_context *ctx)
{
    return celeriac_return(ctx, NULL);
}

static enum celeriac_outcome
run_nothing(struct celeriac_context *ctx)
{
    (void)ctx;
    return CELERIAC_SUCCESS;
}

static enum celeriac_outcome
run_silent(struct celeriac_context *ctx)
{
    (void)ctx;
    return CELERIAC_FAILURE;
}

static enum celeriac_outcome
run_odd(struct celeriac_context *ctx)
{
    (void)ctx;
    return (enum celeriac_outcome)77;
}

static enum celeriac_outcome
run_again(struct celeriac_context *ctx)
{
    return celeriac_again(ctx, 1500, true);
}

static enum celeriac_outcome
run_long_message(struct celeriac_context *ctx)
{
    static char text[40000];
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    return celeriac_fail(ctx, NULL, "x%s", text);
}

static const struct celeriac_task a_tasks[] = {
    {.name = "null", .run = run_null},     {.name = "nothing", .run = run_nothing},
    {.name = "silent", .run = run_silent}, {.name = "odd", .run = run_odd},
    {.name = "again", .run = run_again},   {.name = "long", .run = run_long_message}};
static const struct celeriac_module module_a = {.abi = CELERIAC_ABI,
                                                .name = "a",
                                                .tasks = a_tasks,
                                                .n_tasks = 6,
                                                .process_setup = a_process_setup,
                                                .process_clear = a_process_clear,
                                                .thread_setup = a_thread_setup,
                                                .thread_clear = a_thread_clear};
static const struct celeriac_task b_tasks[] = {{.name = "b", .run = run_nothing},
                                               {.name = "bb", .run = run_nothing}};

static struct celeriac_module
module_b(void)
{
    return (struct celeriac_module){
        .abi = CELERIAC_ABI, .name = "b", .tasks = b_tasks, .n_tasks = 2};
}

static void
tasks_are_found_by_their_whole_name(void **state)
{
    (void)state;
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    const struct celeriac_module b = module_b();
    assert_null(module_set_find(set, "b", 1));
    assert_true(module_set_add(set, &module_a, "a.so", &err) &&
                module_set_add(set, &b, "b.so", &err));
    assert_int_equal(module_set_task_count(set), 8);
    for (size_t i = 0; i < 8; i++) {
        const struct module_task *t = module_set_task_at(set, i);
        assert_ptr_equal(module_set_find(set, t->task->name, strlen(t->task->name)), t);
        assert_true(i == 0 ||
                    strcmp(module_set_task_at(set, i - 1)->task->name, t->task->name) < 0);
    }
    assert_string_equal(module_set_find(set, "bbb", 1)->task->name, "b");
    assert_int_equal(module_set_find(set, "bbb", 2)->module, 1);
    assert_null(module_set_find(set, "bbb", 3));
    assert_null(module_set_find(set, "", 0));
    assert_null(module_set_find(set, "b\0b", 3));
    assert_string_equal(module_set_origin(set, 1), "b.so");
    module_set_free(set);
}

static void
setup_runs_in_order_and_clear_in_reverse(void **state)
{
    (void)state;
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    const struct celeriac_module b = module_b();
    void *states[2] = {NULL, NULL};
    calls[0] = '\0';
    assert_true(module_set_add(set, &module_a, "a", &err) && module_set_add(set, &b, "b", &err));
    assert_true(module_set_process_setup(set, &err) && module_set_thread_setup(set, states, &err));
    assert_ptr_equal(states[0], calls);
    assert_null(states[1]);
    module_set_thread_clear(set, states);
    module_set_process_clear(set);
    assert_string_equal(calls, "ATta");
    module_set_free(set);
}

static void
a_failing_setup_undoes_what_was_set_up(void **state)
{
    (void)state;
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    struct celeriac_module b = module_b();
    void *states[2];
    b.process_setup = failing_process_setup;
    b.thread_setup = failing_thread_setup;
    calls[0] = '\0';
    assert_true(module_set_add(set, &module_a, "a", &err) && module_set_add(set, &b, "b", &err));
    assert_false(module_set_process_setup(set, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, "module b: set-up failed: no licence");
    assert_false(module_set_thread_setup(set, states, &err));
    assert_string_equal(err.message, "module b: set-up of a thread failed: no room");
    assert_string_equal(calls, "AaTt");
    module_set_free(set);
}

static void
assert_refused(struct module_set *set, struct celeriac_module bad, const char *message)
{
    struct error err = ERROR_INIT;
    const size_t before = module_set_task_count(set);
    assert_false(module_set_add(set, &bad, "bad.so", &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, message);
    assert_int_equal(module_set_task_count(set), before);
}

static void
bad_modules_are_refused_with_a_reason(void **state)
{
    (void)state;
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    const struct celeriac_task twice[] = {{.name = "x", .run = run_nothing},
                                          {.name = "x", .run = run_nothing}};
    const struct celeriac_task other[] = {{.name = "null", .run = run_nothing}},
                               no_function[] = {{.name = "x"}};
    const struct celeriac_task bad_name[] = {{.name = "x y", .run = run_nothing}};
    struct celeriac_module bad = module_b();
    assert_true(module_set_add(set, &module_a, "a.so", &err));
    bad.abi = CELERIAC_ABI + 1;
    assert_refused(set, bad, "module bad.so: it was built for interface 2, this program has 1");
    bad = module_b();
    bad.name = "";
    assert_refused(set, bad, "module bad.so: it has no name");
    bad = module_b();
    bad.n_tasks = 0;
    assert_refused(set, bad, "module bad.so: it has 0 tasks: expected 1..4096");
    bad = module_b();
    bad.tasks = twice;
    assert_refused(set, bad, "module bad.so: it has two tasks named x");
    bad.n_tasks = 1;
    bad.tasks = other;
    assert_refused(set, bad, "module bad.so: task null is there already, from a.so");
    bad.tasks = no_function;
    assert_refused(set, bad, "module bad.so: task x has no function");
    bad.tasks = bad_name;
    assert_refused(
        set, bad,
        "module bad.so: task name \"x y\": expected 1 to 64 letters, digits, '_', '.' or '-'");
    bad = module_b();
    bad.name = "a";
    assert_refused(set, bad, "module bad.so: a module named a is loaded already, from a.so");
    module_set_free(set);
}

static void
assert_not_loaded(const char *name, const char *dir, const char *part)
{
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    assert_false(module_set_load(set, name, dir, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    if (strstr(err.message, part) == NULL || strstr(err.message, name) == NULL)
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", err.message, name, part);
    module_set_free(set);
}

static void
files_that_are_no_modules_are_refused(void **state)
{
    (void)state;
    Dl_info libc;
    char path[] = "/tmp/celeriac-module-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "no library", 10) == 10);
    close(fd);
    unsetenv("CELERIAC_MODULE_PATH");
    assert_not_loaded(path, NULL, "file too short");
    unlink(path);
    assert_not_loaded("/nowhere/mine.so", NULL, "cannot open shared object file");
    assert_not_loaded("nowhere.so", NULL, "./nowhere.so");
    assert_not_loaded("basics", NULL,
                      "no file basics.so in CELERIAC_MODULE_PATH (which is not set)");
    assert_not_loaded("basics", "/nowhere", "no file basics.so in /nowhere");
    setenv("CELERIAC_MODULE_PATH", "/here:/there", 1);
    assert_not_loaded("basics", "/nowhere", "no file basics.so in /here:/there:/nowhere");
    unsetenv("CELERIAC_MODULE_PATH");
    assert_true(dladdr((void *)(uintptr_t)strlen, &libc) != 0);
    assert_not_loaded(libc.dli_fname, NULL, "it has no symbol celeriac_module");
}

static void
a_file_that_is_cut_short_is_refused(void **state)
{
    (void)state;
    enum { KEPT = 64 << 10 };
    static char bytes[KEPT];
    Dl_info libc;
    char path[] = "/tmp/celeriac-module-XXXXXX";
    assert_true(dladdr((void *)(uintptr_t)strlen, &libc) != 0);
    const int from = open(libc.dli_fname, O_RDONLY), to = mkstemp(path);
    assert_int_equal(read(from, bytes, KEPT), KEPT);
    assert_int_equal(write(to, bytes, KEPT), KEPT);
    close(from);
    close(to);
    assert_not_loaded(path, NULL, "file cut short at 65536 bytes");
    unlink(path);
}

static void
a_plain_word_is_looked_for_in_the_directories(void **state)
{
    (void)state;
    char list[4300];
    struct module_set *set = module_set_new();
    struct error err = ERROR_INIT;
    if (!module_set_load(set, "basics", modules_directory(), &err))
        fail_msg("%s", err.message);
    assert_non_null(module_set_find(set, "countdown", 9));
    assert_string_equal(module_set_at(set, 0)->name, "basics");
    assert_false(module_set_load(set, "basics", modules_directory(), &err)); /* twice */
    module_set_free(set);
    set = module_set_new();
    snprintf(list, sizeof(list), "/nowhere::%s", modules_directory());
    setenv("CELERIAC_MODULE_PATH", list, 1);
    assert_true(module_set_load(set, "bigint", "/nowhere", &err));
    unsetenv("CELERIAC_MODULE_PATH");
    module_set_free(set);
}

static void
odd_ends_of_tasks_are_put_right(void **state)
{
    (void)state;
    char why[200] = "";
    struct celeriac_testing *t = celeriac_testing_new(&module_a, why, sizeof(why));
    assert_non_null(t);
    assert_result(t, "nothing", NULL, NULL, "null");
    assert_rejected(t, "null", "[]", "not_finite", "not a finite number");
    assert_rejected(t, "odd", "[]", "internal", "does not exist");
    assert_rejected(t, "nothing", "[1]", "invalid_arguments",
                    "nothing: 1 arguments: expected at most 0");
    assert_rejected(t, "missing", "[]", "unknown_task", "no task");
    assert_rejected(t, "nothing", "[", "invalid_json", "");
    struct celeriac_testing_end end = celeriac_testing_run(t, "silent", NULL, NULL);
    assert_string_equal(end.error_type, "error");
    end = celeriac_testing_run(t, "again", NULL, NULL);
    assert_true(end.outcome == CELERIAC_RETRY && end.is_free && end.retry_delay_ms == 1500);
    end = celeriac_testing_run(t, "long", NULL, NULL);
    assert_string_equal(end.error_type, "error");
    assert_true(strlen(end.error_message) <= 16384 &&
                strlen(end.error_message) % 2 == 1); /* no half character */
    celeriac_testing_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_are_found_by_their_whole_name),
        cmocka_unit_test(setup_runs_in_order_and_clear_in_reverse),
        cmocka_unit_test(a_failing_setup_undoes_what_was_set_up),
        cmocka_unit_test(bad_modules_are_refused_with_a_reason),
        cmocka_unit_test(files_that_are_no_modules_are_refused),
        cmocka_unit_test(a_file_that_is_cut_short_is_refused),
        cmocka_unit_test(a_plain_word_is_looked_for_in_the_directories),
        cmocka_unit_test(odd_ends_of_tasks_are_put_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
