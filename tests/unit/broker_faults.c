/* What clients see when Redis restarts, hangs, refuses, or says strange things. */
#include "broker/checkup.h"
#include "broker_fixture.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_stop)

static void
scripts_come_back_after_a_flush(void **state)
{
    enum { N = 3000 };
    struct broker_fixture *f = *state;
    struct broker_job jobs[N], single = make_unique_job(f, "k");
    enum broker_submitted results[N];
    struct id ids[N];
    struct broker_record records[N];
    enum job_state now;
    int64_t removed;
    for (size_t i = 0; i < N; i++) {
        jobs[i] = make_job(f);
        ids[i] = jobs[i].id;
    }
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], SUBMIT_DONE);
    redis_do(&f->redis, "SCRIPT FLUSH");
    assert_int_equal(submit(f, "q", &single), SUBMIT_DONE);
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(broker_find(f->broker, NULL, ids, N, true, f->arena, records, &err));
    for (size_t i = 0; i < N; i++)
        assert_int_equal(records[i].state, JOB_QUEUED);
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(broker_watch(f->broker, "q", ids, N, "c", NULL, NULL, NULL, &err));
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(broker_cancel(f->broker, &ids[0], false, &now, &err));
    assert_int_equal(now, JOB_CANCELLED);
    redis_do(&f->redis, "SCRIPT FLUSH");
    OK(broker_purge(f->broker, "q", &removed, &err));
    assert_int_equal(removed, N);
}

static void
a_cut_connection_is_dialled_anew(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    int64_t heard;
    redis_do(&f->redis, "CLIENT KILL TYPE normal");
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    redis_do(&f->redis, "CLIENT KILL TYPE normal");
    assert_int_equal(find(f, &job.id).state, JOB_QUEUED);
    redis_do(&f->redis, "CLIENT KILL TYPE normal");
    OK(broker_control(f->broker, "w", "quiet", &heard, &err));
}

static void
a_restart_is_survived(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    redis_kill(&f->redis);
    FAILS(broker_enqueue(f->broker, "q", &job, 1, NULL, &result, &err), ERROR_UNAVAILABLE);
    redis_run(&f->redis);
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
}

/* Another process cuts the connection while jobs stream in; each job is there once, and counts as
 * done. */
static void
a_cut_while_submitting_loses_and_doubles_nothing(void **state)
{
    enum { N = 100000 };
    struct broker_fixture *f = *state;
    struct broker_job *jobs = calloc(N, sizeof *jobs), one = make_job(f);
    enum broker_submitted *results = calloc(N, sizeof *results);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = one;
        id_new(&jobs[i].id);
        jobs[i].is_fresh = i % 1000 < 500;
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redisContext *c = redisConnectUnix(f->redis.socket);
        for (redisReply *r; (r = redisCommand(c, "LLEN celeriac:{q}:ready:5")) != NULL;
             freeReplyObject(r))
            if (r->integer > N / 5)
                break;
        (void)redisCommand(c, "CLIENT KILL TYPE normal");
        _exit(0);
    }
    OK(broker_enqueue(f->broker, "q", jobs, N, NULL, results, &err));
    assert_int_equal(waitpid(child, NULL, 0), child);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(results[i], SUBMIT_DONE);
    assert_int_equal(look_at(f, "q").ready, N);
    free(jobs);
    free(results);
}

static void
a_hanging_redis_is_given_up_in_time(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_settings settings = f->settings;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    struct broker *other;
    struct broker_feed *feed;
    int64_t now;
    settings.command_timeout_ms = settings.connect_timeout_ms = 150;
    OK(broker_open(&other, &settings, &err));
    OK(broker_feed_open(&feed, &settings, &err));
    kill(f->redis.pid, SIGSTOP);
    int64_t begin = clock_mono_ms();
    FAILS(broker_enqueue(other, "q", &job, 1, NULL, &result, &err), ERROR_UNAVAILABLE);
    FAILS(broker_redis_time(other, &now, &err), ERROR_UNAVAILABLE); /* dials: the greeting hangs */
    FAILS(broker_feed_reopen(feed, &err), ERROR_UNAVAILABLE);
    assert_in_range(clock_mono_ms() - begin, 400, 5000);
    kill(f->redis.pid, SIGCONT);
    OK(broker_redis_time(other, &now, &err));
    broker_feed_close(feed);
    broker_close(other);
}

