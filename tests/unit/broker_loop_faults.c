/* The asynchronous broker when things go wrong: every call has exactly one end, and the connection
 * comes back. */
#include "loop_fixture.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_start, loop_stop)

/* All verbs at once: as many calls as callbacks are to come. */
static size_t
call_everything(struct loop_fixture *f)
{
    static struct id id;
    static const char *const queue = "q";
    struct broker_finish ends[] = {finish(f, &id, FINISH_STORE, JOB_SUCCESS),
                                   finish(f, &id, FINISH_BURY, JOB_FAILURE),
                                   finish(f, &id, FINISH_RETRY, JOB_UNKNOWN)};
    struct broker_victim victim = {.charge = VICTIM_CRASHED};
    struct broker_recovery r = {.worker = "w", .runner = "w/1", .victims = &victim, .n_victims = 1};
    struct broker_loop *b = f->loop;
    struct told *t = &f->told;
    id_new(&id);
    victim.id = id;
    broker_loop_join(b, "q", &f->who, on_done, t);
    broker_loop_reserve(b, "q", &f->who, 3, false, on_reserved, t);
    broker_loop_commit(b, "q", &f->who, ends, 3, on_committed, t);
    broker_loop_release(b, "q", &f->who, &id, 1, 0, on_done, t);
    broker_loop_task_known(b, "q", "echo", on_known, t);
    broker_loop_beat(b, "q", &f->who, 3, on_beat, t);
    broker_loop_promote(b, "q", on_promoted, t);
    broker_loop_recover(b, "q", &r, on_recovered, t);
    broker_loop_forget(b, "q", "w", NULL, on_done, t);
    broker_loop_publish(b, "w", "{}", 1000, on_done, t);
    broker_loop_publish_tasks(b, "h", "[]", 1000, on_done, t);
    broker_loop_marks(b, "q", on_marks, t);
    broker_loop_leave(b, "q", &f->who, on_done, t);
    broker_loop_bell(b, &queue, 1, 5, &f->who, 1, false, on_reserved, t);
    broker_loop_bell(b, &queue, 1, 5, &f->who, 0, false, on_reserved, t);
    return 15;
}

static void
every_verb_ends_once(void **state)
{
    struct loop_fixture *f = *state;
    size_t expected = 0;
    for (int i = 0; i < 8; i++) /* Redis looks at the clock of blocked clients ten times a second */
        expected += call_everything(f);
    assert_int_equal(f->told.calls, 0);
    PUMP(f, f->told.calls == expected);
    for (int i = 0; i < 3; i++)
        pump_once(f);
    assert_int_equal(f->told.calls, expected);
    assert_string_equal(f->down.message, "");
}

static void
calls_without_connection_fail_from_the_loop(void **state)
{
    struct loop_fixture *f = *state;
    redis_kill(&f->client.redis);
    PUMP(f, f->downs > 0);
    assert_false(broker_loop_is_up(f->loop));
    size_t expected = call_everything(f);
    assert_int_equal(f->told.calls, 0);
    PUMP(f, f->told.calls == expected);
    assert_int_equal(f->told.code, ERROR_UNAVAILABLE);
}

static void
a_killed_connection_fails_what_is_outstanding(void **state)
{
    struct loop_fixture *f = *state;
    const char *queue = "q";
    join(f);
    size_t before = f->told.calls;
    broker_loop_bell(f->loop, &queue, 1, 60000, &f->who, 5, false, on_reserved, &f->told);
    PUMP(f, strstr(redis_do(&f->client.redis, "INFO clients")->str, "blocked_clients:1") != NULL);
    redis_do(&f->client.redis, "CLIENT KILL TYPE normal");
    PUMP(f, f->downs == 1);
    assert_int_equal(f->told.calls, before + 1);
    assert_int_equal(f->told.code, ERROR_UNAVAILABLE);
    PUMP(f, f->ups == 2);
    reserve(f, 1, false);
    assert_int_equal(f->told.registered, IS_REGISTERED);
}

