/* Signatures: declarations that are refused, how arguments are bound, and the way to JSON and back.
 */
#include "client/signature.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/context.h"

static const struct celeriac_param params[] = {
    {.name = "n",
     .kind = CELERIAC_ARG_INTEGER,
     .min = 0,
     .max = 1e15,
     .unit = "steps",
     .help = "how many"},
    {.name = "name",
     .kind = CELERIAC_ARG_STRING,
     .optional = true,
     .fallback = "\"x\"",
     .min = 1,
     .max = 8},
    {.name = "share", .kind = CELERIAC_ARG_NUMBER, .optional = true, .min = 0, .max = INFINITY},
    {.name = "any", .kind = CELERIAC_ARG_ANY, .optional = true}};
static const int retries = 5;
static const struct celeriac_task task = {.name = "demo",
                                          .help = "For tests",
                                          .params = params,
                                          .n_params = 4,
                                          .returns = "nothing",
                                          .max_retries = &retries};

static struct celeriac_arena *arena;

static int
setup(void **state)
{
    (void)state;
    arena = celeriac_arena_new();
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    celeriac_arena_free(arena);
    return 0;
}

static const struct celeriac_value *
json(const char *text)
{
    return text != NULL ? celeriac_parse(arena, text, strlen(text), NULL, 0) : NULL;
}

