/* Looking and changing: broker_find, _list, _queues, _workers, _tasks, _stats, _cancel, _retry,
 * _pause, _purge, _control against a real Redis. */
#include "broker_fixture.h"

static void
find_tells_each_state(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job jobs[7];
    struct id ids[8];
    struct broker_record r[8];
    for (size_t i = 0; i < 7; i++) {
        jobs[i] = make_job(f);
        jobs[i].delay_ms = i == 6 ? 60000 : 0;
        assert_int_equal(submit(f, i < 4 ? "a" : "b", &jobs[i]), SUBMIT_DONE);
        ids[i] = jobs[i].id;
    }
    id_new(&ids[7]);
    pretend_running(f, "a", &ids[0], "w/1");
    pretend_running(f, "b", &ids[4], "w/2");
    pretend_ended(f, "a", &ids[1], JOB_EXPIRED);
    pretend_dead(f, "b", &ids[5], JOB_FAILURE);
    OK(broker_find(f->broker, NULL, ids, 8, true, f->arena, r, &err));
    static const enum job_state states[] = {JOB_RUNNING, JOB_EXPIRED, JOB_QUEUED,  JOB_QUEUED,
                                            JOB_RUNNING, JOB_FAILURE, JOB_DELAYED, JOB_UNKNOWN};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(r[i].state, states[i]);
        assert_true(id_equal(&r[i].id, &ids[i]));
        assert_int_equal(r[i].message != NULL, i != 1 && i != 7);
        assert_int_equal(r[i].outcome != NULL, i == 1 || i == 5);
    }
    assert_string_equal(r[0].runner, "w/1");
    assert_string_equal(r[4].runner, "w/2");
    assert_int_equal(r[0].started_at_ms, 1700000000000);
    assert_string_equal(r[0].queue, "a");
    assert_string_equal(r[5].queue, "b");
    assert_null(r[7].queue);
    assert_int_equal(r[2].ahead, 0);
    assert_int_equal(r[3].ahead, 1);
    assert_int_equal(r[0].message_len, jobs[0].len);
    assert_memory_equal(r[0].message, jobs[0].message, jobs[0].len);
    OK(broker_find(f->broker, "b", ids, 1, false, f->arena, r, &err));
    assert_int_equal(r[0].state, JOB_UNKNOWN);
}

static void
ahead_counts_higher_priorities(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job low = make_job(f), high = make_job(f);
    struct message m = MESSAGE_INIT;
    m.task = "echo";
    m.task_len = 4;
    m.priority = low.priority = 1;
    low.message = make_message(f, &m, &low.len);
    assert_int_equal(submit(f, "q", &low), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &high), SUBMIT_DONE);
    assert_int_equal(find(f, &low.id).ahead, 1);
    assert_int_equal(find(f, &high.id).ahead, 0);
}

static void
a_job_without_runner_is_looked_up_again(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    redis_do(&f->redis, "DEL celeriac:{q}:ready:5");
    struct broker_record r = find(f, &job.id);
    assert_int_equal(r.state, JOB_RUNNING);
    assert_null(r.runner);
    assert_int_equal(r.started_at_ms, 0);
}

static void
many_ids_are_found(void **state)
{
    enum { N = 2500 };
    struct broker_fixture *f = *state;
    struct broker_job *jobs = calloc(N, sizeof *jobs);
    struct id *ids = calloc(N, sizeof *ids);
    struct broker_record *records = calloc(N, sizeof *records);
    enum broker_submitted *results = calloc(N, sizeof *results);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        ids[i] = jobs[i].id;
    }
    OK(broker_enqueue(f->broker, "a", jobs, N / 2, NULL, results, &err));
    OK(broker_enqueue(f->broker, "b", jobs + N / 2, N / 2, NULL, results, &err));
    for (size_t i = 0; i < 1100; i++)
        pretend_running(f, i % 2 == 0 ? "a" : "b", &ids[i % 2 == 0 ? i : N / 2 + i],
                        i % 3 == 0 ? "w/1" : "w/2");
    OK(broker_find(f->broker, NULL, ids, N, false, f->arena, records, &err));
    size_t running = 0;
    for (size_t i = 0; i < N; i++) {
        running += records[i].state == JOB_RUNNING && records[i].runner != NULL;
        assert_true(records[i].state == JOB_RUNNING || records[i].state == JOB_QUEUED);
    }
    assert_int_equal(running, 1100);
    free(jobs);
    free(ids);
    free(records);
    free(results);
}

/* ---- listing ---- */

