/* When a child is started again. */
#include "worker/supervise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct supervise_decision
after(struct supervise_history *h, struct child_exit e)
{
    return supervise_on_exit(h, &e);
}

static void
supervise_doubles_the_delay_of_early_deaths(void **state)
{
    static const int64_t delays[] = {100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000};
    struct supervise_history h = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        const struct supervise_decision d =
            after(&h, (struct child_exit){.code = 1, .alive_ms = 5});
        assert_true(d.restart);
        assert_false(d.give_up);
        assert_int_equal(d.delay_ms, delays[i]);
    }
}

static void
supervise_forgets_early_deaths_after_a_long_life(void **state)
{
    struct supervise_history h = {.early_deaths = 7};
    (void)state;
    assert_int_equal(
        after(&h, (struct child_exit){.signal = 9, .code = -1, .alive_ms = 60000}).delay_ms, 0);
    assert_int_equal(after(&h, (struct child_exit){.code = 1, .alive_ms = 1}).delay_ms, 100);
}

static void
supervise_restarts_at_once_what_was_expected_or_blames_a_job(void **state)
{
    struct supervise_history h = {0};
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct supervise_decision d = after(
            &h, (struct child_exit){.signal = 11, .code = -1, .blames_a_job = true, .alive_ms = 1});
        assert_true(d.restart && d.delay_ms == 0);
        d = after(&h, (struct child_exit){.code = 0, .was_expected = true, .alive_ms = 1});
        assert_true(d.restart && d.delay_ms == 0);
    }
    assert_int_equal(h.early_deaths, 0);
}

static void
supervise_gives_up_on_bad_configuration_before_anything_worked(void **state)
{
    struct supervise_history h = {0};
    (void)state;
    const struct supervise_decision d = after(&h, (struct child_exit){.code = 78, .alive_ms = 3});
    assert_true(d.give_up);
    assert_false(d.restart);
    assert_int_equal(d.exit_code, 78);
}

static void
supervise_keeps_a_worker_that_once_worked(void **state)
{
    struct supervise_history h = {0};
    (void)state;
    (void)after(&h, (struct child_exit){.code = 1, .was_ready = true, .alive_ms = 70000});
    const struct supervise_decision d = after(&h, (struct child_exit){.code = 78, .alive_ms = 3});
    assert_false(d.give_up);
    assert_true(d.restart);
    assert_int_equal(d.delay_ms, 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supervise_doubles_the_delay_of_early_deaths),
        cmocka_unit_test(supervise_forgets_early_deaths_after_a_long_life),
        cmocka_unit_test(supervise_restarts_at_once_what_was_expected_or_blames_a_job),
        cmocka_unit_test(supervise_gives_up_on_bad_configuration_before_anything_worked),
        cmocka_unit_test(supervise_keeps_a_worker_that_once_worked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