static void
assert_bound(const char *args, const char *kwargs, const char *const expected[4])
{
    const struct celeriac_value *bound[CONTEXT_ARGS_MAX];
    struct error err = ERROR_INIT;
    if (!signature_bind(&task, json(args), json(kwargs), arena, bound, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < task.n_params; i++) {
        if (expected[i] == NULL)
            assert_null(bound[i]);
        else
            assert_string_equal(celeriac_print(arena, bound[i]), expected[i]);
    }
}

static void
assert_unbound(const char *args, const char *kwargs, const char *message)
{
    const struct celeriac_value *bound[CONTEXT_ARGS_MAX];
    struct error err = ERROR_INIT;
    assert_false(signature_bind(&task, json(args), json(kwargs), arena, bound, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_string_equal(err.message, message);
}

static void
arguments_are_bound_by_position_then_by_name(void **state)
{
    (void)state;
    assert_bound("[7]", NULL, (const char *const[]){"7", "\"x\"", NULL, NULL});
    assert_bound(NULL, "{\"n\":7}", (const char *const[]){"7", "\"x\"", NULL, NULL});
    assert_bound("[7,\"a\"]", "{\"any\":[1],\"share\":2}",
                 (const char *const[]){"7", "\"a\"", "2", "[1]"});
    assert_bound("[7,\"a\",0.5,null]", NULL, (const char *const[]){"7", "\"a\"", "0.5", "null"});
    assert_bound("[1e3]", "{\"share\":123456789012345678901234567890}",
                 (const char *const[]){"1000", "\"x\"", "123456789012345678901234567890", NULL});
}

static void
null_leaves_an_optional_argument_out(void **state)
{
    (void)state;
    assert_bound("[7,null,null]", NULL, (const char *const[]){"7", "\"x\"", NULL, NULL});
    assert_unbound("[null]", NULL, "demo: n = null: expected integer 0..1e15");
}

static void
what_does_not_fit_is_named(void **state)
{
    (void)state;
    assert_unbound("[]", NULL, "demo: argument n is missing: expected integer 0..1e15");
    assert_unbound(NULL, NULL, "demo: argument n is missing: expected integer 0..1e15");
    assert_unbound("[1,\"a\",3,4,5]", NULL, "demo: 5 arguments: expected at most 4");
    assert_unbound("[1]", "{\"n\":1}", "demo: n is given twice, by position and by name");
    assert_unbound("[1]", "{\"m\":1}",
                   "demo: no parameter is called \"m\": expected n, name, share, any");
    assert_unbound("[1.5]", NULL, "demo: n = 1.5: expected integer 0..1e15");
    assert_unbound("[-1]", NULL, "demo: n = -1: expected integer 0..1e15");
    assert_unbound("[99999999999999999999]", NULL,
                   "demo: n = 99999999999999999999: expected integer 0..1e15");
    assert_unbound("[true]", NULL, "demo: n = true: expected integer 0..1e15");
    assert_unbound("[[1,2]]", NULL, "demo: n = an array of 2: expected integer 0..1e15");
    assert_unbound("[1,\"\"]", NULL, "demo: name = \"\": expected string of 1..8 bytes");
    assert_unbound("[1,\"123456789\"]", NULL,
                   "demo: name = \"123456789\": expected string of 1..8 bytes");
    assert_unbound("[1]", "{\"share\":-0.1}", "demo: share = -0.1: expected number at least 0");
    assert_unbound("{\"n\":1}", NULL,
                   "demo: the list of arguments is of another type: expected an array");
    assert_unbound(NULL, "[1]",
                   "demo: the keyword arguments are of another type: expected an object");
}

static void
assert_refused(struct celeriac_task bad, const char *part)
{
    struct error err = ERROR_INIT;
    assert_false(signature_check(&bad, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, part);
}

static void
assert_param_refused(struct celeriac_param bad, const char *part)
{
    const struct celeriac_param two[] = {
        {.name = "first", .kind = CELERIAC_ARG_ANY, .optional = true}, bad};
    assert_refused((struct celeriac_task){.name = "t", .params = two, .n_params = 2}, part);
}

static void
bad_declarations_are_refused(void **state)
{
    (void)state;
    static const int negative = -1;
    struct error err = ERROR_INIT;
    assert_true(signature_check(&task, &err));
    assert_refused((struct celeriac_task){.name = NULL}, "task name");
    assert_refused((struct celeriac_task){.name = ""}, "task name");
    assert_refused((struct celeriac_task){.name = "a b"}, "\"a b\"");
    assert_refused((struct celeriac_task){.name = "t", .params = params, .n_params = 17},
                   "17 parameters");
    assert_refused((struct celeriac_task){.name = "t", .n_params = 1}, "parameters");
    assert_refused((struct celeriac_task){.name = "t", .max_retries = &negative},
                   "max_retries = -1");
    assert_param_refused((struct celeriac_param){.name = "a-b", .optional = true}, "\"a-b\"");
    assert_param_refused((struct celeriac_param){.name = "first", .optional = true},
                         "two parameters are called first");
    assert_param_refused((struct celeriac_param){.name = "a"},
                         "a is required but follows the optional first");
    assert_param_refused((struct celeriac_param){.name = "a", .optional = true, .min = 2, .max = 1},
                         "above max");
    assert_param_refused(
        (struct celeriac_param){.name = "a", .optional = true, .kind = (enum celeriac_arg_kind)99},
        "kind 99");
    assert_param_refused((struct celeriac_param){.name = "a", .optional = true, .fallback = "{"},
                         "fallback {");
    assert_param_refused(
        (struct celeriac_param){
            .name = "a", .optional = true, .kind = CELERIAC_ARG_INTEGER, .fallback = "\"1\""},
        "expected integer");
}

static void
a_fallback_needs_an_optional_parameter(void **state)
{
    (void)state;
    const struct celeriac_param bad = {.name = "a", .fallback = "1"};
    assert_refused((struct celeriac_task){.name = "t", .params = &bad, .n_params = 1},
                   "required and has a fallback");
}

static void
a_described_signature_reads_back_the_same(void **state)
{
    (void)state;
    struct error err = ERROR_INIT;
    struct celeriac_task read;
    const char *text = celeriac_print(arena, signature_describe(&task, arena));
    assert_string_equal(
        text, "{\"name\":\"demo\",\"help\":\"For tests\",\"returns\":\"nothing\",\"params\":["
              "{\"name\":\"n\",\"kind\":\"integer\",\"min\":0,\"max\":1000000000000000,\"unit\":"
              "\"steps\","
              "\"help\":\"how many\"},"
              "{\"name\":\"name\",\"kind\":\"string\",\"optional\":true,\"default\":\"x\",\"min\":"
              "1,\"max\":8},"
              "{\"name\":\"share\",\"kind\":\"number\",\"optional\":true,\"min\":0},"
              "{\"name\":\"any\",\"kind\":\"any\",\"optional\":true}],\"max_retries\":5}");
    assert_true(signature_read(json(text), arena, &read, &err));
    assert_string_equal(celeriac_print(arena, signature_describe(&read, arena)), text);
    assert_null(read.run);
    assert_string_equal(signature_text(&read, arena), "demo(n, [name], [share], [any])");
    assert_string_equal(signature_type(&read.params[0], arena), "integer 0..1e15");
    assert_string_equal(signature_type(&read.params[1], arena), "string of 1..8 bytes");
    assert_string_equal(signature_type(&read.params[2], arena), "number at least 0");
    assert_string_equal(signature_type(&read.params[3], arena), "any value");
}

static void
what_is_no_signature_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "null",
        "[]",
        "{}",
        "{\"name\":5}",
        "{\"name\":\"a b\"}",
        "{\"name\":\"a\\u0000b\"}",
        "{\"name\":\"t\",\"params\":[{}]}",
        "{\"name\":\"t\",\"params\":[5]}",
        "{\"name\":\"t\",\"params\":[{\"name\":\"n\",\"kind\":\"number?\"}]}",
        "{\"name\":\"t\",\"params\":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7]}"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct error err = ERROR_INIT;
        struct celeriac_task read = {.name = "untouched"};
        assert_false(signature_read(json(bad[i]), arena, &read, &err));
        assert_int_equal(err.code, ERROR_DATA);
        assert_string_equal(read.name, "untouched");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_bound_by_position_then_by_name),
        cmocka_unit_test(null_leaves_an_optional_argument_out),
        cmocka_unit_test(what_does_not_fit_is_named),
        cmocka_unit_test(bad_declarations_are_refused),
        cmocka_unit_test(a_fallback_needs_an_optional_parameter),
        cmocka_unit_test(a_described_signature_reads_back_the_same),
        cmocka_unit_test(what_is_no_signature_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
