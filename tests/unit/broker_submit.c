/* broker_enqueue, broker_watch and feeds against a real Redis. */
#include "broker_fixture.h"

static void
a_job_is_submitted_once(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &job), SUBMIT_EXISTS);
    assert_int_equal(look_at(f, "q").ready, 1);
    assert_int_equal(redis_number(redis_do(&f->redis, "SISMEMBER celeriac:queues q")), 1);
}

static void
an_ended_job_is_not_submitted_again(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    pretend_ended(f, "q", &job.id, JOB_SUCCESS);
    assert_int_equal(submit(f, "q", &job), SUBMIT_EXISTS);
    job.delay_ms = 1000; /* the other script */
    assert_int_equal(submit(f, "q", &job), SUBMIT_EXISTS);
}

static void
foreign_ids_work_like_ours(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    assert_true(id_from_redis(&job.id, "celery-1", 8));
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &job), SUBMIT_EXISTS);
    pretend_ended(f, "q", &job.id, JOB_SUCCESS);
    assert_int_equal(submit(f, "q", &job), SUBMIT_EXISTS);
    assert_int_equal(find(f, &job.id).state, JOB_SUCCESS);
}

/* Any mixture: each job has its own fate, in the order of the call. */
static void
many_jobs_of_all_kinds_in_one_call(void **state)
{
    enum { N = 3000 };
    struct broker_fixture *f = *state;
    struct broker_job *jobs = calloc(N, sizeof *jobs);
    enum broker_submitted *results = calloc(N, sizeof *results);
    size_t delayed = 0, expected_exists = 0;
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        jobs[i].priority = (uint8_t)(i / 700 % 10);
        if (i % 97 == 5)
            jobs[i].delay_ms = 100000, delayed++;
        if (i % 301 == 300)
            jobs[i].id = jobs[i - 1].id;
        if (i % 401 == 400)
            id_parse(&jobs[i].id, "0198c0de-0000-7000-8000-000000000000", 36);
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++)
        expected_exists += results[i] == SUBMIT_EXISTS;
    assert_int_equal(expected_exists, N / 301 + N / 401 - 1);
    struct broker_queue queue = look_at(f, "q");
    assert_int_equal(queue.ready + queue.delayed, N - (long)expected_exists);
    assert_int_equal(queue.delayed, delayed);
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], SUBMIT_EXISTS);
    free(jobs);
    free(results);
}

static void
order_is_kept(void **state)
{
    enum { N = 1200 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    for (size_t i = 0; i < N; i++)
        jobs[i] = make_job(f);
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    const redisReply *r = redis_do(&f->redis, "LRANGE celeriac:{q}:ready:5 0 -1");
    assert_int_equal(r->elements, N);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(r->element[N - 1 - i]->str, jobs[i].id.text);
}

/* Fresh ids are not looked up; all else is as for others. */
static void
fresh_jobs_are_submitted(void **state)
{
    enum { N = 1200 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        jobs[i].is_fresh = i % 400 != 399; /* a chunk has one kind */
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, "channel", results, &err));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], SUBMIT_DONE);
    assert_int_equal(count_messages(&f->redis), N);
    assert_int_equal(redis_number(redis_do(&f->redis, "HLEN celeriac:{q}:waiters")), N);
    const redisReply *r = redis_do(&f->redis, "LRANGE celeriac:{q}:ready:5 0 -1");
    assert_int_equal(r->elements, N);
    for (size_t i = 0; i < N; i++)
        assert_string_equal(r->element[N - 1 - i]->str, jobs[i].id.text);
    for (size_t i = 0; i < N; i++)
        jobs[i].is_fresh = false; /* sent again, they are */
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], SUBMIT_EXISTS);
}

static void
fresh_jobs_heed_the_cap(void **state)
{
    enum { N = 600, CAP = 123 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    size_t done = 0;
    redis_do(&f->redis, "HSET celeriac:{q}:meta max_length %d", CAP);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        jobs[i].is_fresh = true;
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++)
        done += results[i] == SUBMIT_DONE;
    assert_int_equal(done, CAP);
    assert_int_equal(look_at(f, "q").ready, CAP);
}

static void
large_messages_pass(void **state)
{
    enum { N = 12, SIZE = 900 * 1024 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    char *large = malloc(SIZE);
    memset(large, 'x', SIZE);
    memcpy(large,
           "\1"
           "5\0\0\0\0\0\0",
           MESSAGE_HEAD);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        jobs[i].message = large;
        jobs[i].len = SIZE;
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    assert_int_equal(look_at(f, "q").ready, N);
    assert_int_equal(find(f, &jobs[N - 1].id).message_len, SIZE);
    free(large);
}

static void
delayed_jobs_wait(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job soon = make_job(f), at = make_job(f), past = make_job(f);
    int64_t now;
    OK(broker_redis_time(f->broker, &now, &err));
    soon.delay_ms = 60000;
    at.due_at_ms = now + 3600000;
    past.due_at_ms = now - 5;
    assert_int_equal(submit(f, "q", &soon), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &at), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &past), SUBMIT_DONE);
    assert_int_equal(find(f, &soon.id).state, JOB_DELAYED);
    assert_in_range(find(f, &soon.id).due_at_ms, now + 60000, now + 70000);
    assert_int_equal(find(f, &at.id).due_at_ms, at.due_at_ms);
    assert_int_equal(find(f, &past.id).state, JOB_QUEUED);
}

