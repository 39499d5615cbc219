/* What needs no Redis: key names, requests as bytes, answers and errors, versions, the back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/answer.h"
#include "broker/backoff.h"
#include "broker/request.h"
#include "common/message.h"

static void
keys_are_as_documented(void **state)
{
    (void)state;
    static const char *const names[] = {
        [QUEUE_JOBS] = "celeriac:{q}:jobs:",        [QUEUE_DELAYED] = "celeriac:{q}:delayed",
        [QUEUE_SUSPECTS] = "celeriac:{q}:suspects", [QUEUE_WORKERS] = "celeriac:{q}:workers",
        [QUEUE_DEAD] = "celeriac:{q}:dead",         [QUEUE_REASONS] = "celeriac:{q}:reasons",
        [QUEUE_BELL] = "celeriac:{q}:bell",         [QUEUE_CANCELLED] = "celeriac:{q}:cancelled",
        [QUEUE_UNIQUE] = "celeriac:{q}:unique",     [QUEUE_WAITERS] = "celeriac:{q}:waiters",
        [QUEUE_META] = "celeriac:{q}:meta",         [QUEUE_STATS] = "celeriac:{q}:stats",
        [QUEUE_CONTROL] = "celeriac:{q}:control"};
    struct key key;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        key_of_queue(&key, NAMESPACE_DEFAULT, "q", (enum queue_key)i);
        assert_string_equal(key.text, names[i]);
        assert_int_equal(key.len, strlen(names[i]));
    }
    key_ready(&key, "ns", "q", 9);
    assert_string_equal(key.text, "ns:{q}:ready:9");
    key_active(&key, "ns", "q", "host-1/2");
    assert_string_equal(key.text, "ns:{q}:active:host-1/2");
    key_queues(&key, "ns");
    assert_string_equal(key.text, "ns:queues");
    key_worker(&key, "ns", "w");
    assert_string_equal(key.text, "ns:worker:w");
    key_worker_control(&key, "ns", "w");
    assert_string_equal(key.text, "ns:worker:w:control");
    key_tasks(&key, "ns", "abc");
    assert_string_equal(key.text, "ns:tasks:abc");
    key_feed(&key, "ns", "r");
    assert_string_equal(key.text, "ns:feed:r");
}

static void
messages_and_outcomes_lie_by_bucket(void **state)
{
    (void)state;
    struct id id;
    struct key key;
    assert_true(id_parse(&id, "0198c0de-0000-7000-8000-000000000000", 36));
    /* 0x0198c0de0 in 6 digits, then version and lane, 0x700, in 2 */
    key_results(&key, NAMESPACE_DEFAULT, "q", &id);
    assert_string_equal(key.text, "celeriac:{q}:results:-OY-rVR-");
    key_jobs(&key, NAMESPACE_DEFAULT, "q", &id);
    assert_string_equal(key.text, "celeriac:{q}:jobs:-OY-rVR-");
    assert_true(id_from_redis(&id, "foreign", 7));
    key_results(&key, NAMESPACE_DEFAULT, "q", &id);
    assert_string_equal(key.text, "celeriac:{q}:result:foreign");
    key_jobs(&key, NAMESPACE_DEFAULT, "q", &id);
    assert_string_equal(key.text, "celeriac:{q}:jobs:other");
}

static void
keys_that_are_too_long_are_cut(void **state)
{
    (void)state;
    char name[2 * KEY_MAX];
    struct key key;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    key_worker(&key, "ns", name);
    assert_int_equal(key.len, KEY_MAX);
    assert_int_equal(strlen(key.text), KEY_MAX);
}