static void
a_restart_brings_the_connection_back(void **state)
{
    struct loop_fixture *f = *state;
    size_t expected = call_everything(f);
    redis_kill(&f->client.redis);
    PUMP(f, f->told.calls == expected);
    PUMP(f, f->downs >= 3); /* tries again and again */
    assert_int_equal(f->down.code, ERROR_UNAVAILABLE);
    redis_run(&f->client.redis);
    PUMP(f, f->ups == 2);
    join(f);
    reserve(f, 1, false);
}

static void
a_hanging_redis_is_given_up_in_time(void **state)
{
    struct loop_fixture *f = *state, slow = {.who = f->who};
    slow.client.arena = f->client.arena;
    loop_open(&slow, f->client.redis.url, 200);
    PUMP(&slow, slow.ups == 1);
    kill(f->client.redis.pid, SIGSTOP);
    int64_t begin = clock_mono_ms();
    size_t expected = call_everything(&slow);
    PUMP(&slow, slow.told.calls == expected);
    assert_in_range(clock_mono_ms() - begin, 190, 5000);
    assert_int_equal(slow.told.code, ERROR_UNAVAILABLE);
    PUMP(&slow, slow.downs >= 2); /* the greeting has a deadline, too */
    kill(f->client.redis.pid, SIGCONT);
    PUMP(&slow, slow.ups == 2);

    CALL_OK(&slow, broker_loop_promote(slow.loop, "q", on_promoted, &slow.told));
    loop_close_all(&slow);
    buffer_clear(&slow.client.bytes);
}

static void
scripts_come_back_after_a_flush(void **state)
{
    struct loop_fixture *f = *state;
    struct broker_job job = make_job(&f->client);
    const char *queue = "q";
    redis_do(&f->client.redis, "SCRIPT FLUSH");
    join(f);
    assert_int_equal(submit(&f->client, "q", &job), SUBMIT_DONE);
    redis_do(&f->client.redis, "SCRIPT FLUSH");
    CALL_OK(f,
            broker_loop_bell(f->loop, &queue, 1, 5000, &f->who, 1, false, on_reserved, &f->told));
    assert_int_equal(f->told.n, 1);
    redis_do(&f->client.redis, "SCRIPT FLUSH");
    struct broker_finish end = finish(f, &job.id, FINISH_STORE, JOB_SUCCESS);
    commit(f, &end, 1);
    assert_int_equal(f->told.statuses[0], FINISHED);
    assert_int_equal(f->downs, 0);
}

static void
refusals_name_their_cause(void **state)
{
    struct loop_fixture *f = *state;
    struct redis_fixture *r = &f->client.redis;
    redis_do(r, "CONFIG SET maxmemory 1");
    CALL(f, broker_loop_join(f->loop, "q", &f->who, on_done, &f->told));
    assert_int_equal(f->told.code, ERROR_TRY_LATER);
    assert_int_equal(f->downs, 0);
    redis_do(r, "CONFIG SET maxmemory 0");
    redis_do(r, "SET celeriac:{q}:workers x");
    CALL(f, broker_loop_join(f->loop, "q", &f->who, on_done, &f->told));
    assert_int_equal(f->told.code, ERROR_INTERNAL);
    PUMP(f, f->downs == 1 && f->ups == 2);
    redis_do(r, "DEL celeriac:{q}:workers");
    redis_do(r, "REPLICAOF 127.0.0.1 1");
    CALL(f, broker_loop_join(f->loop, "q", &f->who, on_done, &f->told));
    PUMP(f, f->downs == 2 && f->ups == 3); /* READONLY: dialled anew */
    assert_int_equal(f->down.code, ERROR_TRY_LATER);
    redis_do(r, "REPLICAOF NO ONE");
    join(f);
}

/* ---- lifetimes ---- */

static void
free_it(void *arg, const struct error *why)
{
    struct loop_fixture *f = arg;
    tell(&f->told, NULL, why);
    broker_loop_free(f->loop);
    f->loop = NULL;
}

