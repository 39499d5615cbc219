/* broker_enqueue_stream: jobs that are made while those before are on their way, against a real
 * Redis to which something happens in the middle. */
#include "broker_fixture.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

enum { N = 3000, STEP = 250 };

/* Makes STEP jobs at a time; `meddle` goes to Redis when half of them are made. */
struct maker {
    struct broker_fixture *f;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    size_t made;
    const char *meddle;
};

static size_t
make_some(void *arg)
{
    struct maker *m = arg;
    if (m->made == N / 2 && m->meddle != NULL)
        redis_do(&m->f->redis, m->meddle);
    for (size_t i = 0; i < STEP && m->made < N; i++) {
        m->jobs[m->made] = make_job(m->f);
        m->results[m->made] = (enum broker_submitted)99;
        m->jobs[m->made++].is_fresh = true;
    }
    return m->made;
}

static struct maker *
maker_new(struct broker_fixture *f, const char *meddle)
{
    struct maker *m = arena_alloc(f->arena, sizeof *m);
    m->f = f;
    m->made = 0;
    m->meddle = meddle;
    return m;
}

static bool
stream(struct maker *m, const char *channel)
{
    struct broker_stream s = {.queue = "q",
                              .channel = channel,
                              .jobs = m->jobs,
                              .results = m->results,
                              .more = make_some,
                              .arg = m};
    return broker_enqueue_stream(m->f->broker, &s, &err);
}

/* Each job is in `jobs` and in the ready list, once. */
static void
check_all_are_in(struct maker *m)
{
    assert_int_equal(redis_number(redis_do(&m->f->redis, "LLEN celeriac:{q}:ready:5")), N);
    assert_int_equal(count_messages(&m->f->redis), N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(m->results[i], SUBMIT_DONE);
        assert_int_equal(redis_number(redis_do(&m->f->redis, "HEXISTS %s %s",
                                               jobs_of("q", &m->jobs[i].id), m->jobs[i].id.text)),
                         1);
    }
    assert_int_equal(redis_number(redis_do(&m->f->redis, "LLEN celeriac:{q}:bell")), 1);
}

static void
check_order(struct maker *m)
{
    const redisReply *r = redis_do(&m->f->redis, "LRANGE celeriac:{q}:ready:5 0 -1");
    assert_int_equal(r->elements, N);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(r->element[N - 1 - i]->str, m->jobs[i].id.text);
}

static bool
has_been_called(struct broker_fixture *f, const char *command)
{
    char line[64];
    snprintf(line, sizeof line, "cmdstat_%s:", command);
    return strstr(redis_do(&f->redis, "INFO commandstats")->str, line) != NULL;
}

static void
all_go_in_as_they_are_made(void **state)
{
    struct maker *m = maker_new(*state, NULL);
    OK(stream(m, NULL));
    check_all_are_in(m);
    check_order(m);
    assert_true(has_been_called(m->f, "exec"));
    assert_int_equal(redis_number(redis_do(&m->f->redis, "HLEN celeriac:{q}:waiters")), 0);
}

static void
the_channel_goes_along(void **state)
{
    struct maker *m = maker_new(*state, NULL);
    OK(stream(m, "channel"));
    check_all_are_in(m);
    assert_int_equal(redis_number(redis_do(&m->f->redis, "HLEN celeriac:{q}:waiters")), N);
    const redisReply *r =
        redis_do(&m->f->redis, "HGET celeriac:{q}:waiters %s", m->jobs[N - 1].id.text);
    assert_string_equal(r->str, "channel");
}

static void
a_cut_in_the_middle_loses_and_doubles_nothing(void **state)
{
    struct maker *m = maker_new(*state, "CLIENT KILL TYPE normal");
    OK(stream(m, NULL));
    check_all_are_in(m);
}

static void
a_flush_of_the_scripts_does_no_harm(void **state)
{
    struct broker_fixture *f = *state;
    struct maker *m = maker_new(f, "SCRIPT FLUSH");
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(stream(m, NULL));
    check_all_are_in(m);
    check_order(m);
}

static void
a_queue_with_a_cap_takes_no_plain_commands(void **state)
{
    enum { CAP = 1234 };
    struct broker_fixture *f = *state;
    struct maker *m = maker_new(f, NULL);
    size_t done = 0;
    redis_do(&f->redis, "HSET celeriac:{q}:meta max_length %d", CAP);
    OK(stream(m, NULL));
    for (size_t i = 0; i < N; i++) {
        assert_true(m->results[i] == SUBMIT_DONE || m->results[i] == SUBMIT_FULL);
        done += m->results[i] == SUBMIT_DONE;
    }
    assert_int_equal(done, CAP);
    assert_int_equal(look_at(f, "q").ready, CAP);
    assert_false(has_been_called(f, "exec"));
}

/* What Redis refuses while a transaction is being queued is refused whole. */
static void
what_redis_refuses_in_the_middle_is_told(void **state)
{
    struct broker_fixture *f = *state;
    struct maker *m = maker_new(f, "CONFIG SET maxmemory 1");
    FAILS(stream(m, NULL), ERROR_TRY_LATER);
    redis_do(&f->redis, "CONFIG SET maxmemory 0");
    int64_t jobs = count_messages(&f->redis);
    assert_in_range(jobs, 1, N - 1);
    assert_int_equal(redis_number(redis_do(&f->redis, "LLEN celeriac:{q}:ready:5")), jobs);
}

static void
a_key_of_the_wrong_kind_is_told(void **state)
{
    struct broker_fixture *f = *state;
    struct maker *m = maker_new(f, "SET celeriac:{q}:ready:5 x");
    FAILS(stream(m, NULL), ERROR_INTERNAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_go_in_as_they_are_made),
        TEST(the_channel_goes_along),
        TEST(a_cut_in_the_middle_loses_and_doubles_nothing),
        TEST(a_flush_of_the_scripts_does_no_harm),
        TEST(a_queue_with_a_cap_takes_no_plain_commands),
        TEST(what_redis_refuses_in_the_middle_is_told),
        TEST(a_key_of_the_wrong_kind_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