static void
names_are_checked(void **state)
{
    (void)state;
    char name[QUEUE_NAME_MAX + 2];
    struct error err;
    assert_true(key_queue_name_is_valid("a_B.9-"));
    assert_false(key_queue_name_is_valid(""));
    assert_false(key_queue_name_is_valid("a b"));
    assert_false(key_queue_name_is_valid("a}b"));
    assert_false(key_queue_name_is_valid("\xc3\xa4"));
    memset(name, 'x', sizeof name);
    name[QUEUE_NAME_MAX] = '\0';
    assert_true(key_queue_name_is_valid(name));
    name[QUEUE_NAME_MAX] = 'x';
    name[QUEUE_NAME_MAX + 1] = '\0';
    assert_false(key_queue_name_is_valid(name));
    assert_true(key_check_namespace("a:b", &err));
    assert_false(key_check_namespace("a{b", &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

static void
requests_are_resp(void **state)
{
    (void)state;
    struct request r = REQUEST_INIT;
    request_command(&r, "SET", 4);
    request_arg(&r, "a\0b", 3);
    request_arg(&r, NULL, 0);
    request_number(&r, INT64_MIN);
    static const char expected[] =
        "*4\r\n$3\r\nSET\r\n$3\r\na\0b\r\n$0\r\n\r\n$20\r\n-9223372036854775808\r\n";
    assert_int_equal(r.bytes.len, sizeof expected - 1);
    assert_memory_equal(r.bytes.data, expected, sizeof expected - 1);
    request_reset(&r);
    request_command(&r, "PING", 1);
    assert_int_equal(r.bytes.len, 14);
    request_clear(&r);
}

static void
a_script_call_becomes_eval(void **state)
{
    (void)state;
    struct request sha = REQUEST_INIT, whole = REQUEST_INIT;
    const struct script_source *source = script_source(SCRIPT_PAUSE);
    request_script(&sha, SCRIPT_PAUSE, 1, 1);
    request_text(&sha, "key");
    request_text(&sha, "arg");
    request_as_eval(&whole, SCRIPT_PAUSE, sha.bytes.data, sha.bytes.len);
    char *expected = malloc(source->len + 200);
    int head = sprintf(expected, "*5\r\n$4\r\nEVAL\r\n$%zu\r\n", source->len);
    memcpy(expected + head, source->bytes, source->len);
    size_t len = (size_t)head + source->len;
    len += (size_t)sprintf(expected + len, "\r\n$1\r\n1\r\n$3\r\nkey\r\n$3\r\narg\r\n");
    assert_int_equal(whole.bytes.len, len);
    assert_memory_equal(whole.bytes.data, expected, len);
    free(expected);
    request_clear(&sha);
    request_clear(&whole);
}

static const struct {
    const char *text;
    enum error_code code;
    bool closes;
} errors[] = {
    {"LOADING Redis is loading the dataset in memory", ERROR_TRY_LATER, false},
    {"OOM command not allowed when used memory > 'maxmemory'.", ERROR_TRY_LATER, false},
    {"ERR Error running script (call to f_0): @user_script:1: -OOM command not allowed",
     ERROR_TRY_LATER, false},
    {"READONLY You can't write against a read only replica.", ERROR_TRY_LATER, true},
    {"ERR Error running script (call to f_0): @user_script:1: -READONLY You can't", ERROR_TRY_LATER,
     true},
    {"MISCONF Redis is configured to save RDB snapshots", ERROR_TRY_LATER, false},
    {"BUSY Redis is busy running a script.", ERROR_TRY_LATER, false},
    {"NOREPLICAS Not enough good replicas to write.", ERROR_TRY_LATER, false},
    {"MASTERDOWN Link with MASTER is down", ERROR_TRY_LATER, true},
    {"CLUSTERDOWN The cluster is down", ERROR_TRY_LATER, true},
    {"MOVED 1 h:1", ERROR_CONFIG, true},
    {"NOAUTH Authentication required.", ERROR_DENIED, true},
    {"WRONGPASS invalid username-password pair or user is disabled.", ERROR_DENIED, true},
    {"ERR AUTH <password> called without any password configured for the default user",
     ERROR_DENIED, true},
    {"NOPERM this user has no permissions to run the 'eval' command", ERROR_DENIED, false},
    {"ERR The user executing the script can't run this command or subcommand", ERROR_DENIED, false},
    {"DENIED Redis is running in protected mode", ERROR_DENIED, true},
    {"ERR max number of clients reached", ERROR_UNAVAILABLE, true},
    {"ERR DB index is out of range", ERROR_CONFIG, true},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", ERROR_INTERNAL, true},
    {"BUSYGROUP whatever", ERROR_INTERNAL, true},
    {"", ERROR_INTERNAL, true},
};

static void
errors_say_what_can_be_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", errors[i].text);
        redisReply reply = {.type = REDIS_REPLY_ERROR, .str = text, .len = strlen(text)};
        struct error err = ERROR_INIT;
        assert_false(answer_check(&reply, &err));
        if (err.code != errors[i].code || answer_closes(&reply) != errors[i].closes)
            fail_msg("%s: %d", text, err.code);
    }
}

static redisReply
text_reply(char *text)
{
    return (redisReply){.type = REDIS_REPLY_STRING, .str = text, .len = strlen(text)};
}

static void
numbers_are_read_from_integers_and_scores(void **state)
{
    (void)state;
    static const struct {
        char text[32];
        int64_t expected; /* -7: none */
    } rows[] = {{"12", 12},
                {"-3", -3},
                {"1.7e12", 1700000000000},
                {"", -7},
                {"x", -7},
                {"1x", -7},
                {"nan", -7},
                {"inf", -7},
                {"1e300", -7},
                {"99999999999999999999", -7}};
    int64_t got;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[32];
        strcpy(text, rows[i].text);
        redisReply reply = text_reply(text);
        got = -7;
        assert_int_equal(answer_integer(&reply, &got), rows[i].expected != -7);
        assert_int_equal(got, rows[i].expected);
    }
    redisReply integer = {.type = REDIS_REPLY_INTEGER, .integer = 5},
               nil = {.type = REDIS_REPLY_NIL};
    assert_true(answer_integer(&integer, &got));
    assert_int_equal(got, 5);
    assert_false(answer_integer(&nil, &got));
    assert_false(answer_integer(NULL, &got));
}

