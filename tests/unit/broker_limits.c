/* Limits on a real Redis: what may be reserved, and that each way in which a job stops running
 * gives back what it held. Time is not waited for: buckets are written by hand. */
#include "loop_fixture.h"

static const struct broker_limits unchanged = {{-1, -1, -1, -1, -1, -1, -1, -1, -1}};

static void
set_limit(struct loop_fixture *f, enum broker_limit limit, int64_t n)
{
    struct broker_limits limits = unchanged;
    limits.of[limit] = n;
    OK(broker_limit(f->client.broker, "q", &limits, &err));
}

static void
set_rate(struct loop_fixture *f, enum broker_limit rate, int64_t n, int64_t ms, int64_t burst)
{
    struct broker_limits limits = unchanged;
    limits.of[rate] = n;
    limits.of[rate + 1] = ms;
    limits.of[rate + 2] = burst;
    OK(broker_limit(f->client.broker, "q", &limits, &err));
}

static struct id
submit_keyed(struct loop_fixture *f, const char *key, uint8_t priority)
{
    struct message m = MESSAGE_INIT;
    struct broker_job job = {.priority = priority};
    m.task = "echo";
    m.task_len = 4;
    m.priority = priority;
    m.limit_key = key;
    m.limit_key_len = key != NULL ? strlen(key) : 0;
    job.message = make_message(&f->client, &m, &job.len);
    id_new(&job.id);
    assert_int_equal(submit(&f->client, "q", &job), SUBMIT_DONE);
    return job.id;
}

static void
reserve_limited(struct loop_fixture *f, size_t n)
{
    CALL_OK(f,
            broker_loop_reserve(f->loop, "q", &f->who, n, RESERVE_LIMITED, on_reserved, &f->told));
}

static int64_t
permits(struct loop_fixture *f)
{
    return redis_number(redis_do(&f->client.redis, "ZCARD celeriac:{q}:permits"));
}

static int64_t
parked(struct loop_fixture *f)
{
    return look_at(&f->client, "q").parked;
}

/* Takes the ring away; was it there? */
static bool
has_rung(struct loop_fixture *f)
{
    return redis_number(redis_do(&f->client.redis, "DEL celeriac:{q}:bell")) == 1;
}

static void
the_kind_of_reserve_follows_the_limits(void **state)
{
    struct loop_fixture *f = *state;
    submit_keyed(f, NULL, 5);
    submit_keyed(f, NULL, 5);
    join(f);
    set_limit(f, LIMIT_CONCURRENCY, 1);
    reserve(f, 1, false);
    assert_true(f->told.ask_otherwise);
    assert_int_equal(f->told.n, 0);
    reserve_limited(f, 9);
    assert_false(f->told.ask_otherwise);
    assert_int_equal(f->told.n, 1);
    set_limit(f, LIMIT_CONCURRENCY, 0);
    reserve_limited(f, 9);
    assert_true(f->told.ask_otherwise);
    reserve(f, 9, false);
    assert_int_equal(f->told.n, 1);
    assert_int_equal(permits(f), 0);
    f->who.runner = "w/nobody";
    reserve_limited(f, 1);
    assert_int_equal(f->told.registered, NOT_REGISTERED);
}

static void
a_paused_queue_stays_paused_under_limits(void **state)
{
    struct loop_fixture *f = *state;
    submit_keyed(f, NULL, 5);
    join(f);
    set_limit(f, LIMIT_CONCURRENCY, 1);
    OK(broker_pause(f->client.broker, "q", true, &err));
    reserve_limited(f, 1);
    assert_true(f->told.is_paused);
    OK(broker_pause(f->client.broker, "q", false, &err));
    reserve_limited(f, 1);
    assert_int_equal(f->told.n, 1);
}

/* ---- jobs at once ---- */

