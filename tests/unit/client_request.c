/* Options become messages; what is out of range is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/request.h"
#include "common/arena.h"
#include "common/json.h"

static void
assert_refused(const struct celeriac_options *o, const char *word)
{
    struct request r;
    struct error err = ERROR_INIT;

    assert_false(request_init(&r, o, 0, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (!strstr(err.message, word))
        fail_msg("%s: expected %s", err.message, word);
}

static void
options_out_of_range_are_refused_by_name(void **state)
{
    struct celeriac_options o = CELERIAC_OPTIONS_INIT, bad;

    (void)state;
    bad = o, bad.queue = "two words", assert_refused(&bad, "queue");
    bad = o, bad.priority = 10, assert_refused(&bad, "priority 10");
    bad = o, bad.priority = -1, assert_refused(&bad, "priority -1");
    bad = o, bad.delay_ms = -1, assert_refused(&bad, "delay");
    bad = o, bad.retries = -2, assert_refused(&bad, "retries");
    bad = o, bad.expires_ms = INT64_MAX, assert_refused(&bad, "expiry");
    bad = o, bad.result_ttl_ms = -2, assert_refused(&bad, "result");
    bad = o, bad.due_at_ms = -5, assert_refused(&bad, "due");
}

static void
message_carries_what_was_asked_for(void **state)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_options o = CELERIAC_OPTIONS_INIT;
    struct request r;
    struct request_job what = {.task = "echo", .args = json_parse(arena, "[1]", 3, NULL)};
    struct broker_job job;
    struct buffer bytes = BUFFER_INIT;
    struct message m;
    size_t offset;

    (void)state;
    o.priority = 9;
    o.expires_ms = 500;
    o.retries = 7;
    o.soft_limit_ms = 10;
    o.hard_limit_ms = 20;
    o.unique = "key";
    o.result_ttl_ms = 0;
    o.due_at_ms = 12345;
    assert_true(request_init(&r, &o, 1000, NULL));
    assert_true(request_encode(&r, &what, &bytes, &offset, &job, NULL));
    assert_true(message_decode(bytes.data + offset, job.len, arena, &m, NULL));
    assert_int_equal(m.priority, 9);
    assert_int_equal(m.expires_at_ms, 1500);
    assert_int_equal(m.max_retries, 7);
    assert_int_equal(m.soft_limit_ms, 10);
    assert_int_equal(m.hard_limit_ms, 20);
    assert_int_equal(m.result_ttl_ms, 0);
    assert_memory_equal(m.unique, "key", 3);
    assert_true(job.has_unique);
    assert_int_equal(job.due_at_ms, 12345);
    assert_int_equal(job.priority, 9);
    buffer_clear(&bytes);
    arena_free(arena);
}

static void
refused_job_leaves_nothing_in_the_batch(void **state)
{
    struct request r;
    struct broker_job job;
    struct buffer bytes = BUFFER_INIT;
    struct error err = ERROR_INIT;
    size_t offset;

    (void)state;
    assert_true(request_init(&r, NULL, 0, NULL));
    assert_false(
        request_encode(&r, &(struct request_job){.task = "no task"}, &bytes, &offset, &job, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_int_equal(bytes.len, 0);
    r.id = "not a uuid";
    assert_false(
        request_encode(&r, &(struct request_job){.task = "t"}, &bytes, &offset, &job, &err));
    buffer_clear(&bytes);
}

static void
key_that_nobody_chose_follows_task_and_arguments(void **state)
{
    struct celeriac_arena *arena = arena_new();
    const struct celeriac_value *one = json_parse(arena, "[1]", 3, NULL);
    const struct celeriac_value *two = json_parse(arena, "[2]", 3, NULL);
    const struct celeriac_value *named = json_parse(arena, "{\"a\":1}", 7, NULL);
    struct request_job jobs[] = {
        {.task = "t", .args = one},     {.task = "t", .args = two},
        {.task = "u", .args = one},     {.task = "t"},
        {.task = "t", .kwargs = named},
    };
    char keys[5][UNIQUE_KEY_MAX + 1], again[UNIQUE_KEY_MAX + 1];

    (void)state;
    for (int i = 0; i < 5; i++) {
        request_unique_key(&jobs[i], keys[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(keys[i], keys[j]);
    }
    request_unique_key(
        &(struct request_job){.task = "t", .args = json_parse(arena, " [ 1 ]", 6, NULL)}, again);
    assert_string_equal(again, keys[0]);
    arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
        cmocka_unit_test(message_carries_what_was_asked_for),
        cmocka_unit_test(refused_job_leaves_nothing_in_the_batch),
        cmocka_unit_test(key_that_nobody_chose_follows_task_and_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
