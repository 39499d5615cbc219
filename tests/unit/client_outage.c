/* Waiting survives lost connections, and a Redis that forgets. */
#include "client_fixture.h"

static void
cut_feed_is_dialled_again_and_nothing_is_missed(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *before = submit_echo(f, 1), *after = submit_echo(f, 2);

    FAILS(celeriac_wait(before, 10, &error), CELERIAC_ERROR_TIMEOUT); /* the feed is in use */
    redis_do(&f->redis, "CLIENT KILL TYPE pubsub");
    assert_int_equal(hand_work(f, "default", 1), 1); /* nobody hears this one */
    OK(celeriac_wait(before, 5000, &error));
    assert_int_equal(hand_work(f, "default", 1), 1);
    OK(celeriac_wait(after, 5000, &error));
    assert_string_equal(celeriac_result_json(after, &error), "2");
}

static void
all_connections_may_be_cut(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 3);

    redis_do(&f->redis, "CLIENT KILL TYPE normal SKIPME yes");
    redis_do(&f->redis, "CLIENT KILL TYPE pubsub");
    UNTIL((event_base_loop(f->base, EVLOOP_NONBLOCK), !f->is_up), 5000);
    UNTIL((event_base_loop(f->base, EVLOOP_NONBLOCK), f->is_up), 5000);
    hand_work(f, "default", 1);
    OK(celeriac_wait(future, 5000, &error));
    assert_string_equal(celeriac_result_json(future, &error), "3");
    submit_echo(f, 4);
}

static void
job_that_redis_has_forgotten_is_unknown(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_future *future = submit_echo(f, 1);

    redis_do(&f->redis, "FLUSHALL");
    redis_do(&f->redis, "CLIENT KILL TYPE pubsub");
    OK(celeriac_wait(future, 5000, &error));
    assert_int_equal(celeriac_future_report(future)->state, CELERIAC_STATE_UNKNOWN);
    FAILS(celeriac_result(future, &error), CELERIAC_ERROR_NOT_FOUND);
}

struct heard {
    int n;
    char first[256];
};

static void
on_outage(void *arg, const char *line)
{
    struct heard *h = arg;

    if (h->n++ == 0)
        snprintf(h->first, sizeof h->first, "%s", line);
}

static void
redis_that_stays_away_is_borne_so_long_and_told_of(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_settings settings = CELERIAC_SETTINGS_INIT;
    struct heard heard = {0};
    struct celeriac_job job = {.task = "echo", .args_json = "[1]"};
    struct celeriac_future *future;
    struct celeriac_client *client;

    settings.broker = f->redis.url;
    settings.outage_ms = 200;
    settings.on_outage = on_outage;
    settings.arg = &heard;
    client = celeriac_connect(&settings, &error);
    assert_non_null(client);
    OK(celeriac_submit(client, &job, &future, &error));
    redis_kill(&f->redis);
    FAILS(celeriac_wait(future, 20000, &error), CELERIAC_ERROR_UNAVAILABLE);
    assert_int_equal(heard.n, 1);
    assert_non_null(strstr(heard.first, "connection lost"));
    FAILS(celeriac_submit(client, &job, NULL, &error), CELERIAC_ERROR_UNAVAILABLE);
    redis_run(&f->redis); /* empty: the job is gone */
    OK(celeriac_wait(future, 5000, &error));
    assert_int_equal(heard.n, 2);
    assert_int_equal(celeriac_future_report(future)->state, CELERIAC_STATE_UNKNOWN);
    celeriac_close(client);
}

static void
broker_that_is_not_there_is_an_error_at_once(void **state)
{
    struct celeriac_settings settings = CELERIAC_SETTINGS_INIT;

    (void)state;
    settings.broker = "unix:///nonexistent/redis.sock";
    FAILS(celeriac_connect(&settings, &error), CELERIAC_ERROR_UNAVAILABLE);
    settings.broker = "gopher://x";
    FAILS(celeriac_connect(&settings, &error), CELERIAC_ERROR_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(cut_feed_is_dialled_again_and_nothing_is_missed),
        CLIENT_TEST(all_connections_may_be_cut),
        CLIENT_TEST(job_that_redis_has_forgotten_is_unknown),
        CLIENT_TEST(redis_that_stays_away_is_borne_so_long_and_told_of),
        cmocka_unit_test(broker_that_is_not_there_is_an_error_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
