/* Words and lines become arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/arguments.h"
#include "client/cli/job_options.h"
#include "common/arena.h"
#include "common/json.h"

static struct celeriac_arena *arena;

static int
make_arena(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int
drop_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void
assert_parses_as(const char *text, const char *json)
{
    struct celeriac_value *v = argument_parse(arena, text, strlen(text), NULL);

    assert_non_null(v);
    assert_string_equal(celeriac_print(arena, v), json);
}

static void
valid_json_is_that_value_and_the_rest_a_string(void **state)
{
    (void)state;
    assert_parses_as("5", "5");
    assert_parses_as("-5", "-5");
    assert_parses_as("1e3", "1000");
    assert_parses_as("\"5\"", "\"5\"");
    assert_parses_as("true", "true");
    assert_parses_as("null", "null");
    assert_parses_as(" [1, 2] ", "[1,2]");
    assert_parses_as("{\"a\":{}}", "{\"a\":{}}");
    assert_parses_as("123456789012345678901234567890", "123456789012345678901234567890");
    assert_parses_as("x^2 = 2", "\"x^2 = 2\"");
    assert_parses_as("[1", "\"[1\"");
    assert_parses_as("", "\"\"");
    assert_parses_as("01", "\"01\"");
    assert_parses_as("NaN", "\"NaN\"");
}

static void
what_is_no_utf8_is_refused(void **state)
{
    struct error err = ERROR_INIT;

    (void)state;
    assert_null(argument_parse(arena, "\xff\xfe", 2, &err));
    assert_int_equal(err.code, ERROR_DATA);
}

static void
pairs_have_a_name_and_a_value(void **state)
{
    struct celeriac_value *object = celeriac_object(arena);
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(argument_pair(object, "n=5", false, "-k", &err));
    assert_true(argument_pair(object, "text=a=b", false, "-k", &err));
    assert_true(argument_pair(object, "tag=5", true, "--tag", &err));
    assert_true(argument_pair(object, "empty=", false, "-k", &err));
    assert_true(argument_pair(object, "n=6", false, "-k", &err));
    assert_string_equal(celeriac_print(arena, object),
                        "{\"n\":6,\"text\":\"a=b\",\"tag\":\"5\",\"empty\":\"\"}");
    assert_false(argument_pair(object, "n", false, "-k", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.message, "-k"));
    assert_false(argument_pair(object, "=5", false, "-k", &err));
}

static void
assert_line(const char *line, const char *args, const char *kwargs)
{
    struct argument_line a;

    assert_true(argument_line_parse(arena, line, strlen(line), &a, NULL));
    assert_string_equal(a.args ? celeriac_print(arena, a.args) : "", args);
    assert_string_equal(a.kwargs ? celeriac_print(arena, a.kwargs) : "", kwargs);
}

static void
lines_follow_the_rule_of_map(void **state)
{
    (void)state;
    assert_line("[1,2]", "[1,2]", "");
    assert_line("[]", "[]", "");
    assert_line("{\"n\":1}", "", "{\"n\":1}");
    assert_line("5", "[5]", "");
    assert_line("null", "[null]", "");
    assert_line("[[1]]", "[[1]]", "");
    assert_line("x^2 = 2", "[\"x^2 = 2\"]", "");
    assert_line("[broken", "[\"[broken\"]", "");
    assert_true(argument_line_is_blank(" \t\r", 3));
    assert_true(argument_line_is_blank("", 0));
    assert_false(argument_line_is_blank(" x", 2));
    assert_false(argument_line_is_blank("\0", 1));
}

static struct job_options
usual(void)
{
    return (struct job_options){.queue = "default",
                                .priority = 5,
                                .retries = -1,
                                .backoff = "1s,10m",
                                .result_ttl_ms = 86400000};
}

static void
options_of_jobs_are_read(void **state)
{
    struct job_options o = usual();
    struct celeriac_options out;
    struct error err = ERROR_INIT;
    const char *tags[] = {"a=b", "n=5"};

    (void)state;
    assert_true(job_options_read(&o, arena, &out, &err));
    assert_int_equal(out.result_ttl_ms, -1);
    assert_int_equal(out.backoff_ms, 0);
    assert_null(out.unique);
    o.backoff = "250ms,5s";
    o.unique = "a,b,10s";
    o.at = "2026-11-23T16:00:00Z";
    o.timeout_ms = 1000;
    o.kill_after_ms = 500;
    o.result_ttl_ms = 0;
    o.tags = (struct option_list){tags, 2};
    assert_true(job_options_read(&o, arena, &out, &err));
    assert_int_equal(out.backoff_ms, 250);
    assert_int_equal(out.backoff_max_ms, 5000);
    assert_string_equal(out.unique, "a,b");
    assert_int_equal(out.unique_ttl_ms, 10000);
    assert_int_equal(out.due_at_ms, 1795449600000);
    assert_int_equal(out.hard_limit_ms, 1500);
    assert_int_equal(out.result_ttl_ms, 0);
    assert_string_equal(celeriac_print(arena, out.tags), "{\"a\":\"b\",\"n\":\"5\"}");
}

static void
options_that_make_no_sense_are_refused(void **state)
{
    struct job_options o = usual();
    struct celeriac_options out;
    struct error err = ERROR_INIT;

    (void)state;
    o.backoff = "soon";
    assert_false(job_options_read(&o, arena, &out, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    o = usual();
    o.at = "tomorrow";
    assert_false(job_options_read(&o, arena, &out, &err));
    o.at = "2026-11-23T16:00:00Z";
    o.in_ms = 5;
    assert_false(job_options_read(&o, arena, &out, &err));
    o = usual();
    o.unique = "unique-keys-have-at-most-128-bytes-unique-keys-have-at-most-128-bytes-"
               "unique-keys-have-at-most-128-bytes-unique-keys-have-at-most-128-bytes-";
    assert_false(job_options_read(&o, arena, &out, &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(valid_json_is_that_value_and_the_rest_a_string, make_arena,
                                        drop_arena),
        cmocka_unit_test_setup_teardown(what_is_no_utf8_is_refused, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(pairs_have_a_name_and_a_value, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(lines_follow_the_rule_of_map, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(options_of_jobs_are_read, make_arena, drop_arena),
        cmocka_unit_test_setup_teardown(options_that_make_no_sense_are_refused, make_arena,
                                        drop_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