static void
no_more_run_than_may(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[5];
    for (size_t i = 0; i < 5; i++)
        ids[i] = submit_keyed(f, NULL, 5);
    join(f);
    set_limit(f, LIMIT_CONCURRENCY, 2);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 2);
    has_rung(f);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 0);
    assert_false(has_rung(f)); /* a ring would wake somebody for nothing, again and again */
    struct broker_finish end = finish(f, &ids[0], FINISH_STORE, JOB_SUCCESS);
    commit(f, &end, 1);
    assert_true(has_rung(f));
    commit(f, &end, 1); /* stale: gives nothing back */
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 1);
    assert_true(id_equal(&f->told.ids[0], &ids[2]));
    assert_int_equal(permits(f), 2);
}

/* What runs when a cap is set counts, too. */
static void
a_new_cap_counts_what_runs(void **state)
{
    struct loop_fixture *f = *state;
    struct id id = submit_keyed(f, NULL, 5), second = submit_keyed(f, NULL, 5);
    join(f);
    reserve(f, 1, false);
    set_limit(f, LIMIT_CONCURRENCY, 1);
    assert_int_equal(permits(f), 1);
    reserve_limited(f, 1);
    assert_int_equal(f->told.n, 0);
    struct broker_finish end = finish(f, &id, FINISH_STORE, JOB_SUCCESS);
    commit(f, &end, 1);
    reserve_limited(f, 1);
    assert_true(id_equal(&f->told.ids[0], &second));
}

static void
end_by_commit(struct loop_fixture *f, const struct id *id)
{
    struct broker_finish end = finish(f, id, FINISH_STORE, JOB_SUCCESS);
    commit(f, &end, 1);
}

static void
end_by_cancel(struct loop_fixture *f, const struct id *id)
{
    enum job_state now;
    OK(broker_cancel(f->client.broker, id, false, &now, &err));
    assert_int_equal(now, JOB_RUNNING);
    end_by_commit(f, id);
    assert_int_equal(f->told.statuses[0], FINISH_CANCELLED);
}

static void
end_by_burial(struct loop_fixture *f, const struct id *id)
{
    struct broker_finish end = finish(f, id, FINISH_BURY, JOB_FAILURE);
    commit(f, &end, 1);
}

static void
end_by_retry(struct loop_fixture *f, const struct id *id)
{
    struct broker_finish end = finish(f, id, FINISH_RETRY, JOB_UNKNOWN);
    end.delay_ms = 3600000;
    commit(f, &end, 1);
}

static void
end_by_release(struct loop_fixture *f, const struct id *id)
{
    CALL_OK(f, broker_loop_release(f->loop, "q", &f->who, id, 1, 0, on_done, &f->told));
}

static void
end_by_delayed_release(struct loop_fixture *f, const struct id *id)
{
    CALL_OK(f, broker_loop_release(f->loop, "q", &f->who, id, 1, 3600000, on_done, &f->told));
}

static void
end_by_disowning(struct loop_fixture *f, const struct id *id)
{
    (void)id;
    CALL_OK(f, broker_loop_disown(f->loop, "q", &f->who, NULL, 0, on_done, &f->told));
    f->who.runner = "w/2";
    join(f);
}

static void
end_by_recovery(struct loop_fixture *f, const struct id *id)
{
    const struct broker_victim victim = {.id = *id, .charge = VICTIM_SUSPECT};
    struct broker_recovery r = {.worker = "w",
                                .runner = "w/1",
                                .victims = &victim,
                                .n_victims = 1,
                                .max_crashes = 3,
                                .max_lost = 3};
    CALL_OK(f, broker_loop_recover(f->loop, "q", &r, on_recovered, &f->told));
    f->who.runner = "w/2";
    join(f);
}

static void
end_by_leaving(struct loop_fixture *f, const struct id *id)
{
    (void)id;
    CALL_OK(f, broker_loop_leave(f->loop, "q", &f->who, on_done, &f->told));
    f->who.runner = "w/2";
    join(f);
}

