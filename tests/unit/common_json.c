/* JSON in and out. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <float.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/utf8.h"
#include "tests/unit/common_random_value.h"

static int
setup(void **state)
{
    *state = arena_new();
    return 0;
}

static int
teardown(void **state)
{
    arena_free(*state);
    return 0;
}

/* The text that `json` prints as, or its error. */
static const char *
through(struct celeriac_arena *a, const char *json)
{
    struct error err = ERROR_INIT;
    struct celeriac_value *v = json_parse(a, json, strlen(json), &err);

    if (v != NULL)
        return celeriac_print(a, v);
    assert_int_equal(err.code, ERROR_DATA);
    return arena_text(a, err.message, strlen(err.message));
}

static void
json_prints_as_it_was_written(void **state)
{
    static const char *const texts[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-1",
                                        "9223372036854775807",
                                        "-9223372036854775808",
                                        "0.5",
                                        "-2.25",
                                        "0.1",
                                        "1e+300",
                                        "1e-07",
                                        "4.94065645841247e-324",
                                        "1.7976931348623157e+308",
                                        "3.141592653589793",
                                        "-0.0",
                                        "\"\"",
                                        "\"text\"",
                                        "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\"",
                                        "\"\\u0000\"",
                                        "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
                                        "[]",
                                        "{}",
                                        "[1,[2,[3]],{}]",
                                        "{\"b\":1,\"a\":{\"\":null}}",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "620448401733239439360000",
                                        "[-620448401733239439360000,1,99999999999999999999]",
                                        "{\"$binary\":\"AP+q\"}",
                                        "{\"$binary\":\"\"}",
                                        "{\"$binary\":\"AA==\"}",
                                        "{\"$binary\":\"!\"}",
                                        "{\"$binary\":1}",
                                        "{\"$binary\":\"AA==\",\"x\":1}"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(through(*state, texts[i]), texts[i]);
}

static void
json_numbers_print_short_and_whole_ones_without_point(void **state)
{
    static const char *const cases[][2] = {
        {"10.0", "10"},
        {"1e3", "1000"},
        {"1E+2", "100"},
        {"-0", "0"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"9007199254740992.0", "9007199254740992"},
        {"1e22", "1e+22"},
        {"123456789012345678.0", "1.2345678901234568e+17"},
        {"100000000000000000000", "100000000000000000000"},
        {"1e-400", "0"},
        {" [ 1 , 2 ] \n", "[1,2]"},
        {"\"\\u00e4\\ud83d\\ude00\\/\"", "\"\xc3\xa4\xf0\x9f\x98\x80/\""}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(through(*state, cases[i][0]), cases[i][1]);
}

static void
json_types_follow_the_way_a_number_is_written(void **state)
{
    struct celeriac_arena *a = *state;

    assert_int_equal(celeriac_type(json_parse(a, "1e3", 3, NULL)), CELERIAC_NUMBER);
    assert_int_equal(celeriac_type(json_parse(a, "10.0", 4, NULL)), CELERIAC_NUMBER);
    assert_int_equal(celeriac_type(json_parse(a, "-0", 2, NULL)), CELERIAC_INTEGER);
    assert_int_equal(celeriac_type(json_parse(a, "-0.0", 4, NULL)), CELERIAC_NUMBER);
    assert_int_equal(celeriac_type(json_parse(a, "9223372036854775807", 19, NULL)),
                     CELERIAC_INTEGER);
    assert_int_equal(celeriac_type(json_parse(a, "9223372036854775808", 19, NULL)),
                     CELERIAC_BIGINT);
    assert_int_equal(celeriac_type(json_parse(a, "{\"$binary\":\"AA==\"}", 18, NULL)),
                     CELERIAC_BINARY);
}

static void
json_refuses_what_is_no_json(void **state)
{
    static const char *const bad[] = {
        "", " ", "nul", "x", "01", "1.", ".5", "+1", "-", "1e", "1e400", "-1e400", "NaN",
        "Infinity", "\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00x\"", "\"\n\"", "\"\xff\"",
        "\"\xed\xa0\x80\"", "[1,]", "[1 2]", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}",
        "{\"a\" 1}", "1 2", "[1]]", "'a'", "[1", "{\"a\":", "// c\n1", "\xef\xbb\xbf[1]",
        /* long integers where no value may stand, or badly written */
        "{123456789012345678901:1}", "{123456789012345678901 : 1}", "0123456789012345678901",
        "--123456789012345678901", "1234567890123456789012.", "123456789012345678901 2",
        "123456789012345678901x", "\"a\"123456789012345678901", "123456789012345678901\"a\"",
        "123456789012345678901-1", "-0123456789012345678901", "[123456789012345678901",
        "true123456789012345678901"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error err = ERROR_INIT;
        assert_null(json_parse(*state, bad[i], strlen(bad[i]), &err));
        assert_int_equal(err.code, ERROR_DATA);
        assert_non_null(strstr(err.message, "JSON: "));
        assert_non_null(strstr(err.message, "(line "));
    }
}

static void
json_errors_tell_the_place(void **state)
{
    assert_non_null(strstr(through(*state, "[1,\n 2,\n x]"), "(line 3, column 2)"));
    assert_non_null(strstr(
        through(*state, "[123456789012345678901234567890,\n 1 12345678901234567890]"), "(line 2,"));
    assert_null(strstr(through(*state, "[1 12345678901234567890]"), "near"));
}

static void
json_long_integers_do_not_disturb_the_text_around_them(void **state)
{
    static const char text[] =
        "{\"12345678901234567890123\":\"98765432109876543210987\",\"n\":[-12345678901234567890123,"
        "\"\\\"12345678901234567890123\",12345678901234567890123]}";

    assert_string_equal(through(*state, text), text);
    char *digits = malloc(200001);
    memset(digits, '7', 200000);
    digits[200000] = '\0';
    assert_string_equal(through(*state, digits), digits);
    free(digits);
}

static void
json_depth_is_limited(void **state)
{
    char text[200];

    for (int depth = 1; depth < 60; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        struct celeriac_value *v = json_parse(*state, text, 2 * (size_t)depth, NULL);
        assert_int_equal(v != NULL, depth <= JSON_DEPTH_MAX);
    }
    struct error err = ERROR_INIT;
    char *deep = malloc(1000000);
    memset(deep, '[', 1000000);
    assert_null(json_parse(*state, deep, 1000000, &err));
    assert_non_null(strstr(err.message, "deep"));
    free(deep);
}

static void
json_binary_at_the_greatest_depth_comes_back(void **state)
{
    struct celeriac_arena *a = *state;
    struct celeriac_value *v = celeriac_binary(a, "\xff", 1);

    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        struct celeriac_value *array = celeriac_array(a);
        celeriac_append(array, v);
        v = array;
    }
    const char *text = celeriac_print(a, v);
    assert_true(value_equal(json_parse(a, text, strlen(text), NULL), v));
}

