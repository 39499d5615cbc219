/* Futures against a real Redis, with a worker by hand. */
#include "client_fixture.h"

static void
result_of_a_job_is_pushed(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 42);

    assert_false(celeriac_done(future));
    FAILS(celeriac_result(future, &error), CELERIAC_ERROR_TRY_LATER);
    assert_int_equal(hand_work(f, "default", 1), 1);
    OK(celeriac_wait(future, 5000, &error));
    assert_true(celeriac_done(future));
    assert_string_equal(celeriac_result_json(future, &error), "42");
    assert_string_equal(celeriac_future_report(future)->worker, "hand-1");
    assert_int_equal(celeriac_future_report(future)->attempt, 1);
    assert_string_equal(celeriac_future_queue(future), "default");
}

static void
failed_job_gives_its_error(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 1);

    f->state = JOB_FAILURE;
    hand_work(f, "default", 1);
    OK(celeriac_wait(future, 5000, &error));
    FAILS(celeriac_result(future, &error), CELERIAC_ERROR_FAILED);
    assert_non_null(strstr(error.message, "failure: bad: as told"));
    assert_string_equal(celeriac_future_report(future)->error_type, "bad");
}

static void
many_jobs_go_and_come_together(void **state)
{
    enum { N = 500 };
    struct client_fixture *f = *state;
    static char args[N][32];
    struct celeriac_job jobs[N];
    struct celeriac_future *futures[N];

    for (int i = 0; i < N; i++)
        jobs[i] = echo_job(args[i], sizeof args[i], i);
    OK(celeriac_submit_many(f->client, jobs, N, futures, &error));
    assert_int_equal(hand_work(f, "default", N), N);
    OK(celeriac_wait_all(f->client, 5000, &error));
    for (int i = 0; i < N; i++) {
        int64_t n = -1;
        assert_true(celeriac_get_integer(celeriac_result(futures[i], NULL), &n));
        assert_int_equal(n, i);
        celeriac_future_free(futures[i]);
    }
}

static void
one_bad_job_does_not_hold_the_others_back(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_job jobs[] = {{.task = "echo", .args_json = "[1]"},
                                  {.task = "echo", .args_json = "[1"},
                                  {.task = "no task", .args_json = "[1]"},
                                  {.task = "echo", .args_json = "[2]"}};
    struct celeriac_future *futures[4];

    FAILS(celeriac_submit_many(f->client, jobs, 4, futures, &error), CELERIAC_ERROR_DATA);
    assert_non_null(strstr(error.message, "job 2 of 4"));
    assert_true(futures[0] && !futures[1] && !futures[2] && futures[3]);
    assert_int_equal(hand_work(f, "default", 9), 2);
    OK(celeriac_wait_all(f->client, 5000, &error));
    assert_string_equal(celeriac_result_json(futures[3], NULL), "2");
}

static void
wait_times_out_and_can_go_on(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 7);

    FAILS(celeriac_wait(future, 20, &error), CELERIAC_ERROR_TIMEOUT);
    FAILS(celeriac_wait(future, 0, &error), CELERIAC_ERROR_TIMEOUT);
    hand_work(f, "default", 1);
    OK(celeriac_wait(future, 5000, &error));
}

struct calls {
    int n;
    struct celeriac_future *last;
    bool frees;
};

static void
count_call(struct celeriac_future *future, void *arg)
{
    struct calls *c = arg;

    c->n++;
    c->last = future;
    assert_true(celeriac_done(future));
    if (c->frees)
        celeriac_future_free(future);
}

static void
callbacks_run_within_poll_and_may_free(void **state)
{
    struct client_fixture *f = *state;
    struct calls kept = {0}, freed = {.frees = true}, late = {0};
    struct celeriac_future *a = submit_echo(f, 1), *b = submit_echo(f, 2);
    size_t n = 0, sum = 0;

    celeriac_on_done(a, count_call, &kept);
    celeriac_on_done(b, count_call, &freed);
    assert_true(celeriac_fd(f->client) >= 0);
    OK(celeriac_poll(f->client, 0, &n, &error));
    assert_int_equal(n, 0);
    hand_work(f, "default", 2);
    assert_int_equal(kept.n + freed.n, 0); /* nobody has polled */
    while (sum < 2) {
        OK(celeriac_poll(f->client, 5000, &n, &error));
        assert_true(n > 0);
        sum += n;
    }
    assert_int_equal(kept.n, 1);
    assert_int_equal(freed.n, 1);
    celeriac_on_done(a, count_call, &late); /* is done already: within the next poll */
    assert_int_equal(late.n, 0);
    OK(celeriac_poll(f->client, 5000, &n, &error));
    assert_int_equal(late.n, 1);
    assert_ptr_equal(late.last, a);
}