static void
every_end_gives_its_permit_back(void **state)
{
    static void (*const ends[])(struct loop_fixture *, const struct id *) = {
        end_by_commit,          end_by_cancel,    end_by_burial,   end_by_retry,  end_by_release,
        end_by_delayed_release, end_by_disowning, end_by_recovery, end_by_leaving};
    struct loop_fixture *f = *state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        redis_do(&f->client.redis, "FLUSHALL");
        f->who.runner = "w/1";
        struct id id = submit_keyed(f, "k", 5);
        struct id other = submit_keyed(f, "k", 5);
        join(f);
        set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
        reserve_limited(f, 2);
        assert_int_equal(f->told.n, 1);
        assert_true(id_equal(&f->told.ids[0], &id));
        assert_int_equal(permits(f), 1);
        assert_int_equal(parked(f), 1);
        has_rung(f);
        ends[i](f, &id);
        if (permits(f) != 0)
            fail_msg("way %zu keeps its permit", i);
        assert_true(has_rung(f));
        CALL_OK(f, broker_loop_reserve(f->loop, "q", &f->who, 2, RESERVE_LIMITED | RESERVE_ALONE,
                                       on_reserved, &f->told));
        assert_int_equal(f->told.n, 1); /* whichever of the two is next */
        assert_string_equal(find(&f->client, &other).queue, "q");
    }
}

/* ---- keys ---- */

static void
a_barred_job_is_parked_and_lets_others_pass(void **state)
{
    struct loop_fixture *f = *state;
    struct id a1 = submit_keyed(f, "a", 5), a2 = submit_keyed(f, "a", 5);
    struct id a3 = submit_keyed(f, "a", 9), b1 = submit_keyed(f, "b", 5);
    struct id free_one = submit_keyed(f, NULL, 0);
    join(f);
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 3);
    assert_true(id_equal(&f->told.ids[0], &a3)); /* the higher priority has the one place */
    assert_true(id_equal(&f->told.ids[1], &b1));
    assert_true(id_equal(&f->told.ids[2], &free_one));
    struct broker_record record = find(&f->client, &a2);
    assert_int_equal(record.state, JOB_QUEUED);
    assert_string_equal(record.waits_for_key, "a");
    assert_int_equal(record.ahead, 1);
    assert_int_equal(look_at(&f->client, "q").ready, 0);
    end_by_commit(f, &b1);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 0); /* another key's permit is of no use */
    end_by_commit(f, &a3);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 1);
    assert_true(id_equal(&f->told.ids[0], &a1));
    assert_int_equal(parked(f), 1);
}

static void
parked_jobs_are_cancelled_listed_and_purged(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[4];
    enum job_state now;
    int64_t removed;
    for (size_t i = 0; i < 4; i++)
        ids[i] = submit_keyed(f, "k e y", 5);
    join(f);
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    reserve_limited(f, 9);
    assert_int_equal(parked(f), 3);
    OK(broker_cancel(f->client.broker, &ids[2], false, &now, &err));
    assert_int_equal(now, JOB_CANCELLED);
    assert_int_equal(find(&f->client, &ids[2]).state, JOB_CANCELLED);
    assert_int_equal(parked(f), 2);
    OK(broker_purge(f->client.broker, "q", &removed, &err));
    assert_int_equal(removed, 2);
    assert_int_equal(find(&f->client, &ids[3]).state, JOB_UNKNOWN);
    assert_int_equal(permits(f), 1);
    end_by_commit(f, &ids[0]);
    reserve_limited(f, 9);
    assert_int_equal(redis_number(redis_do(&f->client.redis, "EXISTS celeriac:{q}:barred")), 0);
}