static void
a_uniqueness_key_is_held(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job first = make_unique_job(f, "k"), second = make_unique_job(f, "k");
    struct broker_job other = make_unique_job(f, "other");
    enum job_state now;
    assert_int_equal(submit(f, "q", &first), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &second), SUBMIT_TAKEN);
    assert_int_equal(submit(f, "q", &other), SUBMIT_DONE);
    assert_int_equal(find(f, &second.id).state, JOB_UNKNOWN);
    OK(broker_cancel(f->broker, &first.id, false, &now, &err));
    assert_int_equal(submit(f, "q", &second), SUBMIT_DONE);
}

static void
a_full_queue_takes_what_fits(void **state)
{
    enum { N = 600, CAP = 123 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N], late = make_job(f);
    enum broker_submitted results[N];
    size_t done = 0;
    redis_do(&f->redis, "HSET celeriac:{q}:meta max_length %d", CAP);
    for (size_t i = 0; i < N; i++)
        jobs[i] = make_job(f);
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++) {
        assert_true(results[i] == SUBMIT_DONE || results[i] == SUBMIT_FULL);
        done += results[i] == SUBMIT_DONE;
    }
    assert_int_equal(done, CAP);
    assert_int_equal(look_at(f, "q").ready, CAP);
    late.delay_ms = 1000;
    assert_int_equal(submit(f, "q", &late), SUBMIT_FULL);
}

static void
bad_queue_names_are_refused(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    int64_t n;
    FAILS(broker_enqueue(f->broker, "a}b", &job, 1, NULL, &result, &err), ERROR_USAGE);
    FAILS(broker_watch(f->broker, "", &job.id, 1, "c", NULL, NULL, NULL, &err), ERROR_USAGE);
    FAILS(broker_purge(f->broker, "a b", &n, &err), ERROR_USAGE);
    assert_false(broker_queue_name_is_valid("a b"));
    OK(broker_enqueue(f->broker, "q", NULL, 0, NULL, NULL, &err));
}

/* ---- outcomes ---- */

struct heard {
    size_t n;
    struct id last;
    size_t len;
    bool has_bytes;
};

static void
hear(void *arg, const struct id *id, const char *outcome, size_t len)
{
    struct heard *h = arg;
    h->n++;
    h->last = *id;
    h->len = len;
    h->has_bytes = outcome != NULL;
}

static void
watch_tells_what_exists_and_what_is_missing(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job jobs[5];
    struct id ids[5];
    bool missing[5];
    struct heard h = {0};
    for (size_t i = 0; i < 5; i++)
        jobs[i] = make_job(f);
    assert_true(id_from_redis(&jobs[3].id, "foreign", 7));
    assert_int_equal(submit(f, "q", &jobs[0]), SUBMIT_DONE);
    pretend_ended(f, "q", &jobs[1].id, JOB_SUCCESS);
    assert_int_equal(submit(f, "q", &jobs[2]), SUBMIT_DONE);
    pretend_dead(f, "q", &jobs[2].id, JOB_FAILURE);
    pretend_ended(f, "q", &jobs[3].id, JOB_SUCCESS);
    for (size_t i = 0; i < 5; i++)
        ids[i] = jobs[i].id;
    OK(broker_watch(f->broker, "q", ids, 5, "channel", hear, &h, missing, &err));
    assert_int_equal(h.n, 3);
    assert_false(missing[0] || missing[1] || missing[2] || missing[3]);
    assert_true(missing[4]);
    const redisReply *r = redis_do(&f->redis, "HGETALL celeriac:{q}:waiters");
    assert_int_equal(r->elements, 2);
    assert_string_equal(r->element[0]->str, ids[0].text);
    assert_string_equal(r->element[1]->str, "channel");
    OK(broker_watch(f->broker, "q", ids, 5, "channel", hear, &h, NULL, &err));
    assert_int_equal(h.n, 6);
}

static void
watching_many_takes_several_pipelines(void **state)
{
    enum { N = 20000 };
    struct broker_fixture *f = *state;
    struct id *ids = calloc(N, sizeof *ids);
    bool *missing = calloc(N, sizeof *missing);
    struct heard h = {0};
    for (size_t i = 0; i < N; i++)
        id_new(&ids[i]);
    pretend_ended(f, "q", &ids[N - 1], JOB_SUCCESS);
    OK(broker_watch(f->broker, "q", ids, N, "c", hear, &h, missing, &err));
    assert_int_equal(h.n, 1);
    assert_true(id_equal(&h.last, &ids[N - 1]));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(missing[i], i != N - 1);
    free(ids);
    free(missing);
}