struct seen {
    size_t n, of_state[JOB_DEAD + 1];
    size_t enough;
    struct id ids[2000];
    enum job_state states[2000];
};

static bool
see(void *arg, const struct broker_record *record)
{
    struct seen *s = arg;
    s->ids[s->n] = record->id;
    s->states[s->n] = record->state;
    s->of_state[record->state]++;
    return ++s->n != s->enough;
}

static struct seen *
list(struct broker_fixture *f, const char *queue, enum job_state state, size_t limit)
{
    static struct seen s;
    memset(&s, 0, sizeof s);
    struct broker_listing listing = {queue, state, limit};
    OK(broker_list(f->broker, &listing, f->arena, see, &s, &err));
    return &s;
}

/* 260 queued, 2 running, 1 delayed, 1 failure, 1 dead, 150 success, 1 cancelled, 1 foreign success.
 */
static void
fill(struct broker_fixture *f, struct id *first_queued)
{
    struct broker_job job;
    for (size_t i = 0; i < 417; i++) {
        job = make_job(f);
        if (i == 264)
            job.delay_ms = 60000;
        if (i == 416)
            assert_true(id_from_redis(&job.id, "foreign", 7));
        assert_int_equal(submit(f, i % 2 == 0 ? "a" : "b", &job), SUBMIT_DONE);
        const char *queue = i % 2 == 0 ? "a" : "b";
        if (i < 2)
            pretend_running(f, queue, &job.id, "w/1");
        if (i == 2)
            *first_queued = job.id;
        if (i == 262 || i == 263)
            pretend_dead(f, queue, &job.id, i == 262 ? JOB_FAILURE : JOB_DEAD);
        if (i > 264)
            pretend_ended(f, queue, &job.id, i == 265 ? JOB_CANCELLED : JOB_SUCCESS);
    }
}

static void
list_goes_through_all_places(void **state)
{
    struct broker_fixture *f = *state;
    struct id first_queued;
    fill(f, &first_queued);
    struct seen *s = list(f, NULL, JOB_UNKNOWN, 10000);
    assert_int_equal(s->n, 417);
    assert_int_equal(s->of_state[JOB_RUNNING], 2);
    assert_int_equal(s->of_state[JOB_QUEUED], 260);
    assert_int_equal(s->of_state[JOB_DELAYED], 1);
    assert_int_equal(s->of_state[JOB_FAILURE], 1);
    assert_int_equal(s->of_state[JOB_DEAD], 1);
    assert_int_equal(s->of_state[JOB_SUCCESS], 151);
    assert_int_equal(s->of_state[JOB_CANCELLED], 1);
    assert_int_equal(s->states[0], JOB_RUNNING);
    assert_true(id_equal(&s->ids[2], &first_queued));
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = i + 1; k < s->n; k++)
            assert_false(id_equal(&s->ids[i], &s->ids[k]));
}

static void
failures_are_the_newest_of_all_queues(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_failure *failures;
    struct id ids[3];
    size_t n;
    OK(broker_failures(f->broker, NULL, 10, f->arena, &failures, &n, &err));
    assert_int_equal(n, 0);
    for (size_t i = 0; i < 3; i++) {
        struct broker_job job = make_job(f);
        const char *queue = i == 1 ? "b" : "a";
        assert_int_equal(submit(f, queue, &job), SUBMIT_DONE);
        pretend_dead(f, queue, &job.id, i == 0 ? JOB_DEAD : JOB_FAILURE);
        ids[i] = job.id;
        redis_do(&f->redis, "ZADD celeriac:{%s}:dead XX %d %b", queue, 1000 + (int)i, job.id.text,
                 (size_t)job.id.len);
    }
    OK(broker_failures(f->broker, NULL, 2, f->arena, &failures, &n, &err));
    assert_int_equal(n, 2);
    assert_true(id_equal(&failures[0].record.id, &ids[2]));
    assert_true(id_equal(&failures[1].record.id, &ids[1]));
    assert_int_equal(failures[0].record.state, JOB_FAILURE);
    assert_int_equal(failures[0].at_ms, 1002);
    assert_string_equal(failures[1].record.queue, "b");
    assert_non_null(failures[1].record.outcome);
    OK(broker_failures(f->broker, "a", 10, f->arena, &failures, &n, &err));
    assert_int_equal(n, 2);
    assert_int_equal(failures[1].record.state, JOB_DEAD);
    OK(broker_failures(f->broker, "nowhere", 10, f->arena, &failures, &n, &err));
    assert_int_equal(n, 0);
}

