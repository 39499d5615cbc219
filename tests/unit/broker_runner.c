/* The verbs of a runner on a real Redis: what each script is documented to return, seen through its
 * callback. */
#include "loop_fixture.h"

static void
submit_some(struct loop_fixture *f, struct id *ids, size_t n)
{
    struct broker_job *jobs = calloc(n, sizeof *jobs);
    enum broker_submitted *results = calloc(n, sizeof *results);
    for (size_t i = 0; i < n; i++) {
        jobs[i] = make_job(&f->client);
        ids[i] = jobs[i].id;
    }
    OK(broker_enqueue(f->client.broker, "q", jobs, n, NULL, results, &err));
    free(jobs);
    free(results);
}

static enum job_state
state_of(struct loop_fixture *f, const struct id *id)
{
    return find(&f->client, id).state;
}

static void
an_unregistered_runner_gets_nothing(void **state)
{
    struct loop_fixture *f = *state;
    struct id id;
    submit_some(f, &id, 1);
    reserve(f, 1, false);
    assert_int_equal(f->told.registered, NOT_REGISTERED);
    assert_int_equal(f->told.n, 0);
    join(f);
    reserve(f, 1, false);
    assert_int_equal(f->told.registered, IS_REGISTERED);
    assert_int_equal(f->told.n, 1);
    assert_string_equal(f->told.queue, "q");
    assert_true(id_equal(&f->told.ids[0], &id));
    assert_true(f->told.has_message[0]);
    assert_in_range(f->told.redis_ms, clock_wall_ms() - 60000, clock_wall_ms() + 60000);
    assert_int_equal(state_of(f, &id), JOB_RUNNING);
    assert_string_equal(find(&f->client, &id).runner, "w/1");
    reserve(f, 1, true);
    assert_int_equal(f->told.n, 0);
    assert_true(broker_loop_round_trip_us(f->loop) > 0);
}

static void
jobs_come_in_order(void **state)
{
    struct loop_fixture *f = *state;
    static struct id ids[2500];
    submit_some(f, ids, 2500);
    join(f);
    size_t got = 0;
    do {
        reserve(f, 5000, false);
        for (size_t i = 0; i < f->told.n; i++)
            assert_true(id_equal(&f->told.ids[i], &ids[got + i]));
        got += f->told.n;
    } while (f->told.n > 0);
    assert_int_equal(got, 2500);
}

/* A packed hash is walked through for each field, which would make a batch cost its square. */
static void
large_batches_are_kept_as_tables(void **state)
{
    struct loop_fixture *f = *state;
    static struct id ids[200];
    submit_some(f, ids, 200);
    join(f);
    reserve(f, 200, false);
    assert_int_equal(f->told.n, 200);
    assert_string_equal(redis_do(&f->client.redis, "OBJECT ENCODING celeriac:{q}:active:w/1")->str,
                        "hashtable");
    assert_int_equal(redis_number(redis_do(&f->client.redis, "HLEN celeriac:{q}:active:w/1")), 200);
}

static void
a_paused_queue_says_so(void **state)
{
    struct loop_fixture *f = *state;
    struct id id;
    submit_some(f, &id, 1);
    join(f);
    OK(broker_pause(f->client.broker, "q", true, &err));
    reserve(f, 1, false);
    assert_true(f->told.is_paused);
    assert_int_equal(f->told.n, 0);
}

static void
an_id_without_message_is_dropped(void **state)
{
    struct loop_fixture *f = *state;
    struct id id;
    submit_some(f, &id, 1);
    join(f);
    redis_do(&f->client.redis, "DEL %s", jobs_of("q", &id));
    reserve(f, 1, false);
    assert_int_equal(f->told.n, 1);
    assert_false(f->told.has_message[0]);
    assert_int_equal(state_of(f, &id), JOB_UNKNOWN);
}

