/* The thread pool. Runs under ThreadSanitizer, too. */
#include "worker/pool.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

enum { ITEMS = 20000, GATE_ITEMS = 8, DEADLINE_MS = 20000 };

struct item {
    struct pool_item item;
    int number;
    unsigned slot;
    int order; /* in which it was run */
};

struct bench {
    struct pool *pool;
    atomic_int runs, begins, ends;
    int gate[2]; /* a pipe: run waits for a byte, if is_gated */
    bool is_gated;
    unsigned failing_slot;
};

static bool
begin(void *arg, unsigned slot, struct error *err)
{
    struct bench *b = arg;
    atomic_fetch_add(&b->begins, 1);
    if (slot + 1 == b->failing_slot)
        return error_set(err, ERROR_CONFIG, "slot %u does not begin", slot);
    return true;
}

static void
run(void *arg, unsigned slot, struct pool_item *item)
{
    struct bench *b = arg;
    struct item *i = (struct item *)item;
    char byte;
    if (b->is_gated)
        assert_int_equal(read(b->gate[0], &byte, 1), 1);
    i->slot = slot;
    i->order = atomic_fetch_add(&b->runs, 1);
}

static void
end(void *arg, unsigned slot)
{
    struct bench *b = arg;
    (void)slot;
    atomic_fetch_add(&b->ends, 1);
}

static struct pool *
start(struct bench *b, unsigned threads, int spin_us)
{
    const struct pool_settings settings = {
        .threads = threads, .spin_us = spin_us, .arg = b, .begin = begin, .run = run, .end = end};
    struct error err = ERROR_INIT;
    assert_int_equal(pipe(b->gate), 0);
    assert_true(pool_new(&b->pool, &settings, &err));
    return b->pool;
}

static void
stop(struct bench *b)
{
    pool_free(b->pool);
    assert_int_equal(b->begins, b->ends);
    (void)close(b->gate[0]);
    (void)close(b->gate[1]);
}

static void
open_gate(struct bench *b, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(write(b->gate[1], "", 1), 1);
}

static void
submit(struct pool *p, struct item *items, int from, int to)
{
    struct pool_list list = POOL_LIST_INIT;
    for (int i = from; i < to; i++) {
        items[i].number = i;
        pool_list_append(&list, &items[i].item);
    }
    pool_submit(p, &list);
    assert_int_equal(list.n, 0);
}

/* Takes what is done until there are `n`; each time by the way of the file descriptor. */
static void
take(struct pool *p, size_t n, struct pool_list *done)
{
    const int64_t end_ms = clock_mono_ms() + DEADLINE_MS;
    while (done->n < n) {
        struct pollfd fd = {.fd = pool_fd(p), .events = POLLIN};
        assert_true(clock_mono_ms() < end_ms);
        assert_true(poll(&fd, 1, DEADLINE_MS) == 1);
        pool_take_done(p, done);
    }
    assert_int_equal(done->n, n);
}

static void
pool_runs_jobs_in_order(void **state)
{
    struct bench b = {.is_gated = false};
    struct item *items = calloc(ITEMS, sizeof(*items));
    struct pool_list done = POOL_LIST_INIT;
    (void)state;
    struct pool *p = start(&b, 1, 0);
    for (int i = 0; i < ITEMS; i += 100)
        submit(p, items, i, i + 100);
    take(p, ITEMS, &done);
    for (int i = 0; i < ITEMS; i++)
        assert_int_equal(((struct item *)pool_list_take(&done))->number, i);
    stop(&b);
    free(items);
}

static void
pool_runs_each_job_once_in_many_threads(void **state)
{
    struct item *items = calloc(ITEMS, sizeof(*items));
    (void)state;
    for (int spin_us = 0; spin_us <= 50; spin_us += 50) {
        struct bench b = {.is_gated = false};
        struct pool_list done = POOL_LIST_INIT;
        char *seen = calloc(ITEMS, 1);
        struct pool *p = start(&b, 4, spin_us);
        for (int i = 0; i < ITEMS; i++)
            submit(p, items, i, i + 1);
        take(p, ITEMS, &done);
        for (int i = 0; i < ITEMS; i++)
            seen[((struct item *)pool_list_take(&done))->number]++;
        for (int i = 0; i < ITEMS; i++)
            assert_int_equal(seen[i], 1);
        assert_int_equal(b.runs, ITEMS);
        stop(&b);
        free(seen);
    }
    free(items);
}