static void
out_of_memory_is_try_later(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
    redis_do(&f->redis, "CONFIG SET maxmemory 1");
    id_new(&job.id);
    FAILS(broker_enqueue(f->broker, "q", &job, 1, NULL, &result, &err), ERROR_TRY_LATER);
    assert_int_equal(look_at(f, "q").ready, 1);
    redis_do(&f->redis, "CONFIG SET maxmemory 0");
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
}

static void
a_replica_is_try_later(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    redis_do(&f->redis, "REPLICAOF 127.0.0.1 1");
    FAILS(broker_enqueue(f->broker, "q", &job, 1, NULL, &result, &err), ERROR_TRY_LATER);
    redis_do(&f->redis, "REPLICAOF NO ONE");
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
}

static void
missing_replicas_are_try_later(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    redis_do(&f->redis, "CONFIG SET min-replicas-to-write 1");
    FAILS(broker_enqueue(f->broker, "q", &job, 1, NULL, &result, &err), ERROR_TRY_LATER);
}

static void
a_key_of_a_wrong_type_is_internal(void **state)
{
    struct broker_fixture *f = *state;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    redis_do(&f->redis, "SET %s x", jobs_of("q", &job.id));
    FAILS(broker_enqueue(f->broker, "q", &job, 1, NULL, &result, &err), ERROR_INTERNAL);
    redis_do(&f->redis, "DEL %s", jobs_of("q", &job.id));
    assert_int_equal(submit(f, "q", &job), SUBMIT_DONE);
}

/* ---- who we are ---- */

static void
open_as(struct broker_fixture *f, const char *user, enum error_code expected)
{
    char url[256];
    struct broker *b;
    struct broker_settings settings = f->settings;
    snprintf(url, sizeof url, "unix://%s%s", user, f->redis.socket);
    settings.url = url;
    if (expected == ERROR_NONE) {
        OK(broker_open(&b, &settings, &err));
        broker_close(b);
        return;
    }
    FAILS(broker_open(&b, &settings, &err), expected);
    assert_null(strstr(err.message, "secret"));
}

static void
passwords_are_used_and_never_shown(void **state)
{
    struct broker_fixture *f = *state;
    char file[] = "/tmp/celeriac-password-XXXXXX";
    redis_do(&f->redis, "CONFIG SET requirepass secret1");
    open_as(f, "", ERROR_DENIED);
    open_as(f, ":secret2@", ERROR_DENIED);
    open_as(f, "nobody:secret1@", ERROR_DENIED);
    open_as(f, ":secret1@", ERROR_NONE);
    open_as(f, "default:secret1@", ERROR_NONE);
    int fd = mkstemp(file);
    assert_int_equal(write(fd, "secret1\n", 8), 8);
    close(fd);
    f->settings.password_file = file;
    open_as(f, ":secret2@", ERROR_NONE);
    unlink(file);
    open_as(f, ":secret1@", ERROR_CONFIG);
    f->settings.password_file = NULL;
}

static void
a_password_where_none_is_wanted_is_denied(void **state)
{
    struct broker_fixture *f = *state;
    open_as(f, "someone:secret@", ERROR_DENIED);
}

static void
try_as_user(struct broker_fixture *f, const char *rules, enum error_code expected)
{
    char url[256];
    struct broker *b;
    struct broker_settings settings = f->settings;
    struct broker_job job = make_job(f);
    enum broker_submitted result;
    const char *argv[16] = {"ACL", "SETUSER", "u", "reset", "on", ">p"};
    int argc = 6;
    char copy[128];
    snprintf(copy, sizeof copy, "%s", rules);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    redisReply *r = redisCommandArgv(f->redis.control, argc, argv, NULL);
    assert_int_equal(r->type, REDIS_REPLY_STATUS);
    freeReplyObject(r);
    snprintf(url, sizeof url, "unix://u:p@%s", f->redis.socket);
    settings.url = url;
    OK(broker_open(&b, &settings, &err));
    if (expected == ERROR_NONE)
        OK(broker_enqueue(b, "q", &job, 1, NULL, &result, &err));
    else
        FAILS(broker_enqueue(b, "q", &job, 1, NULL, &result, &err), expected);
    broker_close(b);
}