static void
shapes_are_checked(void **state)
{
    (void)state;
    redisReply integer = {.type = REDIS_REPLY_INTEGER, .integer = 2},
               negative = {.type = REDIS_REPLY_INTEGER, .integer = -2};
    redisReply *items[] = {&integer}, *others[] = {&negative};
    redisReply array = {.type = REDIS_REPLY_ARRAY, .elements = 1, .element = items};
    redisReply other = {.type = REDIS_REPLY_ARRAY, .elements = 1, .element = others};
    redisReply empty = {.type = REDIS_REPLY_ARRAY};
    struct error err;
    assert_int_equal(answer_status(&array), 2);
    assert_int_equal(answer_status(&other), -1);
    assert_int_equal(answer_status(&empty), -1);
    assert_int_equal(answer_status(&integer), -1);
    assert_int_equal(answer_status(NULL), -1);
    assert_null(answer_at(&array, 1));
    for (int type = 0; type < 20; type++) {
        redisReply any = {.type = type};
        assert_false(answer_unexpected(&any, "x", &err));
        assert_int_equal(err.code, ERROR_INTERNAL);
    }
    assert_false(answer_unexpected(NULL, "x", &err));
}

static void
versions_before_6_2_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *info;
        bool ok;
    } rows[] = {{"redis_version:6.0.16\r\n", false},
                {"# Server\r\nredis_version:5.0.14\r\n", false},
                {"redis_version:6.2.0\r\n", true},
                {"redis_version:7.0.15\r\n", true},
                {"redis_version:10.0.0\r\n", true},
                {"nothing", true},
                {"redis_version:x", true}};
    struct error err;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(answer_version(rows[i].info, strlen(rows[i].info), &err), rows[i].ok);
    assert_false(answer_version(rows[0].info, strlen(rows[0].info), &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_string_equal(err.message, "Redis 6.0.16 is older than 6.2");
}

static void
backoff_doubles_with_jitter_up_to_a_second(void **state)
{
    (void)state;
    static const int full[] = {50, 50, 100, 200, 400, 800, 1000, 1000};
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(backoff_ms(i, 0), full[i]);
        for (uint32_t random = 0; random < 5000; random += 7) {
            int got = backoff_ms(i, random);
            assert_in_range(got, full[i] / 2, full[i]);
        }
    }
    assert_in_range(backoff_ms(4000000000u, 123456), 500, 1000);
}

/* Said to be longer than memory allows: refused at once, at any depth. */
static void
endless_arrays_are_refused(void **state)
{
    (void)state;
    static const char *const answers[] = {"*888888882\r\n", "*2\r\n:1\r\n*888888882\r\n"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        redisReader *reader = answer_reader();
        void *answer = NULL;
        assert_int_equal(redisReaderFeed(reader, answers[i], strlen(answers[i])), REDIS_OK);
        assert_int_equal(redisReaderGetReply(reader, &answer), REDIS_ERR);
        assert_null(answer);
        assert_int_not_equal(reader->errstr[0], '\0');
        redisReaderFree(reader);
    }
    static const char fine[] = "*2\r\n:1\r\n*1\r\n:2\r\n";
    redisReader *reader = answer_reader();
    void *answer = NULL;
    assert_int_equal(redisReaderFeed(reader, fine, sizeof fine - 1), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &answer), REDIS_OK);
    assert_int_equal(answer_at(answer_at(answer, 1), 0)->integer, 2);
    freeReplyObject(answer);
    redisReaderFree(reader);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_as_documented),
        cmocka_unit_test(messages_and_outcomes_lie_by_bucket),
        cmocka_unit_test(keys_that_are_too_long_are_cut),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(requests_are_resp),
        cmocka_unit_test(a_script_call_becomes_eval),
        cmocka_unit_test(errors_say_what_can_be_done),
        cmocka_unit_test(numbers_are_read_from_integers_and_scores),
        cmocka_unit_test(shapes_are_checked),
        cmocka_unit_test(versions_before_6_2_are_refused),
        cmocka_unit_test(endless_arrays_are_refused),
        cmocka_unit_test(backoff_doubles_with_jitter_up_to_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
