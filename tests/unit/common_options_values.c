/* Durations and sizes as people write them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/options.h"

struct quantity {
    const char *text;
    int64_t value;
};

typedef bool quantity_parse_fn(const char *text, int64_t *out);

static void
assert_quantities(quantity_parse_fn *parse, const struct quantity *good, const char *const *bad)
{
    int64_t n;

    for (; good->text != NULL; good++) {
        assert_true(parse(good->text, &n));
        assert_int_equal(n, good->value);
    }
    for (n = 77; *bad != NULL; bad++) {
        assert_false(parse(*bad, &n));
        assert_int_equal(n, 77);
    }
}

static void
durations_have_units(void **state)
{
    static const struct quantity good[] = {{"250ms", 250},
                                           {"10s", 10000},
                                           {"5m", 300000},
                                           {"2h", 7200000},
                                           {"1d", 86400000},
                                           {"0", 0},
                                           {"7", 7000},
                                           {"0.5", 500},
                                           {"1.5h", 5400000},
                                           {"0.0015s", 1},
                                           {"1.5ms", 1},
                                           {"0.1d", 8640000},
                                           {"9223372036854775807ms", INT64_MAX},
                                           {NULL, 0}};
    static const char *const bad[] = {"",
                                      "s",
                                      "-1",
                                      "1x",
                                      "1 s",
                                      "1h30m",
                                      ".5",
                                      "1.",
                                      "1.s",
                                      "1e3",
                                      "+1",
                                      " 1",
                                      "9223372036854775808ms",
                                      "9223372036854775807",
                                      "99999999999999999999d",
                                      NULL};

    (void)state;
    assert_quantities(option_parse_duration, good, bad);
}

static void
sizes_have_units(void **state)
{
    static const struct quantity good[] = {{"0", 0},
                                           {"123", 123},
                                           {"64K", 65536},
                                           {"64k", 65536},
                                           {"200M", 209715200},
                                           {"1G", 1 << 30},
                                           {"1.5G", 1610612736},
                                           {"2T", INT64_C(2) << 40},
                                           {NULL, 0}};
    static const char *const bad[] = {"", "K", "-1", "1X", "1KB", "9223372036854775807K", NULL};

    (void)state;
    assert_quantities(option_parse_size, good, bad);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_have_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
