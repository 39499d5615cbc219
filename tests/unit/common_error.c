/* Errors: messages that are safe to print and to log. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "common/mem.h"
#include "common/utf8.h"

static void
error_set_fills_code_and_message_and_returns_false(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(error_set(&err, ERROR_NOT_FOUND, "no queue %s", "mail"));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_string_equal(err.message, "no queue mail");
    assert_false(error_set(NULL, ERROR_NOT_FOUND, "nobody listens"));
    assert_false(error_prefix(NULL, "nobody listens"));
}

static void
error_message_may_quote_the_one_it_replaces(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    error_set(&err, ERROR_DATA, "bad byte");
    error_prefix(&err, "job %d", 7);
    assert_string_equal(err.message, "job 7: bad byte");
    assert_int_equal(err.code, ERROR_DATA);
    error_set(&err, ERROR_FAILED, "again: %s", err.message);
    assert_string_equal(err.message, "again: job 7: bad byte");
}

static void
error_message_holds_no_control_characters(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    error_set(&err, ERROR_DATA, "a\nb\x1b[31mc\x7f");
    assert_string_equal(err.message, "a?b?[31mc?");
}

static void
error_message_that_is_too_long_is_cut_between_characters(void **state)
{
    struct error err = ERROR_INIT;
    char text[2000];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        error_set(&err, ERROR_DATA, "%s", text);
        assert_in_range(strlen(err.message), ERROR_MESSAGE_MAX - 4, ERROR_MESSAGE_MAX - 1);
        assert_true(utf8_valid(err.message, strlen(err.message)));
        error_prefix(&err, "%s", text);
        assert_true(utf8_valid(err.message, strlen(err.message)));
    }
}

static void
error_set_errno_says_what_the_system_said(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    errno = ENOENT;
    assert_false(error_set_errno(&err, ERROR_NOT_FOUND, "open %s", "x"));
    assert_string_equal(err.message, "open x: No such file or directory");
    assert_int_equal(errno, ENOENT);
}

/* Runs `die` in a child; returns the signal that ended it, and what it wrote to stderr. */
static int
end_of(void (*die)(void), char *out, size_t size)
{
    int ends[2], status;

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        die();
        _exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], out, size - 1);
    out[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
break_a_must(void)
{
    MUST(1 + 1 == 3);
}

static void
bug_names_its_place_and_aborts(void **state)
{
    char text[256];

    (void)state;
    assert_int_equal(end_of(break_a_must, text, sizeof text), SIGABRT);
    assert_non_null(strstr(text, "common_error.c"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
ask_for_too_much(void)
{
    mem_grow(NULL, SIZE_MAX / 2, 3);
}

static void
running_out_of_memory_says_so_and_aborts(void **state)
{
    char text[256];

    (void)state;
    assert_int_equal(end_of(ask_for_too_much, text, sizeof text), SIGABRT);
    assert_non_null(strstr(text, "event=out_of_memory"));
}

static void
utf8_takes_what_the_standard_does(void **state)
{
    static const char *const good[] = {"",
                                       "plain ascii text",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "12345678\xc3\xa4"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "12345678\xc3",
                                      "\xc3\x28"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    assert_true(utf8_valid("\0\0\0\0\0\0\0\0\0", 9));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_set_fills_code_and_message_and_returns_false),
        cmocka_unit_test(error_message_may_quote_the_one_it_replaces),
        cmocka_unit_test(error_message_holds_no_control_characters),
        cmocka_unit_test(error_message_that_is_too_long_is_cut_between_characters),
        cmocka_unit_test(error_set_errno_says_what_the_system_said),
        cmocka_unit_test(bug_names_its_place_and_aborts),
        cmocka_unit_test(running_out_of_memory_says_so_and_aborts),
        cmocka_unit_test(utf8_takes_what_the_standard_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