static void
callback_may_free_what_is_waited_for(void **state)
{
    struct client_fixture *f = *state;
    struct calls freed = {.frees = true};
    struct celeriac_future *future = submit_echo(f, 1);

    celeriac_on_done(future, count_call, &freed);
    hand_work(f, "default", 1);
    OK(celeriac_wait(future, 5000, &error));
    assert_int_equal(freed.n, 1);
}

static void
freed_future_is_not_told(void **state)
{
    struct client_fixture *f = *state;
    struct calls c = {0};
    struct celeriac_future *gone = submit_echo(f, 1), *stays = submit_echo(f, 2);

    celeriac_on_done(gone, count_call, &c);
    celeriac_future_free(gone);
    celeriac_future_free(NULL);
    hand_work(f, "default", 2);
    OK(celeriac_wait(stays, 5000, &error));
    OK(celeriac_wait_all(f->client, 5000, &error));
    assert_int_equal(c.n, 0);
}

static void
large_result_is_fetched(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 1);
    size_t len = 0;

    f->padding = 300000; /* far above what is pushed */
    hand_work(f, "default", 1);
    OK(celeriac_wait(future, 5000, &error));
    celeriac_bytes(celeriac_at(celeriac_result(future, &error), 0), &len);
    assert_int_equal(len, 300000);
}

static void
other_job_can_be_attached_before_and_after_its_end(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *mine = submit_echo(f, 5), *again, *after;

    again = celeriac_attach(f->client, NULL, celeriac_id(mine), &error);
    assert_non_null(again);
    assert_false(celeriac_done(again));
    hand_work(f, "default", 1);
    OK(celeriac_wait(again, 5000, &error));
    OK(celeriac_wait(mine, 5000, &error));
    assert_string_equal(celeriac_result_json(again, &error), "5");
    after = celeriac_attach(f->client, "default", celeriac_id(mine), &error);
    assert_non_null(after);
    assert_true(celeriac_done(after));
    assert_string_equal(celeriac_result_json(after, &error), "5");
    FAILS(celeriac_attach(f->client, NULL, "019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11", &error),
          CELERIAC_ERROR_NOT_FOUND);
}

static void
cancelled_job_ends_as_cancelled(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 5);
    enum celeriac_state now;

    OK(celeriac_look(f->client, celeriac_id(future), &now, &error));
    assert_int_equal(now, CELERIAC_STATE_QUEUED);
    OK(celeriac_cancel(f->client, celeriac_id(future), false, &now, &error));
    assert_int_equal(now, CELERIAC_STATE_CANCELLED);
    OK(celeriac_wait(future, 5000, &error));
    FAILS(celeriac_result(future, &error), CELERIAC_ERROR_FAILED);
    assert_int_equal(hand_work(f, "default", 1), 0);
    FAILS(celeriac_cancel(f->client, "019ab3f2-7c1e-7d40-8a33-5b1f0e6a9c11", false, &now, &error),
          CELERIAC_ERROR_NOT_FOUND);
}

static void
id_and_uniqueness_key_are_taken_once(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_options o = CELERIAC_OPTIONS_INIT, u = CELERIAC_OPTIONS_INIT;
    struct celeriac_job job = {.task = "echo", .args_json = "[1]", .options = &o};
    struct celeriac_job unique = {.task = "echo", .args_json = "[1]", .options = &u};
    char id[CELERIAC_ID_SIZE];

    o.id = celeriac_new_id(id);
    OK(celeriac_submit(f->client, &job, NULL, &error));
    FAILS(celeriac_submit(f->client, &job, NULL, &error), CELERIAC_ERROR_EXISTS);
    u.unique = "";
    OK(celeriac_submit(f->client, &unique, NULL, &error));
    FAILS(celeriac_submit(f->client, &unique, NULL, &error), CELERIAC_ERROR_EXISTS);
    unique.args_json = "[2]";
    OK(celeriac_submit(f->client, &unique, NULL, &error));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(result_of_a_job_is_pushed),
        CLIENT_TEST(failed_job_gives_its_error),
        CLIENT_TEST(many_jobs_go_and_come_together),
        CLIENT_TEST(one_bad_job_does_not_hold_the_others_back),
        CLIENT_TEST(wait_times_out_and_can_go_on),
        CLIENT_TEST(callbacks_run_within_poll_and_may_free),
        CLIENT_TEST(callback_may_free_what_is_waited_for),
        CLIENT_TEST(freed_future_is_not_told),
        CLIENT_TEST(large_result_is_fetched),
        CLIENT_TEST(other_job_can_be_attached_before_and_after_its_end),
        CLIENT_TEST(cancelled_job_ends_as_cancelled),
        CLIENT_TEST(id_and_uniqueness_key_are_taken_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