/* A suspect that its key bars comes back as a suspect. */
static void
a_parked_suspect_stays_a_suspect(void **state)
{
    struct loop_fixture *f = *state;
    struct id first = submit_keyed(f, "k", 5);
    join(f);
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    reserve_limited(f, 1);
    end_by_recovery(f, &first);
    struct id second = submit_keyed(f, "k", 5);
    reserve_limited(f, 1); /* not alone: somebody else is to become idle */
    assert_int_equal(f->told.n, 0);
    assert_true(f->told.suspects_waiting);
    redis_do(&f->client.redis, "ZADD celeriac:{q}:permits 0 %b", "k\0x", (size_t)3);
    CALL_OK(f, broker_loop_reserve(f->loop, "q", &f->who, 1, RESERVE_LIMITED | RESERVE_ALONE,
                                   on_reserved, &f->told));
    assert_int_equal(f->told.n, 0);
    assert_string_equal(find(&f->client, &first).waits_for_key, "k");
    redis_do(&f->client.redis, "DEL celeriac:{q}:permits");
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    CALL_OK(f, broker_loop_reserve(f->loop, "q", &f->who, 1, RESERVE_LIMITED | RESERVE_ALONE,
                                   on_reserved, &f->told));
    assert_int_equal(f->told.n, 1);
    assert_true(f->told.is_suspect);
    assert_true(id_equal(&f->told.ids[0], &first));
    assert_int_equal(find(&f->client, &second).state, JOB_QUEUED);
}

static void
without_limits_what_is_parked_comes_back(void **state)
{
    struct loop_fixture *f = *state;
    size_t got = 0;
    for (size_t i = 0; i < 7; i++)
        submit_keyed(f, "k", 5);
    join(f);
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    reserve_limited(f, 9);
    assert_int_equal(parked(f), 6);
    set_limit(f, LIMIT_KEY_CONCURRENCY, 0);
    assert_true(has_rung(f));
    for (int i = 0; i < 4; i++) {
        reserve_limited(f, 2);
        got += f->told.n;
    }
    assert_int_equal(got, 6);
    assert_true(f->told.ask_otherwise);
}

static void
a_marked_job_needs_no_room_to_end(void **state)
{
    struct loop_fixture *f = *state;
    struct id first = submit_keyed(f, "k", 5), second = submit_keyed(f, "k", 5);
    enum job_state now;
    join(f);
    reserve(f, 2, false);
    OK(broker_cancel(f->client.broker, &second, false, &now, &err));
    end_by_burial(f, &second); /* marked: back to the head, to end as cancelled */
    set_limit(f, LIMIT_KEY_CONCURRENCY, 1);
    reserve_limited(f, 1);
    assert_int_equal(f->told.n, 1);
    assert_true(f->told.is_cancelled[0]);
    assert_int_equal(permits(f), 1);
    end_by_commit(f, &second);
    assert_int_equal(permits(f), 1);
    assert_int_equal(find(&f->client, &first).state, JOB_RUNNING);
}

/* ---- rates ---- */

static int64_t
number_of_bucket(struct loop_fixture *f, const char *key)
{
    const redisReply *r = redis_do(&f->client.redis, "ZSCORE celeriac:{q}:buckets %s", key);
    return r->type == REDIS_REPLY_NIL ? 0 : strtoll(r->str, NULL, 10);
}

/* As if so much time had passed for the bucket and for who waits. */
static void
let_pass(struct loop_fixture *f, const char *key, int64_t ms)
{
    redis_do(&f->client.redis, "ZINCRBY celeriac:{q}:buckets -%lld %b", (long long)ms * 1000, key,
             strlen(key));
    redis_do(&f->client.redis, "ZINCRBY celeriac:{q}:barred -%lld %b", (long long)ms, key,
             strlen(key));
}

static int64_t
promote(struct loop_fixture *f)
{
    CALL_OK(f, broker_loop_promote(f->loop, "q", on_promoted, &f->told));
    return f->told.next_due_in_ms;
}