static void
acl_denials_are_denied(void **state)
{
    struct broker_fixture *f = *state;
    try_as_user(f, "+@all ~* &*", ERROR_NONE);
    try_as_user(f, "+@all -info ~* &*", ERROR_NONE);
    try_as_user(f, "+@all -@scripting ~* &*", ERROR_DENIED);
    try_as_user(f, "+@all -hset ~* &*", ERROR_DENIED);
    try_as_user(f, "+@all ~celeriac:queues &*", ERROR_DENIED);
}

/* ---- a server that says strange things ---- */

static void
old_version(int fd, int nth)
{
    (void)nth;
    if (fake_greet(fd, "6.0.16"))
        fake_hear(fd, "never");
}

static void
an_old_redis_is_refused(void **state)
{
    struct redis_fixture fake;
    struct broker *b;
    (void)state;
    redis_start_fake(&fake, old_version);
    struct broker_settings settings = {.url = fake.url};
    FAILS(broker_open(&b, &settings, &err), ERROR_CONFIG);
    assert_non_null(strstr(err.message, "Redis 6.0.16 is older than 6.2"));
    redis_stop(&fake);
}

/* Even connections cut the answer to TIME after nth / 2 bytes, odd ones give all of it. */
static const char time_answer[] = "*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n";

static void
cut_answer(int fd, int nth)
{
    size_t len = nth % 2 == 0 ? (size_t)nth / 2 : sizeof time_answer - 1;
    if (!fake_greet(fd, "7.0.0") || !fake_hear(fd, "TIME"))
        return;
    if (write(fd, time_answer, len) != (ssize_t)len)
        _exit(1);
    if (nth % 2 != 0)
        fake_hear(fd, "never");
}

static void
an_answer_cut_at_any_byte_is_asked_for_again(void **state)
{
    struct redis_fixture fake;
    struct broker *b;
    (void)state;
    redis_start_fake(&fake, cut_answer);
    struct broker_settings settings = {.url = fake.url};
    for (size_t i = 0; i < sizeof time_answer - 1; i++) {
        int64_t now = 0;
        OK(broker_open(&b, &settings, &err));
        OK(broker_redis_time(b, &now, &err));
        assert_int_equal(now, 1700000000123);
        broker_close(b);
    }
    redis_stop(&fake);
}

/* The first connection takes the job and dies; on the second one the job exists. */
static void
die_after_taking(int fd, int nth)
{
    if (!fake_greet(fd, "7.0.0") || !fake_hear(fd, "EVALSHA"))
        return;
    if (nth == 0)
        fake_say(fd, ":1\r\n*1");
    else if (nth == 1)
        fake_say(fd, "*2\r\n:1\r\n:1\r\n");
    if (nth == 1)
        fake_hear(fd, "never");
}

static void
what_our_own_first_try_put_in_counts_as_done(void **state)
{
    struct redis_fixture fake;
    struct broker_fixture f = {.arena = arena_new()};
    struct broker_job job = make_job(&f);
    enum broker_submitted result;
    (void)state;
    redis_start_fake(&fake, die_after_taking);
    struct broker_settings settings = {.url = fake.url};
    OK(broker_open(&f.broker, &settings, &err));
    OK(broker_enqueue(f.broker, "q", &job, 1, NULL, &result, &err));
    assert_int_equal(result, SUBMIT_DONE);
    broker_close(f.broker);
    arena_free(f.arena);
    buffer_clear(&f.bytes);
    redis_stop(&fake);
}

static void
die_always(int fd, int nth)
{
    (void)nth;
    if (fake_greet(fd, "7.0.0"))
        fake_hear(fd, "\r\n");
}

