/* Scoreboards, seen from another process as well. */
#include "worker/scoreboard.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct scoreboards *
boards_new(size_t n)
{
    struct scoreboards *all = NULL;
    struct error err = ERROR_INIT;
    assert_true(scoreboards_new(&all, n, &err));
    return all;
}

static struct slot_job
job_named(const char *id, int64_t number)
{
    struct slot_job job = {.task = "countdown", .queue = "default", .started_ms = number};
    job.soft_limit_ms = job.hard_limit_ms = job.backoff_ms = number;
    job.attempts = (uint32_t)number;
    (void)strncpy(job.id, id, sizeof(job.id) - 1);
    return job;
}

static void
seats_are_taken_and_released(void **state)
{
    struct scoreboards *all = boards_new(2);
    (void)state;
    struct scoreboard *a = scoreboards_take(all, 1, 3, 77), *b = scoreboards_take(all, 2, 3, 77);
    assert_non_null(a);
    assert_non_null(b);
    assert_true(a != b);
    assert_int_equal(a->stamp_ms, 77);
    assert_null(scoreboards_take(all, 3, 3, 77));
    a->fault_slot = 2;
    scoreboard_release(a);
    struct scoreboard *c = scoreboards_take(all, 4, 3, 78);
    assert_ptr_equal(c, a);
    assert_int_equal(c->number, 4);
    assert_int_equal(c->fault_slot, 0);
    scoreboards_free(all);
}

static void
slots_show_the_job_that_runs(void **state)
{
    static const char *const ids[] = {
        "a",
        "1234567",
        "12345678",
        "123456789",
        "-P78O-jrSmHXGeDai0Mp1k",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    struct scoreboards *all = boards_new(1);
    struct scoreboard *s = scoreboards_take(all, 1, 1, 0);
    struct slot_view v;
    (void)state;
    assert_false(slot_read(&s->slots[0], &v));
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        const struct slot_job job = job_named(ids[i], 1000 + (int64_t)i);
        slot_begin(&s->slots[0], &job);
        assert_true(slot_read(&s->slots[0], &v));
        assert_string_equal(v.job.id, ids[i]);
        assert_string_equal(v.job.task, "countdown");
        assert_string_equal(v.job.queue, "default");
        assert_int_equal(v.job.started_ms, 1000 + i);
        assert_int_equal(v.job.attempts, 1000 + i);
        assert_int_equal(v.generation, i + 1);
        assert_int_equal(scoreboard_busy(s), 1);
        slot_end(&s->slots[0]);
        assert_int_equal(scoreboard_busy(s), 0);
        assert_false(slot_read(&s->slots[0], &v));
    }
    scoreboards_free(all);
}

static void
slots_hear_only_flags_that_are_meant_for_their_job(void **state)
{
    struct scoreboards *all = boards_new(1);
    struct scoreboard_slot *slot = &scoreboards_take(all, 1, 1, 0)->slots[0];
    const struct slot_job a = job_named("a", 1), b = job_named("b", 2);
    struct slot_view v, old;
    (void)state;
    slot_begin(slot, &a);
    assert_true(slot_read(slot, &old));
    assert_true(slot_stop(slot, &old, STOP_TIMEOUT));
    assert_int_equal(slot_stop_reason(slot), STOP_TIMEOUT);
    assert_false(slot_flag_is_stray(slot));
    slot_end(slot);

    slot_begin(slot, &b);
    assert_int_equal(slot_stop_reason(slot), STOP_NONE);
    assert_false(slot_stop(slot, &old, STOP_CANCEL));
    assert_int_equal(atomic_load(&slot->stop), STOP_NONE);
    /* as if the writer had been interrupted between its look and its store */
    atomic_store(&slot->stop, STOP_CANCEL);
    assert_int_equal(slot_stop_reason(slot), STOP_NONE);
    assert_true(slot_flag_is_stray(slot));

    assert_true(slot_read(slot, &v));
    assert_true(slot_cancel(slot, &v, false, 500));
    assert_int_equal(slot_stop_reason(slot), STOP_CANCEL);
    assert_true(slot_read(slot, &v));
    assert_int_equal(v.cancelled_ms, 500);
    assert_false(v.is_forced);
    assert_true(slot_cancel(slot, &v, true, 900));
    assert_true(slot_read(slot, &v));
    assert_int_equal(v.cancelled_ms, 500);
    assert_true(v.is_forced);
    scoreboards_free(all);
}

static void
runners_keep_their_own_seat_only(void **state)
{
    struct scoreboards *all = boards_new(5);
    struct scoreboard *mine = NULL;
    int status;
    (void)state;
    for (uint32_t i = 1; i <= 3; i++)
        mine = scoreboards_take(all, i, 2, 0);
    const pid_t pid = fork();
    if (pid == 0) {
        const struct slot_job job = job_named("from-the-child", 5);
        scoreboards_keep_only(all, (size_t)(mine - all->seats));
        slot_begin(&mine->slots[1], &job);
        _exit(0); /* dies with the job running */
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    struct slot_view v;
    assert_false(slot_read(&mine->slots[0], &v));
    assert_true(slot_read(&mine->slots[1], &v));
    assert_string_equal(v.job.id, "from-the-child");
    scoreboards_free(all);
}

static void
a_slot_left_half_written_does_not_hang_its_reader(void **state)
{
    struct scoreboards *all = boards_new(1);
    struct scoreboard_slot *slot = &scoreboards_take(all, 1, 1, 0)->slots[0];
    const struct slot_job job = job_named("x", 1);
    struct slot_view v;
    (void)state;
    slot_begin(slot, &job);
    atomic_fetch_add(&slot->sequence, 1);
    assert_false(slot_read(slot, &v));
    scoreboards_free(all);
}

enum { WRITES = 200000 };

static void *
write_slot(void *arg)
{
    struct scoreboard_slot *slot = arg;
    const struct slot_job jobs[] = {job_named("aaaaaaaaaaaaaaaaaaaaaa", 11),
                                    job_named("bbbbbbbbbbbbbbbbbbbbbb", 22)};
    for (int i = 0; i < WRITES; i++) {
        slot_begin(slot, &jobs[i % 2]);
        slot_end(slot);
    }
    slot_begin(slot, &jobs[0]);
    return NULL;
}

static void
readers_never_see_a_mixture_of_two_jobs(void **state)
{
    struct scoreboards *all = boards_new(1);
    struct scoreboard_slot *slot = &scoreboards_take(all, 1, 1, 0)->slots[0];
    struct slot_view v = {.generation = 0};
    pthread_t writer;
    (void)state;
    assert_int_equal(pthread_create(&writer, NULL, write_slot, slot), 0);
    while (v.generation <= WRITES) {
        if (!slot_read(slot, &v))
            continue;
        const int64_t number = v.job.id[0] == 'a' ? 11 : 22;
        assert_int_equal(v.job.id[21], v.job.id[0]);
        assert_int_equal(v.job.started_ms, number);
        assert_int_equal(v.job.attempts, number);
    }
    assert_int_equal(pthread_join(writer, NULL), 0);
    scoreboards_free(all);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seats_are_taken_and_released),
        cmocka_unit_test(slots_show_the_job_that_runs),
        cmocka_unit_test(slots_hear_only_flags_that_are_meant_for_their_job),
        cmocka_unit_test(runners_keep_their_own_seat_only),
        cmocka_unit_test(a_slot_left_half_written_does_not_hang_its_reader),
        cmocka_unit_test(readers_never_see_a_mixture_of_two_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
