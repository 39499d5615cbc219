/* Log lines: one write each, as text or as JSON. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"

static int saved_stderr, pipe_end;

static int
capture(void **state)
{
    int ends[2];

    (void)state;
    log_setup(LOG_INFO, LOG_TEXT);
    log_context(NULL);
    if (pipe2(ends, O_DIRECT) != 0) /* a packet for each write */
        return -1;
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pipe_end = ends[0];
    return 0;
}

static int
release(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(pipe_end);
    return 0;
}

/* The next line. Up to PIPE_BUF bytes, which is all text lines, each read gives one write. */
static const char *
written(void)
{
    static char line[16384];
    size_t len = 0;

    do {
        ssize_t n = read(pipe_end, line + len, sizeof line - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    } while (line[len - 1] != '\n' && len % 4096 == 0);
    line[len] = '\0';
    return line;
}

static void
a_line_has_time_level_event_context_and_fields(void **state)
{
    (void)state;
    log_context("role=runner runner=w1/3");
    int64_t before = clock_wall_ms(), ms;
    log_event(LOG_WARN, "job_lost", "job=%d reason=\"%s\"", 7, log_quote("no beat"));
    const char *line = written();
    assert_memory_equal(line, "time=", 5);
    char time[25] = "";
    memcpy(time, line + 5, 24);
    assert_true(clock_parse(time, &ms));
    assert_in_range(ms, before, clock_wall_ms());
    assert_string_equal(
        line + 29, " level=warn event=job_lost role=runner runner=w1/3 job=7 reason=\"no beat\"\n");
}

static void
lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    log_event(LOG_DEBUG, "hidden", "x=1");
    log_event(LOG_INFO, "seen", "%s", "");
    assert_non_null(strstr(written(), "level=info event=seen\n"));
    log_setup(LOG_ERROR, LOG_TEXT);
    assert_false(log_enabled(LOG_WARN));
    assert_true(log_enabled(LOG_ERROR));
    log_event(LOG_WARN, "hidden", "x=1");
    log_event(LOG_ERROR, "seen", "x=2");
    assert_non_null(strstr(written(), "level=error event=seen x=2\n"));
}

static void
a_field_cannot_begin_a_second_line(void **state)
{
    (void)state;
    log_event(LOG_INFO, "e", "a=x\nlevel=error b=\"%s\"", log_quote("y\n\x1b[0m\"z\\"));
    const char *line = written();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_non_null(strstr(line, "a=x?level=error b=\"y\\n\\u001b[0m\\\"z\\\\\"\n"));
}

static const char *
field_of(const struct celeriac_value *object, const char *key)
{
    return celeriac_bytes(celeriac_get(object, key), NULL);
}

static void
json_lines_are_objects_of_the_same_fields(void **state)
{
    struct celeriac_arena *a = arena_new();
    struct error err = ERROR_INIT;
    int64_t n;
    double x;

    (void)state;
    log_setup(LOG_INFO, LOG_JSON);
    log_context("role=steward");
    log_event(LOG_INFO, "beat",
              "jobs=12 load=-0.5e1 version=1.2.3 id=007 text=\"%s\" empty=\"\" bare= last=-",
              log_quote("a \"b\"\n\\ \x01 \xc3\xa4 \xff k=v"));
    const char *line = written();
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    struct celeriac_value *v = json_parse(a, line, strlen(line), &err);
    assert_string_equal(err.message, "");
    assert_int_equal(celeriac_size(v), 12);
    assert_string_equal(field_of(v, "level"), "info");
    assert_string_equal(field_of(v, "event"), "beat");
    assert_string_equal(field_of(v, "role"), "steward");
    assert_true(celeriac_get_integer(celeriac_get(v, "jobs"), &n) && n == 12);
    assert_true(celeriac_get_number(celeriac_get(v, "load"), &x) && x == -5.0);
    assert_string_equal(field_of(v, "version"), "1.2.3");
    assert_string_equal(field_of(v, "id"), "007");
    assert_string_equal(field_of(v, "text"), "a \"b\"\n\\ \x01 \xc3\xa4 ? k=v");
    assert_string_equal(field_of(v, "empty"), "");
    assert_string_equal(field_of(v, "bare"), "");
    assert_string_equal(field_of(v, "last"), "-");
    arena_free(a);
}

static void
long_lines_are_cut_and_stay_one_line_of_json(void **state)
{
    struct celeriac_arena *a = arena_new();
    char text[10000];

    (void)state;
    memset(text, '\n', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_in_range(strlen(log_quote(text)), 1000, 2047);
    log_setup(LOG_INFO, LOG_JSON);
    log_event(LOG_INFO, "e", "a=\"%s\" b=\"%s\" c=\"%s\"", log_quote(text), log_quote(text),
              log_quote(text));
    const char *line = written();
    assert_non_null(json_parse(a, line, strlen(line), NULL));
    memset(text, 'x', sizeof text - 1);
    log_setup(LOG_INFO, LOG_TEXT);
    log_event(LOG_INFO, "e", "a=%s", text);
    assert_in_range(strlen(written()), 3500, 4096);
    arena_free(a);
}

static void
quotes_of_one_line_do_not_overwrite_each_other(void **state)
{
    const char *q[4] = {log_quote("a"), log_quote("b"), log_quote("c"), log_quote("d")};

    (void)state;
    assert_string_equal(q[0], "a");
    assert_string_equal(q[3], "d");
}

static void
repeated_warnings_are_counted_instead(void **state)
{
    struct log_limit limit = {0, 0};
    unsigned suppressed = 99;

    (void)state;
    assert_true(log_allowed(&limit, 60000, &suppressed));
    assert_int_equal(suppressed, 0);
    for (int i = 0; i < 5; i++)
        assert_false(log_allowed(&limit, 60000, &suppressed));
    limit.next_ms = 0; /* a minute later */
    assert_true(log_allowed(&limit, 60000, &suppressed));
    assert_int_equal(suppressed, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_event_context_and_fields, capture,
                                        release),
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_not_written, capture, release),
        cmocka_unit_test_setup_teardown(a_field_cannot_begin_a_second_line, capture, release),
        cmocka_unit_test_setup_teardown(json_lines_are_objects_of_the_same_fields, capture,
                                        release),
        cmocka_unit_test_setup_teardown(long_lines_are_cut_and_stay_one_line_of_json, capture,
                                        release),
        cmocka_unit_test(quotes_of_one_line_do_not_overwrite_each_other),
        cmocka_unit_test(repeated_warnings_are_counted_instead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
