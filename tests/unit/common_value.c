/* Values: the public makers and readers. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/value.h"
#include "tests/unit/common_random_value.h"

static int
setup(void **state)
{
    *state = celeriac_arena_new();
    return 0;
}

static int
teardown(void **state)
{
    celeriac_arena_free(*state);
    return 0;
}

static void
values_give_back_what_was_put_in(void **state)
{
    struct celeriac_arena *a = *state;
    bool b = false;
    int64_t n = 0;
    double x = 0;
    size_t len;

    assert_true(celeriac_get_boolean(celeriac_boolean(a, true), &b) && b);
    assert_true(celeriac_get_integer(celeriac_integer(a, INT64_MIN), &n) && n == INT64_MIN);
    assert_true(celeriac_get_number(celeriac_number(a, 0.5), &x) && x == 0.5);
    assert_memory_equal(celeriac_bytes(celeriac_string(a, "a\0b", 3), &len), "a\0b", 4);
    assert_int_equal(len, 3);
    assert_string_equal(celeriac_bytes(celeriac_text(a, "abc"), &len), "abc");
    assert_memory_equal(celeriac_bytes(celeriac_binary(a, "\xff\0", 2), &len), "\xff\0", 2);
    assert_int_equal(len, 2);
    assert_int_equal(celeriac_type(celeriac_null(a)), CELERIAC_NULL);
}

static void
readers_answer_false_for_null_and_other_types(void **state)
{
    struct celeriac_arena *a = *state;
    const struct celeriac_value *others[] = {NULL, celeriac_null(a), celeriac_array(a),
                                             celeriac_object(a)};
    bool b;
    int64_t n;
    double x;
    size_t len = 9;

    for (size_t i = 0; i < 4; i++) {
        assert_false(celeriac_get_boolean(others[i], &b));
        assert_false(celeriac_get_integer(others[i], &n));
        assert_false(celeriac_get_number(others[i], &x));
        assert_null(celeriac_bytes(others[i], &len));
        assert_int_equal(len, 0);
        assert_int_equal(celeriac_size(others[i]), 0);
        assert_null(celeriac_at(others[i], 0));
        assert_null(celeriac_get(others[i], "key"));
        assert_null(celeriac_entry(others[i], 0, NULL));
    }
    assert_int_equal(celeriac_type(NULL), CELERIAC_NULL);
    assert_null(celeriac_bytes(NULL, NULL));
}

static void
whole_numbers_count_as_integers(void **state)
{
    struct celeriac_arena *a = *state;
    int64_t n;

    assert_true(celeriac_get_integer(celeriac_number(a, 3.0), &n) && n == 3);
    assert_true(celeriac_get_integer(celeriac_number(a, -0x1p63), &n) && n == INT64_MIN);
    assert_false(celeriac_get_integer(celeriac_number(a, 0x1p63), &n));
    assert_false(celeriac_get_integer(celeriac_number(a, 3.5), &n));
    assert_false(celeriac_get_integer(celeriac_number(a, 1e300), &n));
}

static void
numbers_that_are_not_finite_are_refused(void **state)
{
    struct celeriac_arena *a = *state;

    assert_null(celeriac_number(a, INFINITY));
    assert_null(celeriac_number(a, -INFINITY));
    assert_null(celeriac_number(a, NAN));
    struct celeriac_value *array = celeriac_array(a);
    celeriac_append(array, celeriac_number(a, NAN));
    assert_int_equal(celeriac_type(celeriac_at(array, 0)), CELERIAC_NULL);
    assert_int_equal(celeriac_size(array), 1);
}

static const struct celeriac_value *
bigint(struct celeriac_arena *a, const char *digits)
{
    return celeriac_bigint(a, digits, strlen(digits));
}

static void
long_integers_keep_their_digits_and_short_ones_become_integers(void **state)
{
    struct celeriac_arena *a = *state;
    int64_t n;
    double x;

    assert_true(celeriac_get_integer(bigint(a, "9223372036854775807"), &n) && n == INT64_MAX);
    assert_true(celeriac_get_integer(bigint(a, "-9223372036854775808"), &n) && n == INT64_MIN);
    assert_true(celeriac_get_integer(bigint(a, "-0"), &n) && n == 0);
    assert_true(celeriac_get_integer(bigint(a, "0000000000000000000000042"), &n) && n == 42);
    assert_int_equal(celeriac_type(bigint(a, "9223372036854775808")), CELERIAC_BIGINT);
    assert_int_equal(celeriac_type(bigint(a, "-9223372036854775809")), CELERIAC_BIGINT);
    const struct celeriac_value *v = bigint(a, "-000620448401733239439360000");
    assert_string_equal(celeriac_bytes(v, NULL), "-620448401733239439360000");
    assert_true(celeriac_get_number(v, &x) && x == -620448401733239439360000.0);
    assert_false(celeriac_get_integer(v, &n));
    char huge[400];
    memset(huge, '9', sizeof huge);
    assert_false(celeriac_get_number(celeriac_bigint(a, huge, sizeof huge), &x));
    assert_false(celeriac_get_number(celeriac_bigint(a, huge, 309), &x));
    assert_true(celeriac_get_number(celeriac_bigint(a, huge, 308), &x));
    assert_null(bigint(a, ""));
    assert_null(bigint(a, "-"));
    assert_null(bigint(a, "1x"));
    assert_null(bigint(a, "+1"));
    assert_null(bigint(a, " 1"));
}

static void
arrays_grow_in_order(void **state)
{
    struct celeriac_arena *a = *state;
    struct celeriac_value *array = celeriac_array(a);
    int64_t n;

    for (int64_t i = 0; i < 10000; i++)
        celeriac_append(array, celeriac_integer(a, i));
    assert_int_equal(celeriac_size(array), 10000);
    for (size_t i = 0; i < 10000; i++)
        assert_true(celeriac_get_integer(celeriac_at(array, i), &n) && n == (int64_t)i);
    assert_null(celeriac_at(array, 10000));
}

static void
objects_keep_order_and_replace_keys(void **state)
{
    struct celeriac_arena *a = *state;
    struct celeriac_value *object = celeriac_object(a);
    const char *key;
    int64_t n;

    for (int64_t round = 0; round < 2; round++) {
        for (int i = 0; i < 1000; i++) {
            char name[16];
            snprintf(name, sizeof name, "k%d", i * 7919 % 1000);
            celeriac_set(object, name, celeriac_integer(a, round * 1000 + i));
        }
    }
    assert_int_equal(celeriac_size(object), 1000);
    for (size_t i = 0; i < 1000; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%zu", i * 7919 % 1000);
        assert_true(celeriac_get_integer(celeriac_entry(object, i, &key), &n) &&
                    n == 1000 + (int64_t)i);
        assert_string_equal(key, name);
        assert_ptr_equal(celeriac_get(object, name), celeriac_entry(object, i, NULL));
    }
    assert_null(celeriac_get(object, "k1000"));
    assert_null(celeriac_entry(object, 1000, &key));
}

static void
value_add_refuses_a_key_that_is_there(void **state)
{
    struct celeriac_arena *a = *state;
    struct celeriac_value *object = celeriac_object(a);

    assert_true(value_add(object, "a\0b", 3, celeriac_integer(a, 1)));
    assert_true(value_add(object, "a", 1, celeriac_integer(a, 2)));
    assert_false(value_add(object, "a\0b", 3, celeriac_integer(a, 3)));
    assert_int_equal(celeriac_size(object), 2);
    assert_int_equal(value_find(object, "a\0b", 3)->as.integer, 1);
}

static void
equality_looks_at_type_and_content_not_at_order_of_keys(void **state)
{
    struct celeriac_arena *a = *state;
    struct celeriac_value *one = celeriac_object(a), *two = celeriac_object(a);

    celeriac_set(one, "x", celeriac_integer(a, 1));
    celeriac_set(one, "y", celeriac_text(a, "t"));
    celeriac_set(two, "y", celeriac_text(a, "t"));
    assert_false(value_equal(one, two));
    celeriac_set(two, "x", celeriac_integer(a, 1));
    assert_true(value_equal(one, two));
    celeriac_set(two, "x", celeriac_number(a, 1));
    assert_false(value_equal(one, two));
    assert_true(value_equal(NULL, celeriac_null(a)));
    uint64_t seed = 11, same = 11;
    for (int i = 0; i < 200; i++)
        assert_true(value_equal(random_value(a, &seed, 4), random_value(a, &same, 4)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_give_back_what_was_put_in, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_answer_false_for_null_and_other_types, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(whole_numbers_count_as_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_that_are_not_finite_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            long_integers_keep_their_digits_and_short_ones_become_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(arrays_grow_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(objects_keep_order_and_replace_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(value_add_refuses_a_key_that_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(equality_looks_at_type_and_content_not_at_order_of_keys,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