static void
a_bucket_gives_its_burst_and_then_the_rate(void **state)
{
    struct loop_fixture *f = *state;
    for (size_t i = 0; i < 20; i++)
        submit_keyed(f, NULL, 5);
    join(f);
    set_rate(f, LIMIT_RATE, 1, 3600000, 3);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 3);
    has_rung(f);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 0);
    assert_false(has_rung(f));
    assert_in_range(promote(f), 3500000, 3600001);
    assert_false(has_rung(f));
    let_pass(f, "", 2 * 3600000);
    assert_int_equal(promote(f), -1);
    assert_true(has_rung(f)); /* the time has come */
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 2);
    let_pass(f, "", 100LL * 3600000);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 3); /* no more than the burst, however long the pause */
    assert_true(number_of_bucket(f, "") > 0);
}

static void
a_rate_of_a_key_parks_and_a_free_key_passes(void **state)
{
    struct loop_fixture *f = *state;
    struct id a1 = submit_keyed(f, "a", 5), a2 = submit_keyed(f, "a", 5);
    struct id b1 = submit_keyed(f, "b", 5);
    join(f);
    set_rate(f, LIMIT_KEY_RATE, 60, 3600000, 1);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 2);
    assert_true(id_equal(&f->told.ids[0], &a1) && id_equal(&f->told.ids[1], &b1));
    assert_string_equal(find(&f->client, &a2).waits_for_key, "a");
    end_by_commit(f, &a1);
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 0);
    assert_in_range(promote(f), 50000, 60001);
    let_pass(f, "a", 60001);
    promote(f);
    assert_true(has_rung(f));
    reserve_limited(f, 9);
    assert_int_equal(f->told.n, 1);
    assert_true(id_equal(&f->told.ids[0], &a2));
}

/* Buckets that are full again are forgotten. */
static void
buckets_do_not_pile_up(void **state)
{
    struct loop_fixture *f = *state;
    char key[16];
    join(f);
    set_rate(f, LIMIT_KEY_RATE, 1, 1000, 1);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "key%d", i);
        submit_keyed(f, key, 5);
    }
    reserve_limited(f, 50);
    assert_int_equal(f->told.n, 50);
    assert_int_equal(redis_number(redis_do(&f->client.redis, "ZCARD celeriac:{q}:buckets")), 50);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "key%d", i);
        redis_do(&f->client.redis, "ZADD celeriac:{q}:buckets 1 %s", key);
    }
    submit_keyed(f, NULL, 5);
    reserve_limited(f, 1);
    assert_int_equal(redis_number(redis_do(&f->client.redis, "ZCARD celeriac:{q}:buckets")), 0);
}

/* A clock that was set back, or a bucket of a slower rate, bars nobody for longer than the rate. */
static void
a_bucket_from_the_future_is_an_empty_one(void **state)
{
    struct loop_fixture *f = *state;
    submit_keyed(f, NULL, 5);
    join(f);
    set_rate(f, LIMIT_RATE, 1, 60000, 1);
    redis_do(&f->client.redis, "ZADD celeriac:{q}:buckets 9000000000000000 %b", "", (size_t)0);
    reserve_limited(f, 1);
    assert_int_equal(f->told.n, 0);
    assert_in_range(promote(f), 50000, 60001);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_start, loop_stop)
    const struct CMUnitTest tests[] = {
        TEST(the_kind_of_reserve_follows_the_limits),
        TEST(a_paused_queue_stays_paused_under_limits),
        TEST(no_more_run_than_may),
        TEST(a_new_cap_counts_what_runs),
        TEST(every_end_gives_its_permit_back),
        TEST(a_barred_job_is_parked_and_lets_others_pass),
        TEST(parked_jobs_are_cancelled_listed_and_purged),
        TEST(a_parked_suspect_stays_a_suspect),
        TEST(without_limits_what_is_parked_comes_back),
        TEST(a_marked_job_needs_no_room_to_end),
        TEST(a_bucket_gives_its_burst_and_then_the_rate),
        TEST(a_rate_of_a_key_parks_and_a_free_key_passes),
        TEST(buckets_do_not_pile_up),
        TEST(a_bucket_from_the_future_is_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