static void
pool_wakes_every_thread_that_has_work(void **state)
{
    struct bench b = {.is_gated = true};
    struct item items[4] = {{.number = 0}};
    struct pool_list done = POOL_LIST_INIT;
    unsigned slots = 0;
    (void)state;
    struct pool *p = start(&b, 4, 0);
    submit(p, items, 0, 4);
    const int64_t end_ms = clock_mono_ms() + DEADLINE_MS;
    while (pool_oldest_us(p) >=
           0) /* until four threads hold one each: none has a second turn before the gate opens */
        assert_true(clock_mono_ms() < end_ms);
    open_gate(&b, 4);
    take(p, 4, &done);
    for (int i = 0; i < 4; i++)
        slots |= 1u << items[i].slot;
    assert_int_equal(slots, 15);
    stop(&b);
}

static void
pool_gives_back_what_has_not_begun(void **state)
{
    struct bench b = {.is_gated = true};
    struct item items[GATE_ITEMS] = {{.number = 0}};
    struct pool_list back = POOL_LIST_INIT, done = POOL_LIST_INIT;
    (void)state;
    struct pool *p = start(&b, 1, 0);
    submit(p, items, 0, 1);
    const int64_t end_ms = clock_mono_ms() + DEADLINE_MS;
    while (pool_oldest_us(p) >= 0)
        assert_true(clock_mono_ms() < end_ms);
    submit(p, items, 1, 4);
    const int64_t between = clock_mono_us() + 1;
    while (clock_mono_us() <= between)
        ;
    submit(p, items, 4, GATE_ITEMS);
    assert_true(pool_oldest_us(p) < between);
    pool_withdraw(p, between, &back);
    assert_int_equal(back.n, 3);
    for (int i = 1; i < 4; i++)
        assert_int_equal(((struct item *)pool_list_take(&back))->number, i);
    assert_true(pool_oldest_us(p) > between);
    pool_withdraw(p, INT64_MAX, &back);
    assert_int_equal(back.n, GATE_ITEMS - 4);
    assert_int_equal(pool_oldest_us(p), -1);
    open_gate(&b, 1);
    take(p, 1, &done);
    stop(&b);
}

static void
pool_is_quiet_until_poked_or_done(void **state)
{
    struct bench b = {.is_gated = false};
    struct item one = {.number = 0};
    struct pool_list done = POOL_LIST_INIT;
    (void)state;
    struct pool *p = start(&b, 2, 0);
    struct pollfd fd = {.fd = pool_fd(p), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    pool_poke(p);
    assert_int_equal(poll(&fd, 1, 0), 1);
    pool_take_done(p, &done);
    assert_int_equal(done.n, 0);
    assert_int_equal(poll(&fd, 1, 0), 0);
    submit(p, &one, 0, 1);
    take(p, 1, &done);
    assert_int_equal(poll(&fd, 1, 0), 0);
    stop(&b);
}

static void
pool_does_not_start_if_a_thread_cannot_begin(void **state)
{
    struct bench b = {.failing_slot = 2};
    const struct pool_settings settings = {
        .threads = 3, .arg = &b, .begin = begin, .run = run, .end = end};
    struct pool *p = NULL;
    struct error err = ERROR_INIT;
    (void)state;
    assert_false(pool_new(&p, &settings, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, "slot 1 does not begin");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool_runs_jobs_in_order),
        cmocka_unit_test(pool_runs_each_job_once_in_many_threads),
        cmocka_unit_test(pool_wakes_every_thread_that_has_work),
        cmocka_unit_test(pool_gives_back_what_has_not_begun),
        cmocka_unit_test(pool_is_quiet_until_poked_or_done),
        cmocka_unit_test(pool_does_not_start_if_a_thread_cannot_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