static void
a_suspect_runs_alone(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[2];
    submit_some(f, ids, 2);
    join(f);
    redis_do(&f->client.redis, "LREM celeriac:{q}:ready:5 0 %s", ids[0].text);
    redis_do(&f->client.redis, "LPUSH celeriac:{q}:suspects %s", ids[0].text);
    reserve(f, 5, false);
    assert_true(f->told.suspects_waiting);
    assert_int_equal(f->told.n, 0);
    reserve(f, 5, true);
    assert_true(f->told.is_suspect);
    assert_int_equal(f->told.n, 1);
    assert_true(id_equal(&f->told.ids[0], &ids[0]));
}

static void
commit_ends_jobs_of_all_kinds_at_once(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[8];
    struct broker_finish ends[8];
    submit_some(f, ids, 8);
    join(f);
    reserve(f, 8, false);
    ends[0] = finish(f, &ids[0], FINISH_STORE, JOB_SUCCESS);
    ends[1] = finish(f, &ids[1], FINISH_BURY, JOB_FAILURE);
    ends[2] = finish(f, &ids[2], FINISH_RETRY, JOB_UNKNOWN);
    ends[3] = finish(f, &ids[3], FINISH_STORE, JOB_EXPIRED);
    ends[4] = finish(f, &ids[4], FINISH_STORE, JOB_SUCCESS);
    ends[5] = finish(f, &ids[5], FINISH_BURY, JOB_DEAD);
    ends[6] = finish(f, &ids[6], FINISH_STORE, JOB_CANCELLED);
    ends[7] = finish(f, &ids[7], FINISH_STORE, JOB_SUCCESS);
    ends[2].delay_ms = 60000;
    ends[4].state = JOB_SUCCESS;
    ends[7].ttl_ms = 0;
    commit(f, ends, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(f->told.statuses[i], FINISHED);
    static const enum job_state states[] = {JOB_SUCCESS, JOB_FAILURE, JOB_DELAYED,   JOB_EXPIRED,
                                            JOB_SUCCESS, JOB_DEAD,    JOB_CANCELLED, JOB_SUCCESS};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(state_of(f, &ids[i]), states[i]);
    struct redis_fixture *r = &f->client.redis;
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats succeeded")), 3);
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats failed")), 1);
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats dead")), 1);
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats expired")), 1);
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats cancelled")), 1);
    assert_int_equal(redis_number(redis_do(r, "HGET celeriac:{q}:stats retried")), 1);
    struct broker_record retried = find(&f->client, &ids[2]);
    struct message m;
    assert_true(message_peek(retried.message, retried.message_len, &m));
    assert_int_equal(m.attempts, 1);
    commit(f, ends, 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(f->told.statuses[i], FINISH_STALE);
}

static void
a_free_retry_is_not_charged(void **state)
{
    struct loop_fixture *f = *state;
    struct id id;
    submit_some(f, &id, 1);
    join(f);
    reserve(f, 1, false);
    struct broker_finish end = finish(f, &id, FINISH_RETRY, JOB_UNKNOWN);
    end.delay_ms = 60000;
    end.is_free = true;
    commit(f, &end, 1);
    struct broker_record record = find(&f->client, &id);
    struct message m;
    assert_true(message_peek(record.message, record.message_len, &m));
    assert_int_equal(m.attempts, 0);
}

static void
marked_jobs_end_as_cancelled(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[3];
    enum job_state now;
    submit_some(f, ids, 3);
    join(f);
    reserve(f, 3, false);
    for (size_t i = 0; i < 3; i++)
        OK(broker_cancel(f->client.broker, &ids[i], i == 1, &now, &err));
    CALL_OK(f, broker_loop_marks(f->loop, "q", on_marks, &f->told));
    assert_int_equal(f->told.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(f->told.force[i], id_equal(&f->told.ids[i], &ids[1]));
    struct broker_finish ends[] = {finish(f, &ids[0], FINISH_STORE, JOB_SUCCESS),
                                   finish(f, &ids[1], FINISH_BURY, JOB_FAILURE),
                                   finish(f, &ids[2], FINISH_RETRY, JOB_UNKNOWN)};
    commit(f, ends, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(f->told.statuses[i], FINISH_CANCELLED);
    assert_int_equal(state_of(f, &ids[0]), JOB_CANCELLED);
    reserve(f, 3, false); /* the other two are back, to be ended unstarted */
    assert_int_equal(f->told.n, 2);
    assert_true(f->told.is_cancelled[0] && f->told.is_cancelled[1]);
    struct broker_finish last[] = {finish(f, &ids[1], FINISH_STORE, JOB_CANCELLED),
                                   finish(f, &ids[2], FINISH_STORE, JOB_CANCELLED)};
    commit(f, last, 2);
    assert_int_equal(state_of(f, &ids[1]), JOB_CANCELLED);
    assert_int_equal(state_of(f, &ids[2]), JOB_CANCELLED);
    CALL_OK(f, broker_loop_marks(f->loop, "q", on_marks, &f->told));
    assert_int_equal(f->told.n, 0);
}

static void
a_large_commit_takes_several_scripts(void **state)
{
    enum { N = 1700 };
    struct loop_fixture *f = *state;
    static struct id ids[N];
    static struct broker_finish ends[N];
    submit_some(f, ids, N);
    join(f);
    reserve(f, 1000, false);
    for (size_t i = 0; i < N; i++) {
        ends[i] = finish(f, &ids[i], i % 5 == 0 ? FINISH_RETRY : FINISH_STORE, JOB_SUCCESS);
        ends[i].delay_ms = 60000;
    }
    commit(f, ends, N);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(f->told.statuses[i], i < 1000 ? FINISHED : FINISH_STALE);
    assert_int_equal(look_at(&f->client, "q").delayed, 200);
}

static void
uniqueness_ends_with_the_job(void **state)
{
    struct loop_fixture *f = *state;
    struct broker_job first = make_unique_job(&f->client, "k"),
                      second = make_unique_job(&f->client, "k");
    assert_int_equal(submit(&f->client, "q", &first), SUBMIT_DONE);
    join(f);
    reserve(f, 1, false);
    assert_int_equal(submit(&f->client, "q", &second), SUBMIT_TAKEN);
    struct broker_finish end = finish(f, &first.id, FINISH_STORE, JOB_SUCCESS);
    end.has_unique = true;
    commit(f, &end, 1);
    assert_int_equal(submit(&f->client, "q", &second), SUBMIT_DONE);
}

static void
outcomes_live_as_long_as_asked(void **state)
{
    struct loop_fixture *f = *state;
    struct redis_fixture *r = &f->client.redis;
    struct id ids[2];
    struct broker_finish ends[2];
    submit_some(f, ids, 2);
    join(f);
    reserve(f, 2, false);
    for (size_t i = 0; i < 2; i++) {
        ends[i] = finish(f, &ids[i], FINISH_STORE, JOB_SUCCESS);
        ends[i].ttl_ms = 5000;
    }
    commit(f, ends, 2);
    /* -1: for ever; a minute more than asked is granted */
    const long long ms = redis_number(redis_do(r, "EVAL %s 0",
                                               "local most = 0 for _, k in ipairs("
                                               "redis.call('KEYS', '*:results:*')) do "
                                               "most = math.max(most, redis.call('PTTL', k)) "
                                               "end return most"));
    assert_in_range(ms, 4000, 65000);
}

static void
bury_one(struct loop_fixture *f, const struct id *id)
{
    struct broker_finish end = finish(f, id, FINISH_BURY, JOB_FAILURE);
    commit(f, &end, 1);
}

/* What has been a dead letter for too long, and the oldest of too many, go with all that is kept
 * of them. */
static void
dead_letters_are_capped(void **state)
{
    struct loop_fixture *f = *state;
    struct redis_fixture *r = &f->client.redis;
    struct id ids[4];
    submit_some(f, ids, 4);
    join(f);
    reserve(f, 4, false);
    bury_one(f, &ids[0]);
    redis_do(r, "EVAL %s 0", /* in 1970 */
             "local dead = redis.call('ZRANGE', 'celeriac:{q}:dead', 0, -1) "
             "redis.call('ZADD', 'celeriac:{q}:dead', 1000, dead[1])");
    bury_one(f, &ids[1]);
    assert_int_equal(state_of(f, &ids[0]), JOB_UNKNOWN);
    bury_one(f, &ids[2]);
    redis_do(
        r, "EVAL %s 0",
        "local now = redis.call('TIME')[1] * 1000 "
        "for i = 1, 9999 do redis.call('ZADD', 'celeriac:{q}:dead', now + 5000, 'other' .. i) end");
    bury_one(f, &ids[3]);
    assert_int_equal(redis_number(redis_do(r, "ZCARD celeriac:{q}:dead")), 10000);
    assert_int_equal(state_of(f, &ids[1]), JOB_UNKNOWN);
    assert_int_equal(state_of(f, &ids[2]), JOB_UNKNOWN);
    assert_int_equal(state_of(f, &ids[3]), JOB_FAILURE);
    assert_int_equal(redis_number(redis_do(r, "HLEN celeriac:{q}:reasons")), 1);
}

static void
foreign_ids_are_committed(void **state)
{
    struct loop_fixture *f = *state;
    struct broker_job jobs[2] = {make_job(&f->client), make_job(&f->client)};
    struct broker_finish ends[2];
    join(f);
    for (size_t i = 0; i < 2; i++) {
        assert_true(id_from_redis(&jobs[i].id, i == 0 ? "one" : "two", 3));
        assert_int_equal(submit(&f->client, "q", &jobs[i]), SUBMIT_DONE);
        ends[i] = finish(f, &jobs[i].id, FINISH_STORE, JOB_SUCCESS);
    }
    reserve(f, 2, false);
    commit(f, ends, 2);
    assert_int_equal(state_of(f, &jobs[0].id), JOB_SUCCESS);
    assert_int_equal(state_of(f, &jobs[1].id), JOB_SUCCESS);
}

static void
waiters_hear_of_commits(void **state)
{
    struct loop_fixture *f = *state;
    struct broker_job job = make_job(&f->client);
    redisContext *listener = redisConnectUnix(f->client.redis.socket);
    enum broker_submitted result;
    redisReply *r;
    freeReplyObject(redisCommand(listener, "SUBSCRIBE c"));
    OK(broker_enqueue(f->client.broker, "q", &job, 1, "c", &result, &err));
    join(f);
    reserve(f, 1, false);
    struct broker_finish end = finish(f, &job.id, FINISH_STORE, JOB_SUCCESS);
    commit(f, &end, 1);
    assert_int_equal(redisGetReply(listener, (void **)&r), REDIS_OK);
    assert_non_null(memmem(r->element[2]->str, r->element[2]->len, job.id.text, job.id.len));
    freeReplyObject(r);
    redisFree(listener);
}

static void
released_jobs_are_next(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[4];
    submit_some(f, ids, 4);
    join(f);
    reserve(f, 3, false);
    CALL_OK(f, broker_loop_release(f->loop, "q", &f->who, ids, 2, 0, on_done, &f->told));
    CALL_OK(f, broker_loop_release(f->loop, "q", &f->who, ids + 2, 1, 60000, on_done, &f->told));
    assert_int_equal(state_of(f, &ids[2]), JOB_DELAYED);
    reserve(f, 4, false);
    assert_int_equal(f->told.n, 3);
    assert_true(id_equal(&f->told.ids[0], &ids[0]));
    assert_true(id_equal(&f->told.ids[1], &ids[1]));
    assert_true(id_equal(&f->told.ids[2], &ids[3]));
}

static void
disowned_jobs_are_next_and_the_name_is_retired(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[4];
    submit_some(f, ids, 4);
    join(f);
    reserve(f, 3, false);
    CALL_OK(f, broker_loop_disown(f->loop, "q", &f->who, ids + 1, 1, on_done, &f->told));
    assert_int_equal(state_of(f, &ids[0]), JOB_QUEUED);
    assert_int_equal(state_of(f, &ids[1]), JOB_RUNNING);
    reserve(f, 4, false);
    assert_int_equal(f->told.registered, NOT_REGISTERED);

    struct broker_runner old = f->who;
    f->who.runner = "w/1.1";
    join(f);
    reserve(f, 4, false);
    assert_int_equal(f->told.n, 3);
    assert_true(id_equal(&f->told.ids[0], &ids[0]));
    assert_true(id_equal(&f->told.ids[1], &ids[2]));
    struct broker_finish end = {.id = ids[1], .kind = FINISH_RETRY, .delay_ms = 60000};
    CALL_OK(f, broker_loop_commit(f->loop, "q", &old, &end, 1, on_committed, &f->told));
    assert_int_equal(f->told.statuses[0], FINISHED);
    CALL_OK(f, broker_loop_forget(f->loop, "q", "w", NULL, on_done, &f->told));
    assert_int_equal(redis_number(redis_do(&f->client.redis, "HEXISTS celeriac:{q}:workers w")), 1);
}

static void
leaving_hands_back_everything(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[3];
    submit_some(f, ids, 3);
    join(f);
    reserve(f, 3, false);
    CALL_OK(f, broker_loop_leave(f->loop, "q", &f->who, on_done, &f->told));
    assert_int_equal(look_at(&f->client, "q").ready, 3);
    assert_int_equal(redis_number(redis_do(&f->client.redis, "HEXISTS celeriac:{q}:workers w/1")),
                     0);
    reserve(f, 3, false);
    assert_int_equal(f->told.registered, NOT_REGISTERED);
    f->who.runner = "w/2";
    join(f);
    reserve(f, 3, false);
    for (size_t i = 0; i < 3; i++)
        assert_true(id_equal(&f->told.ids[i], &ids[i]));
}

/* ---- the bell ---- */

/* Whether the next reservation of up to n jobs rings. */
static bool
rings(struct loop_fixture *f, size_t n, bool alone)
{
    redis_do(&f->client.redis, "DEL celeriac:{q}:bell");
    reserve(f, n, alone);
    assert_true(f->told.n > 0);
    return redis_number(redis_do(&f->client.redis, "LLEN celeriac:{q}:bell")) == 1;
}

static void
who_leaves_work_behind_rings(void **state)
{
    struct loop_fixture *f = *state;
    struct id ids[6];
    submit_some(f, ids, 4);
    join(f);
    assert_true(rings(f, 3, false));
    assert_false(rings(f, 3, false));
    submit_some(f, ids, 6);
    redis_do(&f->client.redis, "LMOVE celeriac:{q}:ready:5 celeriac:{q}:ready:9 RIGHT LEFT");
    redis_do(&f->client.redis, "LMOVE celeriac:{q}:ready:5 celeriac:{q}:ready:0 RIGHT LEFT");
    assert_true(rings(f, 1, false)); /* of 9 */
    assert_true(rings(f, 4, false)); /* of 5 */
    assert_true(id_equal(&f->told.ids[0], &ids[2]));
    assert_false(rings(f, 4, false)); /* of 0 */
    assert_true(id_equal(&f->told.ids[0], &ids[1]));
    submit_some(f, ids, 2);
    redis_do(&f->client.redis, "RENAME celeriac:{q}:ready:5 celeriac:{q}:suspects");
    assert_true(rings(f, 5, true));
    assert_false(rings(f, 5, true));
}

static void
the_bell_brings_the_jobs(void **state)
{
    struct loop_fixture *f = *state;
    struct id id;
    const char *queue = "q";
    join(f);
    size_t before = f->told.calls;
    broker_loop_bell(f->loop, &queue, 1, 8000, &f->who, 5, false, on_reserved, &f->told);
    PUMP(f,
         redis_number(redis_do(&f->client.redis, "CLIENT KILL TYPE pubsub")) == 0 &&
             strstr(redis_do(&f->client.redis, "INFO clients")->str, "blocked_clients:1") != NULL);
    assert_int_equal(f->told.calls, before);
    submit_some(f, &id, 1);
    PUMP(f, f->told.calls == before + 1);
    assert_int_equal(f->told.code, ERROR_NONE);
    assert_int_equal(f->told.n, 1);
    assert_true(id_equal(&f->told.ids[0], &id));
}

static void
a_silent_bell_times_out(void **state)
{
    struct loop_fixture *f = *state;
    const char *queues[] = {"q", "r"};
    join(f);
    CALL_OK(f, broker_loop_bell(f->loop, queues, 1, 20, &f->who, 5, false, on_reserved, &f->told));
    assert_int_equal(f->told.n, 0);
    CALL_OK(f, broker_loop_bell(f->loop, queues, 2, 20, &f->who, 0, false, on_reserved, &f->told));
    assert_false(f->told.has_queue);
    CALL_OK(f, broker_loop_bell(f->loop, queues, 1, 0, &f->who, 0, false, on_reserved, &f->told));
    assert_false(f->told.has_queue);
}

static void
one_of_several_bells_is_named(void **state)
{
    struct loop_fixture *f = *state;
    const char *queues[] = {"p", "q", "r"};
    struct id id;
    join(f);
    submit_some(f, &id, 1);
    CALL_OK(f,
            broker_loop_bell(f->loop, queues, 3, 5000, &f->who, 0, false, on_reserved, &f->told));
    assert_true(f->told.has_queue);
    assert_string_equal(f->told.queue, "q");
    assert_int_equal(f->told.n, 0);
    assert_int_equal(state_of(f, &id), JOB_QUEUED);
}

static void
a_task_is_known_by_live_workers_alone(void **state)
{
    struct loop_fixture *f = *state;
    join(f);
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "echo", on_known, &f->told));
    assert_false(f->told.known);
    CALL_OK(f, broker_loop_publish(f->loop, "w", "{\"tasks\":\"h1\"}", 60000, on_done, &f->told));
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "echo", on_known, &f->told));
    assert_false(f->told.known);
    CALL_OK(f,
            broker_loop_publish_tasks(f->loop, "h1", "[{\"name\":\"sleep\"},{\"name\":\"echo\"}]",
                                      60000, on_done, &f->told));
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "echo", on_known, &f->told));
    assert_true(f->told.known);
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "ech", on_known, &f->told));
    assert_false(f->told.known);
    assert_true(redis_number(redis_do(&f->client.redis, "PTTL celeriac:tasks:h1")) > 1000);
    CALL_OK(f, broker_loop_publish(f->loop, "w", NULL, 0, on_done, &f->told));
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "echo", on_known, &f->told));
    assert_false(f->told.known);
    CALL_OK(f, broker_loop_publish(f->loop, "w", "not json", 60000, on_done, &f->told));
    CALL_OK(f, broker_loop_task_known(f->loop, "q", "echo", on_known, &f->told));
    assert_false(f->told.known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, loop_start, loop_stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unregistered_runner_gets_nothing),
        TEST(jobs_come_in_order),
        TEST(large_batches_are_kept_as_tables),
        TEST(a_paused_queue_says_so),
        TEST(an_id_without_message_is_dropped),
        TEST(a_suspect_runs_alone),
        TEST(commit_ends_jobs_of_all_kinds_at_once),
        TEST(a_free_retry_is_not_charged),
        TEST(marked_jobs_end_as_cancelled),
        TEST(a_large_commit_takes_several_scripts),
        TEST(uniqueness_ends_with_the_job),
        TEST(outcomes_live_as_long_as_asked),
        TEST(dead_letters_are_capped),
        TEST(foreign_ids_are_committed),
        TEST(waiters_hear_of_commits),
        TEST(released_jobs_are_next),
        TEST(disowned_jobs_are_next_and_the_name_is_retired),
        TEST(leaving_hands_back_everything),
        TEST(who_leaves_work_behind_rings),
        TEST(the_bell_brings_the_jobs),
        TEST(a_silent_bell_times_out),
        TEST(one_of_several_bells_is_named),
        TEST(a_task_is_known_by_live_workers_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