static void
list_filters_and_stops(void **state)
{
    struct broker_fixture *f = *state;
    struct id first_queued;
    fill(f, &first_queued);
    assert_int_equal(list(f, "a", JOB_QUEUED, 10000)->n, 130);
    assert_int_equal(list(f, NULL, JOB_QUEUED, 7)->n, 7);
    assert_int_equal(list(f, NULL, JOB_DEAD, 10)->n, 1);
    assert_int_equal(list(f, NULL, JOB_FAILURE, 10)->n, 1);
    assert_int_equal(list(f, NULL, JOB_SUCCESS, 10)->n, 10);
    assert_int_equal(list(f, NULL, JOB_CANCELLED, 10)->n, 1);
    assert_int_equal(list(f, NULL, JOB_EXPIRED, 10)->n, 0);
    assert_int_equal(list(f, NULL, JOB_UNKNOWN, 0)->n, 0);
    assert_int_equal(list(f, "nowhere", JOB_UNKNOWN, 10)->n, 0);
    static struct seen s;
    s.enough = 3;
    struct broker_listing listing = {NULL, JOB_UNKNOWN, 100};
    OK(broker_list(f->broker, &listing, f->arena, see, &s, &err));
    assert_int_equal(s.n, 3);
}

/* ---- numbers ---- */

