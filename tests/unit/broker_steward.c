/* The verbs of a steward on a real Redis, and the listener. */
#include "loop_fixture.h"

static struct id
submit_one(struct loop_fixture *f)
{
    struct broker_job job = make_job(&f->client);
    assert_int_equal(submit(&f->client, "q", &job), SUBMIT_DONE);
    return job.id;
}

static void
beat(struct loop_fixture *f, uint64_t number)
{
    CALL_OK(f, broker_loop_beat(f->loop, "q", &f->who, number, on_beat, &f->told));
}

static void
every_third_beat_returns_the_registry(void **state)
{
    struct loop_fixture *f = *state;
    beat(f, 1);
    assert_int_equal(f->told.registered, NOT_REGISTERED);
    join(f);
    beat(f, 4);
    assert_int_equal(f->told.registered, IS_REGISTERED);
    assert_int_equal(f->told.next_due_in_ms, -2);
    assert_int_equal(f->told.n, 0);
    beat(f, 6);
    assert_int_equal(f->told.next_due_in_ms, -1);
    assert_int_equal(f->told.n, 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(f->told.values[i],
                            strcmp(f->told.names[i], "w") == 0 ? "6 10000" : "w");
    struct broker_job job = make_job(&f->client);
    job.delay_ms = 50000;
    assert_int_equal(submit(&f->client, "q", &job), SUBMIT_DONE);
    beat(f, 9);
    assert_in_range(f->told.next_due_in_ms, 40000, 50000);
}

static void
due_jobs_are_promoted(void **state)
{
    struct loop_fixture *f = *state;
    struct broker_job soon = make_job(&f->client), late = make_job(&f->client);
    CALL_OK(f, broker_loop_promote(f->loop, "q", on_promoted, &f->told));
    assert_int_equal(f->told.moved, 0);
    assert_int_equal(f->told.next_due_in_ms, -1);
    soon.delay_ms = 20;
    late.delay_ms = 60000;
    assert_int_equal(submit(&f->client, "q", &soon), SUBMIT_DONE);
    assert_int_equal(submit(&f->client, "q", &late), SUBMIT_DONE);
    do
        CALL_OK(f, broker_loop_promote(f->loop, "q", on_promoted, &f->told));
    while (f->told.moved == 0);
    assert_int_equal(f->told.moved, 1);
    assert_in_range(f->told.next_due_in_ms, 50000, 60000);
    assert_int_equal(find(&f->client, &soon.id).state, JOB_QUEUED);
}

static void
recover(struct loop_fixture *f, const struct broker_recovery *r)
{
    CALL_OK(f, broker_loop_recover(f->loop, "q", r, on_recovered, &f->told));
}

static void
a_dead_runner_gives_back_what_it_owned(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[4];
    struct broker_record record;
    struct message m;
    for (size_t i = 0; i < 4; i++)
        ids[i] = submit_one(f);
    join(f);
    reserve(f, 4, false);
    size_t len;
    const void *outcome = make_outcome(&f->client, JOB_DEAD, &len);
    struct broker_victim victims[] = {
        {.id = ids[1], .charge = VICTIM_CRASHED, .outcome = outcome, .len = len},
        {.id = ids[2], .charge = VICTIM_SUSPECT}};
    struct broker_recovery r = {.worker = "w",
                                .runner = "w/1",
                                .victims = victims,
                                .n_victims = 2,
                                .max_crashes = 2,
                                .max_lost = 10};
    recover(f, &r);
    assert_false(f->told.was_refused);
    assert_int_equal(f->told.moved, 4);
    assert_int_equal(f->told.buried, 0);
    record = find(&f->client, &ids[1]);
    assert_true(message_peek(record.message, record.message_len, &m));
    assert_int_equal(m.crashes, 1);
    record = find(&f->client, &ids[2]);
    assert_true(message_peek(record.message, record.message_len, &m));
    assert_int_equal(m.crashes, 0);
    assert_int_equal(m.flags & MESSAGE_SUSPECT, MESSAGE_SUSPECT);
    f->who.runner = "w/2";
    join(f);
    reserve(f, 1, true);
    assert_true(f->told.is_suspect);
    reserve(f, 1, false);
    assert_true(id_equal(&f->told.ids[0], &ids[0]));
    reserve(f, 1, false);
    assert_true(id_equal(&f->told.ids[0], &ids[1]));
    r.runner = "w/2";
    r.n_victims = 1;
    recover(f, &r);
    assert_int_equal(f->told.moved, 2);
    assert_int_equal(f->told.buried, 1);
    assert_int_equal(find(&f->client, &ids[1]).state, JOB_DEAD);
    recover(f, &r);
    assert_int_equal(f->told.moved, 0);
}

static void
a_worker_that_has_shown_life_is_not_recovered(void **state)
{
    struct loop_fixture *f = *state;
    struct id id = submit_one(f);
    join(f);
    beat(f, 1);
    reserve(f, 1, false);
    beat(f, 2);
    struct broker_recovery r = {
        .worker = "w", .runner = "w/1", .expected = "1 10000", .max_crashes = 3, .max_lost = 1};
    recover(f, &r);
    assert_true(f->told.was_refused);
    assert_int_equal(find(&f->client, &id).state, JOB_RUNNING);
    r.expected = "2 10000";
    recover(f, &r);
    assert_false(f->told.was_refused);
    assert_int_equal(f->told.buried, 1); /* lost with its host once, which was once too often */
    assert_int_equal(find(&f->client, &id).state, JOB_DEAD);
}

static void
forgetting_needs_the_value_that_was_seen(void **state)
{
    struct loop_fixture *f = *state;
    struct redis_fixture *r = &f->client.redis;
    join(f);
    CALL_OK(
        f, broker_loop_forget(f->loop, "q", "w", NULL, on_done, &f->told)); /* still has a runner */
    assert_int_equal(redis_number(redis_do(r, "HEXISTS celeriac:{q}:workers w")), 1);
    CALL_OK(f, broker_loop_leave(f->loop, "q", &f->who, on_done, &f->told));
    CALL_OK(f, broker_loop_forget(f->loop, "q", "w", "7 10000", on_done, &f->told));
    assert_int_equal(redis_number(redis_do(r, "HEXISTS celeriac:{q}:workers w")), 1);
    CALL_OK(f, broker_loop_forget(f->loop, "q", "w", "0 10000", on_done, &f->told));
    assert_int_equal(redis_number(redis_do(r, "HEXISTS celeriac:{q}:workers w")), 0);
}

/* ---- listening ---- */

struct notices {
    size_t n;
    struct broker_notice last;
    char queue[QUEUE_NAME_MAX + 1], command[64];
};

static void
on_notice(void *arg, const struct broker_notice *notice)
{
    struct notices *n = arg;
    n->n++;
    n->last = *notice;
    snprintf(n->queue, sizeof n->queue, "%s", notice->queue != NULL ? notice->queue : "");
    snprintf(n->command, sizeof n->command, "%s", notice->command != NULL ? notice->command : "");
}

static bool
has_subscribers(struct loop_fixture *f, const char *channel)
{
    return redis_do(&f->client.redis, "PUBSUB NUMSUB %s", channel)->element[1]->integer == 1;
}

static void
listen_to(struct loop_fixture *f, struct notices *n)
{
    static const char *const queues[] = {"p", "q"};
    broker_loop_listen(f->loop, queues, 2, "w", on_notice, n);
    PUMP(f, has_subscribers(f, "celeriac:worker:w:control"));
}

static void
a_listener_hears_of_everything(void **state)
{
    struct loop_fixture *f = *state;
    struct notices n = {0};
    struct id id = submit_one(f);
    struct broker_job delayed = make_job(&f->client);
    enum job_state now;
    int64_t heard;
    join(f);
    reserve(f, 1, false);
    listen_to(f, &n);
    OK(broker_cancel(f->client.broker, &id, true, &now, &err));
    PUMP(f, n.n == 1);
    assert_int_equal(n.last.kind, NOTICE_CANCEL);
    assert_string_equal(n.queue, "q");
    assert_true(n.last.force);
    assert_true(id_equal(&n.last.id, &id));
    OK(broker_cancel(f->client.broker, &id, false, &now, &err));
    PUMP(f, n.n == 2);
    assert_false(n.last.force);
    delayed.delay_ms = 30000;
    assert_int_equal(submit(&f->client, "p", &delayed), SUBMIT_DONE);
    PUMP(f, n.n == 3);
    assert_int_equal(n.last.kind, NOTICE_DUE);
    assert_string_equal(n.queue, "p");
    assert_in_range(n.last.due_in_ms, 20000, 30000);
    OK(broker_control(f->client.broker, "w", "scale 3", &heard, &err));
    assert_int_equal(heard, 1);
    PUMP(f, n.n == 4);
    assert_int_equal(n.last.kind, NOTICE_COMMAND);
    assert_string_equal(n.command, "scale 3");
    CALL(f, broker_loop_promote(f->loop, "q", on_promoted, &f->told));
    assert_int_equal(f->told.code, ERROR_UNAVAILABLE); /* a listener makes no calls */
}

static void
strange_notices_are_passed_over(void **state)
{
    struct loop_fixture *f = *state;
    struct notices n = {0};
    static const char *const strange[] = {
        "",       "due",          "due ",          "due x",           "due -1", "due 1x",
        "cancel", "cancel force", "cancel force ", "cancel other id", "restart"};
    listen_to(f, &n);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        redis_do(&f->client.redis, "PUBLISH celeriac:{q}:control %s", strange[i]);
    redis_do(&f->client.redis, "PUBLISH celeriac:{q}:control %s", "due 5");
    PUMP(f, n.n == 1);
    assert_int_equal(n.last.due_in_ms, 5);
    assert_int_equal(f->downs, 0);
}

static void
a_listener_that_was_cut_listens_again(void **state)
{
    struct loop_fixture *f = *state;
    struct notices n = {0};
    listen_to(f, &n);
    redis_do(&f->client.redis, "CLIENT KILL TYPE pubsub");
    PUMP(f, f->downs == 1 && f->ups == 2);
    listen_to(f, &n);
    redis_do(&f->client.redis, "PUBLISH celeriac:worker:w:control stop");
    PUMP(f, n.n == 1);
    assert_string_equal(n.command, "stop");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_start, loop_stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_third_beat_returns_the_registry),
        TEST(due_jobs_are_promoted),
        TEST(a_dead_runner_gives_back_what_it_owned),
        TEST(a_worker_that_has_shown_life_is_not_recovered),
        TEST(forgetting_needs_the_value_that_was_seen),
        TEST(a_listener_hears_of_everything),
        TEST(strange_notices_are_passed_over),
        TEST(a_listener_that_was_cut_listens_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
