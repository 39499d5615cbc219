/* Policies of the worker, as tables: look-ahead, order of queues, retries, limits, charges,
 * observation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/charge.h"
#include "worker/limits.h"
#include "worker/lookahead.h"
#include "worker/observer.h"
#include "worker/queue_order.h"
#include "worker/retry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- look-ahead ---- */

static void
lookahead_is_bounded_by_time_and_size(void **state)
{
    static const struct {
        int64_t mean_us, mean_bytes;
        unsigned threads;
        size_t jobs;
    } table[] = {{-1, 60, 4, 0},        {0, 60, 1, 1000},       {5, 0, 1, 1000},
                 {20, -1, 1, 1000},     {40, 60, 1, 500},       {1000, 60, 1, 20},
                 {1000, 60, 2, 40},     {20000, 60, 1, 1},      {50000, 60, 1, 1},
                 {99999, 60, 8, 1},     {100000, 60, 8, 0},     {3000000, 60, 1, 0},
                 {5, 10 << 10, 1, 102}, {5, 10 << 10, 4, 409},  {5, 1 << 20, 1, 1},
                 {5, 100 << 20, 1, 1},  {1000, 10 << 10, 1, 20}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_int_equal(lookahead_jobs(table[i].mean_us, table[i].mean_bytes, table[i].threads),
                         table[i].jobs);
}

static void
lookahead_notices_long_jobs_at_once_and_short_ones_slowly(void **state)
{
    (void)state;
    assert_int_equal(lookahead_mean(-1, 70), 70);
    assert_int_equal(lookahead_mean(100, 1000100), 500100);
    assert_true(lookahead_mean(1000000, 10) > 900000);
    int64_t mean = 1000000;
    for (int i = 0; i < 500; i++)
        mean = lookahead_mean(mean, 10);
    assert_true(mean < 100);
}

/* ---- order of queues ---- */

static void
queues_come_in_the_order_given_if_strict(void **state)
{
    const unsigned weights[] = {1, 50, 3};
    struct queue_order o;
    size_t order[3];
    (void)state;
    queue_order_init(&o, true, weights, 3);
    for (int round = 0; round < 10; round++) {
        queue_order_round(&o, order);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(order[i], i);
    }
}

static void
queues_come_first_in_proportion_to_their_weights(void **state)
{
    const unsigned weights[] = {5, 1, 2};
    struct queue_order o;
    size_t order[3], first[3] = {0}, in_a_row = 0, last = 9, longest = 0;
    (void)state;
    queue_order_init(&o, false, weights, 3);
    for (int round = 0; round < 80; round++) {
        queue_order_round(&o, order);
        assert_int_equal(order[0] + order[1] + order[2], 3);
        first[order[0]]++;
        in_a_row = order[0] == last ? in_a_row + 1 : 1;
        longest = in_a_row > longest ? in_a_row : longest;
        last = order[0];
    }
    assert_int_equal(first[0], 50);
    assert_int_equal(first[1], 10);
    assert_int_equal(first[2], 20);
    assert_true(longest <= 4); /* interleaved, not in a clump of five or more */
}

/* ---- retries ---- */

static void
retry_limit_is_the_jobs_then_the_tasks_then_three(void **state)
{
    const int task = 7, none = -1;
    (void)state;
    assert_int_equal(retry_limit(0, &task), 0);
    assert_int_equal(retry_limit(2, &task), 2);
    assert_int_equal(retry_limit(-1, &task), 7);
    assert_int_equal(retry_limit(-1, NULL), 3);
    assert_int_equal(retry_limit(-1, &none), 3);
}

static void
retry_delay_is_uniform_up_to_a_doubling_bound(void **state)
{
    static const struct {
        uint32_t attempts;
        int64_t base, max, bound;
    } table[] = {{0, 1000, 600000, 1000},
                 {1, 1000, 600000, 2000},
                 {9, 1000, 600000, 512000},
                 {10, 1000, 600000, 600000},
                 {4000000, 1000, 600000, 600000},
                 {0, 0, 0, 1000},
                 {3, 0, 0, 8000},
                 {0, 5000, 2000, 2000},
                 {63, 3, INT64_MAX / 2, INT64_MAX / 2}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const uint64_t bound = (uint64_t)table[i].bound;
        assert_int_equal(retry_delay_ms(table[i].attempts, table[i].base, table[i].max, 0), 0);
        assert_int_equal(retry_delay_ms(table[i].attempts, table[i].base, table[i].max, bound),
                         bound);
        assert_int_equal(retry_delay_ms(table[i].attempts, table[i].base, table[i].max, bound + 1),
                         0);
    }
    assert_int_not_equal(retry_random(), retry_random());
}

/* ---- limits ---- */

static void
limits_fall_at_their_time(void **state)
{
    enum { NO = 0 };
    static const struct {
        int64_t soft, hard, cancelled, now;
        bool is_forced;
        enum stop_reason stop;
        enum limit_verdict verdict;
        int64_t again; /* 0: never */
    } table[] = {
        {NO, NO, NO, 999999, false, STOP_NONE, LIMIT_FINE, 0},
        {300, NO, NO, 1299, false, STOP_NONE, LIMIT_FINE, 1300},
        {300, NO, NO, 1300, false, STOP_NONE, LIMIT_SOFT, 0},
        {300, NO, NO, 1400, false, STOP_TIMEOUT, LIMIT_FINE, 0},
        {300, 500, NO, 1200, false, STOP_NONE, LIMIT_FINE, 1300},
        {300, 500, NO, 1400, false, STOP_NONE, LIMIT_SOFT, 1500},
        {300, 500, NO, 1500, false, STOP_TIMEOUT, LIMIT_HARD, 1500},
        {NO, NO, 2000, 2001, false, STOP_CANCEL, LIMIT_FINE, 12000},
        {NO, NO, 2000, 12000, false, STOP_CANCEL, LIMIT_UNHEEDED, 12000},
        {NO, NO, 2000, 2000, true, STOP_CANCEL, LIMIT_UNHEEDED, 2000},
        {NO, 500, 1400, 1450, false, STOP_CANCEL, LIMIT_FINE, 1500},
        {NO, 500, 1400, 1500, false, STOP_CANCEL, LIMIT_HARD, 1500},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const struct slot_view v = {.job = {.started_ms = 1000,
                                            .soft_limit_ms = table[i].soft,
                                            .hard_limit_ms = table[i].hard},
                                    .cancelled_ms = table[i].cancelled,
                                    .is_forced = table[i].is_forced,
                                    .stop = table[i].stop};
        const struct limit_judgement j = limits_judge(&v, table[i].now);
        assert_int_equal(j.verdict, table[i].verdict);
        assert_int_equal(j.look_again_ms, table[i].again != 0 ? table[i].again : INT64_MAX);
    }
}

static void
limits_do_not_count_time_in_which_nobody_looked(void **state)
{
    (void)state;
    assert_false(limits_is_silent(1000, 15999, 0, 15000));
    assert_true(limits_is_silent(1000, 16000, 0, 15000));
    assert_false(limits_is_silent(1000, 99000, 98000, 15000));
    assert_true(limits_is_silent(1000, 113000, 98000, 15000));
}

static void
limits_of_memory_recycle_then_kill(void **state)
{
    (void)state;
    assert_int_equal(limits_memory(INT64_MAX, 0), MEMORY_FINE);
    assert_int_equal(limits_memory(100, 100), MEMORY_FINE);
    assert_int_equal(limits_memory(101, 100), MEMORY_RECYCLE);
    assert_int_equal(limits_memory(150, 100), MEMORY_RECYCLE);
    assert_int_equal(limits_memory(151, 100), MEMORY_KILL);
}

/* ---- charges ---- */

static void
charges_go_to_the_culprit_alone_if_there_is_one(void **state)
{
    static const struct {
        struct charge_case c;
        enum charge named, other;
    } table[] = {
        {{DEATH_OWN, true, 1}, CHARGE_CRASH, CHARGE_NOTHING},
        {{DEATH_OWN, false, 0}, CHARGE_SUSPECT, CHARGE_SUSPECT},
        {{DEATH_MEMORY, false, 0}, CHARGE_SUSPECT, CHARGE_SUSPECT},
        {{DEATH_STALLED, false, 0}, CHARGE_SUSPECT, CHARGE_SUSPECT},
        {{DEATH_HARD_LIMIT, true, 1}, CHARGE_TIMEOUT, CHARGE_NOTHING},
        {{DEATH_HARD_LIMIT, false, 1}, CHARGE_NOTHING, CHARGE_NOTHING},
        {{DEATH_UNHEEDED, true, 1}, CHARGE_NOTHING, CHARGE_NOTHING},
        {{DEATH_HANDBACK, false, 0}, CHARGE_NOTHING, CHARGE_NOTHING},
        {{DEATH_DRAINED, false, 0}, CHARGE_NOTHING, CHARGE_NOTHING},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(charge_of(&table[i].c, 1), table[i].named);
        assert_int_equal(charge_of(&table[i].c, 2), table[i].other);
    }
}

/* ---- observation ---- */

static bool
is_dead(struct observer *o, const char *value, int64_t now_ms, unsigned epoch)
{
    return observer_see(o, "w1", value, now_ms, epoch).is_dead;
}

static void
observer_waits_for_the_workers_own_lease(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_false(is_dead(o, "7 10000", 1000, 1));
    assert_false(is_dead(o, "7 10000", 10999, 1));
    assert_true(is_dead(o, "7 10000", 11000, 1));
    assert_false(is_dead(o, "8 10000", 11001, 1));
    assert_false(is_dead(o, "8 10000", 21000, 1));
    observer_free(o);
}

static void
observer_starts_afresh_with_a_new_connection(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_false(is_dead(o, "7 10000", 1000, 1));
    assert_false(is_dead(o, "7 10000", 500000, 2));
    assert_false(is_dead(o, "7 10000", 509999, 2));
    assert_true(is_dead(o, "7 10000", 510000, 2));
    observer_free(o);
}

static void
observer_says_when_a_late_worker_would_be_dead(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_int_equal(observer_see(o, "w1", "7 9000", 0, 1).look_again_ms, INT64_MAX);
    assert_int_equal(observer_see(o, "w1", "7 9000", 3000, 1).look_again_ms, INT64_MAX);
    assert_int_equal(observer_see(o, "w1", "7 9000", 6000, 1).look_again_ms, 9000);
    observer_free(o);
}

static void
observer_counts_from_the_beat_that_it_heard(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_false(is_dead(o, "7 9000", 0, 1));
    observer_hear(o, "w1", "8 9000", 3000, 1);
    assert_int_equal(observer_late_ms(o, 6000), INT64_MAX);
    assert_int_equal(observer_late_ms(o, 8000), 12000);
    assert_false(is_dead(o, "8 9000", 11999, 1)); /* the registry has nothing newer */
    assert_true(is_dead(o, "8 9000", 12000, 1));
    observer_free(o);
}

static void
a_steward_is_replaced_well_within_its_lease(void **state)
{
    (void)state;
    assert_int_equal(limits_steward_ms(10000), 3333);
    assert_int_equal(limits_steward_ms(2000), 666);
    assert_int_equal(limits_steward_ms(300), 400);
    assert_int_equal(limits_steward_ms(3600 * 1000), 5000);
}

static void
observer_forgets_who_is_gone(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_false(is_dead(o, "7 10000", 0, 1));
    (void)observer_see(o, "w2", "1 10000", 0, 1);
    observer_end_pass(o);
    (void)observer_see(o, "w2", "1 10000", 5000, 1);
    observer_end_pass(o);
    assert_false(is_dead(o, "7 10000", 20000, 1)); /* begins anew */
    assert_true(observer_see(o, "w2", "1 10000", 20000, 1).is_dead);
    observer_free(o);
}

static void
observer_never_buries_what_it_cannot_read(void **state)
{
    struct observer *o = observer_new();
    (void)state;
    assert_false(is_dead(o, "garbage", 0, 1));
    assert_false(is_dead(o, "garbage", 60000, 1));
    assert_false(is_dead(o, "1 -5", 0, 1));
    assert_false(is_dead(o, "1 -5", 60000, 1));
    observer_free(o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookahead_is_bounded_by_time_and_size),
        cmocka_unit_test(lookahead_notices_long_jobs_at_once_and_short_ones_slowly),
        cmocka_unit_test(queues_come_in_the_order_given_if_strict),
        cmocka_unit_test(queues_come_first_in_proportion_to_their_weights),
        cmocka_unit_test(retry_limit_is_the_jobs_then_the_tasks_then_three),
        cmocka_unit_test(retry_delay_is_uniform_up_to_a_doubling_bound),
        cmocka_unit_test(limits_fall_at_their_time),
        cmocka_unit_test(limits_do_not_count_time_in_which_nobody_looked),
        cmocka_unit_test(limits_of_memory_recycle_then_kill),
        cmocka_unit_test(charges_go_to_the_culprit_alone_if_there_is_one),
        cmocka_unit_test(observer_waits_for_the_workers_own_lease),
        cmocka_unit_test(observer_starts_afresh_with_a_new_connection),
        cmocka_unit_test(observer_says_when_a_late_worker_would_be_dead),
        cmocka_unit_test(observer_counts_from_the_beat_that_it_heard),
        cmocka_unit_test(a_steward_is_replaced_well_within_its_lease),
        cmocka_unit_test(observer_forgets_who_is_gone),
        cmocka_unit_test(observer_never_buries_what_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