static void
queues_are_counted(void **state)
{
    struct broker_fixture *f = *state;
    struct id first_queued;
    struct broker_queue *queues;
    size_t n;
    fill(f, &first_queued);
    redis_do(&f->redis, "HSET celeriac:{b}:stats succeeded 10 failed 3 dead 2 cancelled 7");
    OK(broker_pause(f->broker, "b", true, &err));
    OK(broker_queues(f->broker, NULL, f->arena, &queues, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(queues[0].name, "a");
    assert_int_equal(queues[0].ready, 130);
    assert_int_equal(queues[0].running, 1);
    assert_int_equal(queues[0].delayed, 1);
    assert_int_equal(queues[0].dead, 1);
    assert_false(queues[0].is_paused);
    assert_true(queues[1].is_paused);
    assert_int_equal(queues[1].processed, 15);
    assert_int_equal(queues[1].failed, 5);
    assert_in_range(queues[0].latency_ms, 0, 60000);
    struct broker_job old = make_job(f);
    assert_true(id_parse(&old.id, "0190c0de-0000-7000-8000-000000000000", 36));
    assert_int_equal(submit(f, "c", &old), SUBMIT_DONE);
    assert_true(look_at(f, "c").latency_ms > 1000000);
    assert_int_equal(look_at(f, "nowhere").ready, 0);
}

static void
workers_and_tasks_are_read(void **state)
{
    struct broker_fixture *f = *state;
    const char **json, *table;
    size_t n;
    redis_do(&f->redis, "SADD celeriac:queues a b %s", "not valid");
    redis_do(&f->redis, "HSET celeriac:{a}:workers w1 1 w1/1 w1 gone 1");
    redis_do(&f->redis, "HSET celeriac:{b}:workers w1 1 w2 1");
    redis_do(&f->redis, "SET celeriac:worker:w1 {1}");
    redis_do(&f->redis, "SET celeriac:worker:w2 {2}");
    redis_do(&f->redis, "SET celeriac:tasks:h [3]");
    OK(broker_workers(f->broker, NULL, f->arena, &json, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(json[0], "{1}");
    assert_string_equal(json[1], "{2}");
    OK(broker_workers(f->broker, "a", f->arena, &json, &n, &err));
    assert_int_equal(n, 1);
    OK(broker_tasks(f->broker, "h", f->arena, &table, &err));
    assert_string_equal(table, "[3]");
    OK(broker_tasks(f->broker, "other", f->arena, &table, &err));
    assert_null(table);
}

static void
counters_are_read(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_counter *counters;
    size_t n;
    OK(broker_stats(f->broker, "q", f->arena, &counters, &n, &err));
    assert_int_equal(n, 0);
    redis_do(&f->redis, "HSET celeriac:{q}:stats b 2 a 1");
    OK(broker_stats(f->broker, "q", f->arena, &counters, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(counters[0].name, "a");
    assert_int_equal(counters[1].value, 2);
}

/* ---- changing ---- */

static enum job_state
cancel(struct broker_fixture *f, const struct id *id, bool force)
{
    enum job_state now = (enum job_state)99;
    OK(broker_cancel(f->broker, id, force, &now, &err));
    return now;
}

static void
cancel_works_wherever_the_job_is(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job jobs[6];
    for (size_t i = 0; i < 6; i++) {
        jobs[i] = make_job(f);
        jobs[i].delay_ms = i == 1 ? 60000 : 0;
        assert_int_equal(submit(f, "q", &jobs[i]), SUBMIT_DONE);
    }
    pretend_running(f, "q", &jobs[2].id, "w/1");
    pretend_ended(f, "q", &jobs[3].id, JOB_SUCCESS);
    pretend_dead(f, "q", &jobs[4].id, JOB_FAILURE);
    redis_do(&f->redis, "LREM celeriac:{q}:ready:5 0 %s", jobs[5].id.text);
    redis_do(&f->redis, "LPUSH celeriac:{q}:suspects %s", jobs[5].id.text);
    assert_int_equal(cancel(f, &jobs[0].id, false), JOB_CANCELLED);
    assert_int_equal(cancel(f, &jobs[0].id, false), JOB_CANCELLED);
    assert_int_equal(cancel(f, &jobs[1].id, false), JOB_CANCELLED);
    assert_int_equal(cancel(f, &jobs[2].id, false), JOB_RUNNING);
    assert_int_equal(cancel(f, &jobs[3].id, false), JOB_SUCCESS);
    assert_int_equal(cancel(f, &jobs[4].id, false), JOB_FAILURE);
    assert_int_equal(cancel(f, &jobs[5].id, false), JOB_CANCELLED);
    assert_string_equal(redis_do(&f->redis, "HGET celeriac:{q}:cancelled %s", jobs[2].id.text)->str,
                        "grace");
    assert_int_equal(cancel(f, &jobs[2].id, true), JOB_RUNNING);
    assert_string_equal(redis_do(&f->redis, "HGET celeriac:{q}:cancelled %s", jobs[2].id.text)->str,
                        "force");
    struct id unknown;
    id_new(&unknown);
    assert_int_equal(cancel(f, &unknown, false), JOB_UNKNOWN);
    assert_int_equal(find(f, &jobs[0].id).state, JOB_CANCELLED);
    assert_int_equal(find(f, &jobs[0].id).outcome != NULL, true);
}

static void
foreign_jobs_are_cancelled_with_a_key_of_their_own(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    assert_true(id_from_redis(&job.id, "foreign", 7));
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    assert_int_equal(cancel(f, &job.id, false), JOB_CANCELLED);
    assert_int_equal(cancel(f, &job.id, false), JOB_CANCELLED);
    assert_true(redis_number(redis_do(&f->redis, "PTTL celeriac:{q}:result:foreign")) > 1000);
}

static void
retry_takes_dead_letters(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f), queued = make_job(f);
    enum job_state now;
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &queued), SUBMIT_DONE);
    pretend_dead(f, "q", &job.id, JOB_DEAD);
    OK(broker_retry(f->broker, &job.id, &now, &err));
    assert_int_equal(now, JOB_QUEUED);
    assert_int_equal(find(f, &job.id).state, JOB_QUEUED);
    assert_int_equal(look_at(f, "q").dead, 0);
    pretend_ended(f, "q", &queued.id, JOB_SUCCESS);
    OK(broker_retry(f->broker, &queued.id, &now, &err));
    assert_int_equal(now, JOB_SUCCESS);
    id_new(&queued.id);
    OK(broker_retry(f->broker, &queued.id, &now, &err));
    assert_int_equal(now, JOB_UNKNOWN);
}

static void
discard_takes_dead_letters_alone(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job dead = make_job(f), queued = make_job(f);
    enum job_state now;
    bool is_done;
    assert_int_equal(submit(f, "q", &dead), SUBMIT_DONE);
    assert_int_equal(submit(f, "q", &queued), SUBMIT_DONE);
    pretend_dead(f, "q", &dead.id, JOB_FAILURE);
    OK(broker_discard(f->broker, &dead.id, &is_done, &now, &err));
    assert_true(is_done);
    assert_int_equal(now, JOB_UNKNOWN);
    assert_int_equal(find(f, &dead.id).state, JOB_UNKNOWN);
    assert_int_equal(look_at(f, "q").dead, 0);
    assert_int_equal(redis_number(redis_do(&f->redis, "EXISTS celeriac:{q}:reasons")), 0);
    OK(broker_discard(f->broker, &dead.id, &is_done, &now, &err));
    assert_false(is_done);
    assert_int_equal(now, JOB_UNKNOWN);
    OK(broker_discard(f->broker, &queued.id, &is_done, &now, &err));
    assert_false(is_done);
    assert_int_equal(now, JOB_QUEUED);
    assert_int_equal(find(f, &queued.id).state, JOB_QUEUED);
}

static void
retry_respects_uniqueness(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job first = make_unique_job(f, "k"), second = make_unique_job(f, "k");
    enum job_state now;
    char text[ID_MAX + 1];
    assert_int_equal(submit(f, "q", &first), SUBMIT_DONE);
    pretend_dead(f, "q", &first.id, JOB_FAILURE);
    redis_do(&f->redis, "DEL celeriac:{q}:unique");
    assert_int_equal(submit(f, "q", &second), SUBMIT_DONE);
    FAILS(broker_retry(f->broker, &first.id, &now, &err), ERROR_EXISTS);
    assert_non_null(strstr(err.message, id_print(&second.id, text)));
}

static void
pause_needs_a_queue(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    FAILS(broker_pause(f->broker, "q", true, &err), ERROR_NOT_FOUND);
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    OK(broker_pause(f->broker, "q", true, &err));
    assert_true(look_at(f, "q").is_paused);
    OK(broker_pause(f->broker, "q", false, &err));
    assert_false(look_at(f, "q").is_paused);
}

static void
purge_removes_what_waits(void **state)
{
    enum { N = 1234 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N];
    enum broker_submitted results[N];
    int64_t removed;
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        jobs[i].delay_ms = i % 3 == 0 ? 60000 : 0;
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    pretend_running(f, "q", &jobs[1].id, "w/1");
    OK(broker_purge(f->broker, "q", &removed, &err));
    assert_int_equal(removed, N - 1);
    struct broker_queue queue = look_at(f, "q");
    assert_int_equal(queue.ready + queue.delayed, 0);
    assert_int_equal(queue.running, 1);
    OK(broker_purge(f->broker, "q", &removed, &err));
    assert_int_equal(removed, 0);
    FAILS(broker_purge(f->broker, "nobody", &removed, &err), ERROR_NOT_FOUND);
}

static void
control_reaches_who_listens(void **state)
{
    struct broker_fixture *f = *state;
    int64_t heard = -1;
    OK(broker_control(f->broker, "w1", "quiet", &heard, &err));
    assert_int_equal(heard, 0);
    redisContext *listener = redisConnectUnix(f->redis.socket);
    freeReplyObject(redisCommand(listener, "SUBSCRIBE celeriac:worker:w1:control"));
    OK(broker_control(f->broker, "w1", "quiet", &heard, &err));
    assert_int_equal(heard, 1);
    redisReply *r;
    assert_int_equal(redisGetReply(listener, (void **)&r), REDIS_OK);
    assert_string_equal(r->element[2]->str, "quiet");
    freeReplyObject(r);
    redisFree(listener);
}

static void
time_is_that_of_redis(void **state)
{
    struct broker_fixture *f = *state;
    int64_t now = 0;
    OK(broker_redis_time(f->broker, &now, &err));
    assert_in_range(now, clock_wall_ms() - 5000, clock_wall_ms() + 5000);
}

static void
namespaces_are_apart(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    struct broker_settings settings = f->settings;
    struct broker *other;
    struct broker_queue *queues;
    size_t n;
    settings.namespace = "other";
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    OK(broker_open(&other, &settings, &err));
    OK(broker_queues(other, NULL, f->arena, &queues, &n, &err));
    assert_int_equal(n, 0);
    broker_close(other);
    settings.namespace = "no{good";
    FAILS(broker_open(&other, &settings, &err), ERROR_CONFIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(find_tells_each_state),
        TEST(ahead_counts_higher_priorities),
        TEST(a_job_without_runner_is_looked_up_again),
        TEST(many_ids_are_found),
        TEST(list_goes_through_all_places),
        TEST(failures_are_the_newest_of_all_queues),
        TEST(list_filters_and_stops),
        TEST(queues_are_counted),
        TEST(workers_and_tasks_are_read),
        TEST(counters_are_read),
        TEST(cancel_works_wherever_the_job_is),
        TEST(foreign_jobs_are_cancelled_with_a_key_of_their_own),
        TEST(retry_takes_dead_letters),
        TEST(discard_takes_dead_letters_alone),
        TEST(retry_respects_uniqueness),
        TEST(pause_needs_a_queue),
        TEST(purge_removes_what_waits),
        TEST(control_reaches_who_listens),
        TEST(time_is_that_of_redis),
        TEST(namespaces_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