static void
freeing_in_a_callback_ends_the_rest(void **state)
{
    struct loop_fixture *f = *state;
    broker_loop_publish(f->loop, "w", "{}", 1000, free_it, f);
    size_t expected = 1 + call_everything(f);
    PUMP(f, f->told.calls == expected);
    assert_null(f->loop);
    assert_int_equal(f->told.code, ERROR_UNAVAILABLE);
    assert_int_equal(f->downs, 0);
}

static void
freeing_ends_what_is_outstanding(void **state)
{
    struct loop_fixture *f = *state;
    size_t expected = call_everything(f);
    broker_loop_free(f->loop);
    f->loop = NULL;
    assert_int_equal(f->told.calls, expected);
    assert_int_equal(f->told.code, ERROR_UNAVAILABLE);
}

struct chain {
    struct loop_fixture *f;
    size_t left;
};

static void
call_again(void *arg, const struct error *why)
{
    struct chain *c = arg;
    (void)why;
    if (--c->left > 0)
        broker_loop_publish(c->f->loop, "w", "{}", 1000, call_again, c);
}

static void
callbacks_may_call_on(void **state)
{
    struct loop_fixture *f = *state;
    struct chain c = {f, 500};
    call_again(&c, NULL);
    PUMP(f, c.left == 0);
    c.left = 50;
    redis_kill(&f->client.redis);
    call_again(&c, NULL);
    PUMP(f, c.left == 0); /* fails from round to round, does not recurse */
}

static void
a_bad_url_is_refused_at_once(void **state)
{
    struct event_base *base = event_base_new();
    const struct broker_loop_events events = {NULL, NULL, NULL};
    const struct broker_settings bad = {.url = "redis-cluster://h"}, space = {.namespace = "{"};
    struct broker_loop *b;
    (void)state;
    FAILS(broker_loop_new(&b, base, &bad, &events, &err), ERROR_CONFIG);
    FAILS(broker_loop_new(&b, base, &space, &events, &err), ERROR_CONFIG);
    broker_loop_free(NULL);
    event_base_free(base);
}

/* ---- who we are, and strange servers ---- */

static void
a_wrong_password_is_told_and_tried_again(void **state)
{
    struct loop_fixture *f = *state, other = {.who = f->who};
    char url[256];
    redis_do(&f->client.redis, "CONFIG SET requirepass secret1");
    snprintf(url, sizeof url, "unix://:secret2@%s", f->client.redis.socket);
    loop_open(&other, url, 2000);
    PUMP(&other, other.downs == 2);
    assert_int_equal(other.down.code, ERROR_DENIED);
    assert_null(strstr(other.down.message, "secret"));
    redis_do(&f->client.redis, "CONFIG SET requirepass secret2");
    PUMP(&other, other.ups == 1);
    loop_close_all(&other);
}

static void
script_load_may_be_denied(void **state)
{
    struct loop_fixture *f = *state, other = {.who = f->who};
    char url[256];
    redis_do(&f->client.redis, "ACL SETUSER u on >p ~* &* +@all -info -script");
    redis_do(&f->client.redis, "SCRIPT FLUSH");
    snprintf(url, sizeof url, "unix://u:p@%s", f->client.redis.socket);
    loop_open(&other, url, 2000);
    PUMP(&other, other.ups == 1);
    join(&other);
    loop_close_all(&other);
}

static void
hosts_are_dialled_address_by_address(void **state)
{
    struct loop_fixture f = {.ups = 0};
    (void)state;
    static const char *const urls[] = {"redis://127.0.0.1:1", "redis://localhost:1",
                                       "redis://no-such-host.invalid",
                                       "unix:///nonexistent/redis.sock"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        f.downs = 0;
        loop_open(&f, urls[i], 1000);
        PUMP(&f, f.downs == 2);
        assert_int_equal(f.down.code, ERROR_UNAVAILABLE);
        loop_close_all(&f);
    }
}

static const char *now_strange;

