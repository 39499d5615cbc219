/* Clocks and RFC 3339. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"
#include "tests/unit/common_random_value.h"

static void
clocks_do_not_run_backwards(void **state)
{
    int64_t last = clock_mono_us();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
    assert_in_range(clock_mono_ms() - last / 1000, 0, 10000);
    assert_in_range(clock_wall_ms() / 1000 - time(NULL) + 2, 0, 4);
}

static void
times_print_as_the_calendar_of_the_system_has_them(void **state)
{
    char text[CLOCK_TEXT_SIZE], expected[64];
    uint64_t seed = 3;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        int64_t ms =
            (int64_t)(random_bits(&seed) % UINT64_C(315537897600000)) - INT64_C(62135596800000);
        int64_t second = (ms - 999 * (ms < 0)) / 1000; /* rounded down */
        time_t t = (time_t)second;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 (int)(ms - second * 1000));
        assert_string_equal(clock_print(ms, text), expected);
        int64_t again;
        assert_true(clock_parse(text, &again));
        assert_int_equal(again, ms);
    }
}

static void
times_outside_four_digit_years_are_held_at_the_ends(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    assert_string_equal(clock_print(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_print(INT64_MIN, text), "0000-01-01T00:00:00.000Z");
    assert_string_equal(clock_print(0, text), "1970-01-01T00:00:00.000Z");
}

static void
parsing_takes_all_of_rfc_3339(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2026-11-23T16:06:45.123Z", 1795450005123},
        {"2026-11-23t16:06:45.123z", 1795450005123},
        {"2026-11-23 16:06:45.123Z", 1795450005123},
        {"2026-11-23T17:06:45.123+01:00", 1795450005123},
        {"2026-11-23T11:36:45.123-04:30", 1795450005123},
        {"2026-11-23T16:06:45.1239999999999999Z", 1795450005123},
        {"2026-11-23T16:06:45Z", 1795450005000},
        {"2026-11-23T16:06:45.1Z", 1795450005100},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"1969-12-31T23:59:59.999Z", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 0;
        assert_true(clock_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void
parsing_refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2026-11-23",
                                      "2026-11-23T16:06Z",
                                      "2026-11-23T16:06:45",
                                      "2026-11-23T16:06:45.Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-11-23T24:00:00Z",
                                      "2026-11-23T16:60:00Z",
                                      "2026-11-23T16:06:61Z",
                                      "2026-11-23T16:06:45Zx",
                                      "2026-11-23T16:06:45+1:00",
                                      "2026-11-23T16:06:45+24:00",
                                      "26-11-23T16:06:45Z",
                                      "2026-11-23T16:06:45 Z",
                                      "+026-11-23T16:06:45Z",
                                      "2026-11-23T16:06:45+01:60"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t ms = 77;
        assert_false(clock_parse(bad[i], &ms));
        assert_int_equal(ms, 77);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_do_not_run_backwards),
        cmocka_unit_test(times_print_as_the_calendar_of_the_system_has_them),
        cmocka_unit_test(times_outside_four_digit_years_are_held_at_the_ends),
        cmocka_unit_test(parsing_takes_all_of_rfc_3339),
        cmocka_unit_test(parsing_refuses_what_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