static void
a_call_is_repeated_once_only(void **state)
{
    struct redis_fixture fake;
    struct broker_fixture f = {.arena = arena_new()};
    struct broker_job job = make_job(&f);
    enum broker_submitted result;
    int64_t number;
    (void)state;
    redis_start_fake(&fake, die_always);
    struct broker_settings settings = {.url = fake.url};
    OK(broker_open(&f.broker, &settings, &err));
    FAILS(broker_enqueue(f.broker, "q", &job, 1, NULL, &result, &err), ERROR_UNAVAILABLE);
    FAILS(broker_redis_time(f.broker, &number, &err), ERROR_UNAVAILABLE);
    FAILS(broker_control(f.broker, "w", "restart", &number, &err), ERROR_UNAVAILABLE);
    broker_close(f.broker);
    arena_free(f.arena);
    buffer_clear(&f.bytes);
    redis_stop(&fake);
}

static const char *const strange[] = {
    ":7\r\n",
    ":-7\r\n",
    "$3\r\nabc\r\n",
    "$-1\r\n",
    "*-1\r\n",
    "*0\r\n",
    "*1\r\n:0\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n:2\r\n",
    "*1\r\n:3\r\n",
    "*1\r\n:4\r\n",
    "*1\r\n$-1\r\n",
    "*1\r\n*0\r\n",
    "*2\r\n:1\r\n:9\r\n",
    "*2\r\n$1\r\nx\r\n*0\r\n",
    "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nx\r\n",
    "*2\r\n$1\r\n0\r\n:5\r\n",
    "*2\r\n$2\r\nid\r\n$0\r\n\r\n",
    "*3\r\n:4\r\n$-1\r\n:1\r\n",
    "*5\r\n:2\r\n:2\r\n:2\r\n:2\r\n$1\r\nx\r\n",
    "*4\r\n$1\r\nw\r\n$1\r\n1\r\n$3\r\nw/1\r\n$1\r\nw\r\n",
    "*1\r\n$1\r\nq\r\n",
    "*2\r\n:0\r\n:1\r\n",
    "+OK\r\n",
    "-ERR strange\r\n",
    "-LOADING wait\r\n",
    "-NOSCRIPT no\r\n",
    "!rubbish\r\n",
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
};
static const char *now_strange;

static void
say_strange_things(int fd, int nth)
{
    static struct fake_reader r;
    char word[64];
    (void)nth;
    r = (struct fake_reader){.fd = fd};
    while (fake_next_command(&r, word, sizeof word)) {
        const char *answer =
            strcmp(word, "INFO") == 0 ? "$21\r\nredis_version:7.0.0\r\n\r\n" : now_strange;
        if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            return;
    }
}

static void
ignore_outcome(void *arg, const struct id *id, const char *outcome, size_t len)
{
    (void)arg, (void)id, (void)outcome, (void)len;
}

static bool
ignore_record(void *arg, const struct broker_record *record)
{
    (void)record;
    return --*(int *)arg > 0;
}

/* Whatever comes: an answer or an error, never a crash or a hang. */
static void
ignore_finding(void *arg, const struct broker_finding *finding)
{
    (void)arg;
    assert_true(finding->flaw[0] != '\0' && finding->text[0] != '\0');
}

static void
call_everything(struct broker_fixture *f, const char *queue)
{
    struct broker *b = f->broker;
    struct broker_job jobs[3] = {make_job(f), make_job(f), make_unique_job(f, "k")}, many[300];
    enum broker_submitted results[300];
    struct broker_record record;
    enum job_state now;
    bool is_done;
    struct broker_queue *queues;
    struct broker_counter *counters;
    const char **texts, *text;
    size_t n;
    int64_t number;
    bool missing;
    int left = 100;
    struct broker_listing listing = {queue, JOB_UNKNOWN, 10};
    (void)broker_enqueue(b, "q", jobs, 3, "c", results, &err);
    for (size_t i = 0; i < 300; i++) {
        many[i] = jobs[0];
        many[i].is_fresh = true;
    }
    (void)broker_enqueue(b, "q", many, 300, "c", results, &err);
    (void)broker_watch(b, "q", &jobs[0].id, 1, "c", ignore_outcome, NULL, &missing, &err);
    (void)broker_find(b, queue, &jobs[0].id, 1, true, f->arena, &record, &err);
    if (now_strange[0] != '*' || strchr(now_strange, 'x') == NULL)
        (void)broker_list(b, &listing, f->arena, ignore_record, &left, &err);
    (void)broker_queues(b, queue, f->arena, &queues, &n, &err);
    (void)broker_workers(b, queue, f->arena, &texts, &n, &err);
    (void)broker_tasks(b, "h", f->arena, &text, &err);
    (void)broker_stats(b, "q", f->arena, &counters, &n, &err);
    (void)broker_redis_time(b, &number, &err);
    (void)broker_cancel(b, &jobs[0].id, false, &now, &err);
    (void)broker_retry(b, &jobs[0].id, &now, &err);
    (void)broker_discard(b, &jobs[0].id, &is_done, &now, &err);
    (void)broker_pause(b, "q", true, &err);
    (void)broker_checkup(b, &(struct broker_checkup){.each = ignore_finding}, &err);
    (void)broker_control(b, "w", "quiet", &number, &err);
}