static void
say_strange_things(int fd, int nth)
{
    static struct fake_reader r;
    char word[64];
    (void)nth;
    r = (struct fake_reader){.fd = fd};
    while (fake_next_command(&r, word, sizeof word)) {
        const char *answer = now_strange;
        if (strcmp(word, "INFO") == 0)
            answer = "$21\r\nredis_version:7.0.0\r\n\r\n";
        else if (strcmp(word, "SCRIPT") == 0)
            answer = "-NOPERM no\r\n";
        if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            return;
    }
}

static const char *const strange[] = {
    ":7\r\n",
    "$3\r\nabc\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*1\r\n:0\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n:9\r\n",
    "*2\r\n:0\r\n:9\r\n",
    "*2\r\n:1\r\n:9\r\n",
    "*3\r\n:0\r\n:-1\r\n:5\r\n",
    "*3\r\n:0\r\n:-1\r\n$1\r\nx\r\n",
    "*4\r\n:0\r\n:1\r\n:0\r\n:9\r\n",
    "*4\r\n:0\r\n:1\r\n:0\r\n:-9\r\n",
    "*4\r\n:0\r\n:1\r\n:0\r\n:9223372036854775807\r\n",
    "*5\r\n:0\r\n:1\r\n:0\r\n:0\r\n$0\r\n\r\n",
    "*6\r\n:0\r\n:1\r\n:0\r\n:1\r\n:5\r\n:5\r\n",
    "*2\r\n$1\r\nw\r\n$1\r\n1\r\n",
    "*2\r\n$3\r\n}{q\r\n$1\r\n1\r\n",
    "-ERR strange\r\n",
    "-NOSCRIPT no\r\n",
    "-LOADING wait\r\n",
    "!rubbish\r\n",
};

static void
strange_answers_never_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        struct redis_fixture fake;
        struct loop_fixture f = {.who = {"w", "w/1", 10000}};
        f.client.arena = arena_new();
        now_strange = strange[i];
        redis_start_fake(&fake, say_strange_things);
        loop_open(&f, fake.url, 2000);
        size_t expected = 0;
        for (size_t up = 1; up <= 3; up++) {
            PUMP(&f, broker_loop_is_up(f.loop));
            expected += call_everything(&f);
            PUMP(&f, f.told.calls == expected);
        }
        loop_close_all(&f);
        arena_free(f.client.arena);
        buffer_clear(&f.client.bytes);
        redis_stop(&fake);
    }
}

static void
old_version(int fd, int nth)
{
    (void)nth;
    if (fake_greet(fd, "6.0.16"))
        fake_hear(fd, "never");
}

static void
an_old_redis_is_told(void **state)
{
    struct redis_fixture fake;
    struct loop_fixture f = {.ups = 0};
    (void)state;
    redis_start_fake(&fake, old_version);
    loop_open(&f, fake.url, 2000);
    PUMP(&f, f.downs == 1);
    assert_int_equal(f.down.code, ERROR_CONFIG);
    assert_non_null(strstr(f.down.message, "Redis 6.0.16 is older than 6.2"));
    loop_close_all(&f);
    redis_stop(&fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_verb_ends_once),
        TEST(calls_without_connection_fail_from_the_loop),
        TEST(a_killed_connection_fails_what_is_outstanding),
        TEST(a_restart_brings_the_connection_back),
        TEST(a_hanging_redis_is_given_up_in_time),
        TEST(scripts_come_back_after_a_flush),
        TEST(refusals_name_their_cause),
        TEST(freeing_in_a_callback_ends_the_rest),
        TEST(freeing_ends_what_is_outstanding),
        TEST(callbacks_may_call_on),
        cmocka_unit_test(a_bad_url_is_refused_at_once),
        TEST(a_wrong_password_is_told_and_tried_again),
        TEST(script_load_may_be_denied),
        cmocka_unit_test(hosts_are_dialled_address_by_address),
        cmocka_unit_test(strange_answers_never_crash),
        cmocka_unit_test(an_old_redis_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
