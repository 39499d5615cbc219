/* Arguments are checked before they are sent, once a worker has told what it knows. */
#include "client_fixture.h"

static const char worker_state[] =
    "{\"worker\":\"hand-1\",\"queues\":[\"default\"],\"tasks\":\"abc\"}";
static const char table[] =
    "[{\"name\":\"countdown\",\"help\":\"h\",\"params\":[{\"name\":\"n\",\"kind\":\"integer\","
    "\"min\":0,\"max\":10}]}]";

static void
publish(struct client_fixture *f)
{
    f->pending++;
    broker_loop_join(f->loop, "default", &hand, hand_on_done, f);
    f->pending++;
    broker_loop_publish_tasks(f->loop, "abc", table, 60000, hand_on_done, f);
    f->pending++;
    broker_loop_publish(f->loop, "hand-1", worker_state, 60000, hand_on_done, f);
    hand_settle(f);
}

static void
wrong_arguments_are_refused_before_they_are_sent(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_job good = {.task = "countdown", .args_json = "[3]"};
    struct celeriac_job bad = {.task = "countdown", .args_json = "[11]"};
    struct celeriac_job none = {.task = "countdown"};
    struct celeriac_job unknown = {.task = "other", .args_json = "[11]"};

    publish(f);
    OK(celeriac_submit(f->client, &good, NULL, &error));
    FAILS(celeriac_submit(f->client, &bad, NULL, &error), CELERIAC_ERROR_USAGE);
    assert_non_null(strstr(error.message, "n"));
    FAILS(celeriac_submit(f->client, &none, NULL, &error), CELERIAC_ERROR_USAGE);
    OK(celeriac_submit(f->client, &unknown, NULL, &error));
}

static void
without_a_worker_everything_is_accepted(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_job bad = {.task = "countdown", .args_json = "[11]"};

    OK(celeriac_submit(f->client, &bad, NULL, &error));
}

static void
checks_can_be_switched_off(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_settings settings = CELERIAC_SETTINGS_INIT;
    struct celeriac_job bad = {.task = "countdown", .args_json = "[11]"};
    struct celeriac_client *client;

    publish(f);
    settings.broker = f->redis.url;
    settings.skip_checks = true;
    client = celeriac_connect(&settings, &error);
    OK(celeriac_submit(client, &bad, NULL, &error));
    celeriac_close(client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(wrong_arguments_are_refused_before_they_are_sent),
        CLIENT_TEST(without_a_worker_everything_is_accepted),
        CLIENT_TEST(checks_can_be_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