static void
a_feed_hears_of_outcomes(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_feed *feed;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    enum job_state now;
    struct heard h = {0};
    OK(broker_feed_open(&feed, &f->settings, &err));
    FAILS(broker_feed_wait(feed, 0, hear, &h, &err), ERROR_TIMEOUT);
    FAILS(broker_feed_wait(feed, 20, hear, &h, &err), ERROR_TIMEOUT);
    assert_true(strncmp(broker_feed_channel(feed), "celeriac:feed:", 14) == 0);
    OK(broker_enqueue(f->broker, "q", &job, 1, broker_feed_channel(feed), &result, &err));
    OK(broker_cancel(f->broker, &job.id, false, &now, &err));
    struct pollfd p = {.fd = broker_feed_fd(feed), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    OK(broker_feed_wait(feed, -1, hear, &h, &err));
    assert_int_equal(h.n, 1);
    assert_true(id_equal(&h.last, &job.id));
    assert_true(h.has_bytes && h.len > 0);
    broker_feed_close(feed);
}

static int64_t
cpu_us(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* It looks a moment before it sleeps, but only while that pays. */
static void
a_feed_that_waits_long_sleeps(void **state)
{
    struct broker_fixture *f = *state;
    struct heard h = {0};
    struct broker_feed *feed;
    OK(broker_feed_open(&feed, &f->settings, &err));
    redis_do(&f->redis, "PUBLISH %s x", broker_feed_channel(feed));
    int64_t since = cpu_us();
    FAILS(broker_feed_wait(feed, 300, hear, &h, &err), ERROR_TIMEOUT); /* after a short wait */
    assert_in_range(cpu_us() - since, 0, 100000);
    since = cpu_us();
    for (int i = 0; i < 100; i++)
        FAILS(broker_feed_wait(feed, 5, hear, &h, &err), ERROR_TIMEOUT);
    assert_in_range(cpu_us() - since, 0, 15000);
    broker_feed_close(feed);
}

static void
a_feed_survives_what_strangers_publish(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_feed *feed;
    struct heard h = {0};
    OK(broker_feed_open(&feed, &f->settings, &err));
    const char *channel = broker_feed_channel(feed);
    redis_do(&f->redis, "PUBLISH %s garbage", channel);
    redis_do(&f->redis, "PUBLISH %s %b", channel, "", (size_t)0);
    redis_do(&f->redis, "PUBLISH %s %b", channel, "\xdd\xff\xff\xff\xff", (size_t)5);
    redis_do(&f->redis, "PUBLISH %s %b", channel, "\x92\xa2id\xa0", (size_t)5);
    OK(broker_feed_wait(feed, 5000, hear, &h, &err));
    assert_int_equal(h.n, 1);
    assert_string_equal(h.last.text, "id");
    assert_false(h.has_bytes); /* too large to push */
    broker_feed_close(feed);
}

static void
a_lost_feed_is_noticed_and_reopened(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_feed *feed;
    struct heard h = {0};
    OK(broker_feed_open(&feed, &f->settings, &err));
    redis_do(&f->redis, "CLIENT KILL TYPE pubsub");
    FAILS(broker_feed_wait(feed, -1, hear, &h, &err), ERROR_UNAVAILABLE);
    assert_int_equal(broker_feed_fd(feed), -1);
    FAILS(broker_feed_wait(feed, 0, hear, &h, &err), ERROR_UNAVAILABLE);
    OK(broker_feed_reopen(feed, &err));
    assert_int_equal(redis_number(redis_do(&f->redis, "PUBLISH %s %b", broker_feed_channel(feed),
                                           "\x92\xa2id\xa1x", (size_t)6)),
                     1);
    OK(broker_feed_wait(feed, 5000, hear, &h, &err));
    assert_int_equal(h.n, 1);
    broker_feed_close(feed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_submitted_once),
        TEST(an_ended_job_is_not_submitted_again),
        TEST(foreign_ids_work_like_ours),
        TEST(many_jobs_of_all_kinds_in_one_call),
        TEST(order_is_kept),
        TEST(fresh_jobs_are_submitted),
        TEST(fresh_jobs_heed_the_cap),
        TEST(large_messages_pass),
        TEST(delayed_jobs_wait),
        TEST(a_uniqueness_key_is_held),
        TEST(a_full_queue_takes_what_fits),
        TEST(bad_queue_names_are_refused),
        TEST(watch_tells_what_exists_and_what_is_missing),
        TEST(watching_many_takes_several_pipelines),
        TEST(a_feed_hears_of_outcomes),
        TEST(a_feed_that_waits_long_sleeps),
        TEST(a_feed_survives_what_strangers_publish),
        TEST(a_lost_feed_is_noticed_and_reopened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