static void
json_ends_where_its_length_says(void **state)
{
    struct celeriac_arena *a = *state;

    assert_int_equal(json_parse(a, "123", 2, NULL)->as.integer, 12);
    assert_null(json_parse(a, "1\0", 2, NULL));
    assert_null(json_parse(a, "\"a\\", 3, NULL));
    assert_null(json_parse(a, NULL, 0, NULL));
}

static void
json_print_never_lets_invalid_utf8_out(void **state)
{
    struct buffer out = BUFFER_INIT;
    uint64_t seed = 5;

    (void)state;
    json_print_string("a\xff\xc3(\xed\xa0\x80z", 8, &out);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data,
                        "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
    for (int i = 0; i < 20000; i++) {
        char noise[24];
        for (size_t j = 0; j < sizeof noise; j++)
            noise[j] = (char)random_bits(&seed);
        out.len = 0;
        json_print_string(noise, i % sizeof noise, &out);
        assert_true(utf8_valid(out.data, out.len));
        assert_non_null(json_parse(*state, out.data, out.len, NULL));
    }
    buffer_clear(&out);
}

/* Whole numbers come back as integers: what is compared is the text. */
static void
json_of_random_values_survives_print_and_parse(void **state)
{
    struct celeriac_arena *a = *state;
    uint64_t seed = 42;

    for (int i = 0; i < 3000; i++) {
        struct error err = ERROR_INIT;
        arena_clear(a);
        const char *first = celeriac_print(a, random_value(a, &seed, 5));
        struct celeriac_value *v = json_parse(a, first, strlen(first), &err);
        assert_string_equal(err.message, "");
        assert_string_equal(celeriac_print(a, v), first);
    }
}

static void
json_doubles_come_back_bit_for_bit(void **state)
{
    struct celeriac_arena *a = *state;
    uint64_t seed = 43;

    for (int i = 0; i < 50000; i++) {
        double x;
        arena_clear(a);
        struct celeriac_value *v = random_number(a, &seed);
        const char *text = celeriac_print(a, v);
        assert_true(celeriac_get_number(json_parse(a, text, strlen(text), NULL), &x));
        assert_memory_equal(&x, &v->as.number, sizeof x);
    }
}

static void
json_does_not_depend_on_the_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    const char *found = NULL;

    for (size_t i = 0; i < 4 && found == NULL; i++)
        found = setlocale(LC_ALL, names[i]);
    assert_string_equal(through(*state, "[0.5,-1.25e-9]"), "[0.5,-1.25e-09]");
    setlocale(LC_ALL, "C");
    if (found == NULL)
        skip();
}

static void
public_parse_gives_one_line_about_bad_input(void **state)
{
    char message[40];

    assert_null(celeriac_parse(*state, "[1,", 3, message, sizeof message));
    assert_memory_equal(message, "JSON: ", 6);
    assert_null(celeriac_parse(*state, "[1,", 3, NULL, 0));
    assert_non_null(celeriac_parse(*state, "[1]", 3, NULL, 0));
    assert_string_equal(celeriac_print(*state, NULL), "null");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_prints_as_it_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(json_numbers_print_short_and_whole_ones_without_point,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(json_types_follow_the_way_a_number_is_written, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_refuses_what_is_no_json, setup, teardown),
        cmocka_unit_test_setup_teardown(json_errors_tell_the_place, setup, teardown),
        cmocka_unit_test_setup_teardown(json_long_integers_do_not_disturb_the_text_around_them,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(json_depth_is_limited, setup, teardown),
        cmocka_unit_test_setup_teardown(json_binary_at_the_greatest_depth_comes_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_ends_where_its_length_says, setup, teardown),
        cmocka_unit_test_setup_teardown(json_print_never_lets_invalid_utf8_out, setup, teardown),
        cmocka_unit_test_setup_teardown(json_of_random_values_survives_print_and_parse, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(json_doubles_come_back_bit_for_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(json_does_not_depend_on_the_locale, setup, teardown),
        cmocka_unit_test_setup_teardown(public_parse_gives_one_line_about_bad_input, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