static void
strange_answers_never_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        struct redis_fixture fake;
        struct broker_fixture f = {.arena = arena_new()};
        now_strange = strange[i];
        redis_start_fake(&fake, say_strange_things);
        struct broker_settings settings = {.url = fake.url, .command_timeout_ms = 2000};
        OK(broker_open(&f.broker, &settings, &err));
        call_everything(&f, "q");
        call_everything(&f, NULL);
        broker_close(f.broker);
        arena_free(f.arena);
        buffer_clear(&f.bytes);
        redis_stop(&fake);
    }
}

static void
answers_that_should_not_be_are_internal(void **state)
{
    struct redis_fixture fake;
    struct broker *b;
    struct broker_feed *feed;
    int64_t number;
    (void)state;
    now_strange = "$1\r\nx\r\n";
    redis_start_fake(&fake, say_strange_things);
    struct broker_settings settings = {.url = fake.url};
    OK(broker_open(&b, &settings, &err));
    FAILS(broker_redis_time(b, &number, &err), ERROR_INTERNAL);
    FAILS(broker_redis_time(b, &number, &err), ERROR_INTERNAL);
    FAILS(broker_feed_open(&feed, &settings, &err), ERROR_INTERNAL);
    broker_close(b);
    redis_stop(&fake);
    now_strange = "?\r\n";
    redis_start_fake(&fake, say_strange_things);
    settings.url = fake.url;
    OK(broker_open(&b, &settings, &err));
    FAILS(broker_redis_time(b, &number, &err), ERROR_INTERNAL);
    broker_close(b);
    redis_stop(&fake);
}

static void
nobody_there_is_unavailable(void **state)
{
    struct broker *b;
    struct broker_feed *feed;
    (void)state;
    static const char *const urls[] = {"unix:///nonexistent/redis.sock", "redis://127.0.0.1:1",
                                       "redis://[::1]:1", "redis://no-such-host.invalid"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct broker_settings settings = {.url = urls[i], .connect_timeout_ms = 2000};
        FAILS(broker_open(&b, &settings, &err), ERROR_UNAVAILABLE);
        FAILS(broker_feed_open(&feed, &settings, &err), ERROR_UNAVAILABLE);
    }
    struct broker_settings bad = {.url = "rediss://h"};
    FAILS(broker_open(&b, &bad, &err), ERROR_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(scripts_come_back_after_a_flush),
        TEST(a_cut_connection_is_dialled_anew),
        TEST(a_restart_is_survived),
        TEST(a_cut_while_submitting_loses_and_doubles_nothing),
        TEST(a_hanging_redis_is_given_up_in_time),
        TEST(out_of_memory_is_try_later),
        TEST(a_replica_is_try_later),
        TEST(missing_replicas_are_try_later),
        TEST(a_key_of_a_wrong_type_is_internal),
        TEST(passwords_are_used_and_never_shown),
        TEST(a_password_where_none_is_wanted_is_denied),
        TEST(acl_denials_are_denied),
        cmocka_unit_test(an_old_redis_is_refused),
        cmocka_unit_test(an_answer_cut_at_any_byte_is_asked_for_again),
        cmocka_unit_test(what_our_own_first_try_put_in_counts_as_done),
        cmocka_unit_test(a_call_is_repeated_once_only),
        cmocka_unit_test(strange_answers_never_crash),
        cmocka_unit_test(answers_that_should_not_be_are_internal),
        cmocka_unit_test(nobody_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
