/* The fields of a job in JSON: what is known is there, in the order of the contract; what is not is
 * absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/job_view.h"
#include "common/arena.h"
#include "common/json.h"

static const char uuid[] =
    "01a20962-6ae3-733d-bbe7-e062afd5246f"; /* made at 2026-11-23T17:09:34.563Z */

struct made {
    struct celeriac_arena *arena;
    struct buffer message, outcome;
    struct broker_record record;
};

static struct made
make(enum job_state state)
{
    struct made m = {.arena = arena_new(),
                     .record = {.state = state, .queue = "default", .ahead = -1}};

    assert_true(id_parse(&m.record.id, uuid, strlen(uuid)));
    return m;
}

static void
add_message(struct made *m)
{
    struct message message = MESSAGE_INIT;

    message.task = "echo";
    message.task_len = 4;
    message.args = json_parse(m->arena, "[1]", 3, NULL);
    message.kwargs = json_parse(m->arena, "{\"k\":2}", 7, NULL);
    message.attempts = 1;
    assert_true(message_encode(&message, 1000, &m->message, NULL));
    m->record.message = m->message.data;
    m->record.message_len = m->message.len;
}

static void
add_outcome(struct made *m, struct outcome o)
{
    assert_true(outcome_encode(&o, 10000, &m->outcome, NULL));
    m->record.outcome = m->outcome.data;
    m->record.outcome_len = m->outcome.len;
}

static void
assert_view(struct made *m, const struct job_progress *progress, const char *expected)
{
    struct celeriac_arena *arena = arena_new();
    const char *json = celeriac_print(arena, job_view(&m->record, progress, arena));

    assert_string_equal(json, expected);
    arena_free(arena);
    arena_free(m->arena);
    buffer_clear(&m->message);
    buffer_clear(&m->outcome);
}

#define HEAD "{\"v\":1,\"id\":\"01a20962-6ae3-733d-bbe7-e062afd5246f\","

static void
unknown_job_has_its_id_and_time(void **state)
{
    struct made m = make(JOB_UNKNOWN);

    (void)state;
    m.record.queue = NULL;
    assert_view(&m, NULL,
                HEAD "\"state\":\"unknown\",\"created_at\":\"2026-11-23T17:09:34.563Z\"}");
}

static void
queued_job_tells_what_stands_before_it(void **state)
{
    struct made m = make(JOB_QUEUED);

    (void)state;
    add_message(&m);
    m.record.ahead = 1234;
    assert_view(
        &m, NULL,
        HEAD
        "\"task\":\"echo\",\"args\":[1],\"kwargs\":{\"k\":2},\"queue\":\"default\",\"priority\":5,"
        "\"state\":\"queued\",\"attempt\":1,\"crashes\":0,\"created_at\":\"2026-11-23T17:09:34."
        "563Z\","
        "\"ahead\":1234}");
}

static void
running_job_tells_its_worker_and_progress(void **state)
{
    static const char published[] =
        "{\"running\":[{\"id\":\"01a20962-6ae3-733d-bbe7-e062afd5246f\",\"progress\":0.5}]}";
    struct made m = make(JOB_RUNNING);
    const struct celeriac_value *states[1];
    struct job_progress progress = {states, 1};

    (void)state;
    add_message(&m);
    states[0] = json_parse(m.arena, published, strlen(published), NULL);
    m.record.runner = "host-1-abcd/3.1";
    m.record.started_at_ms = 1795453774563 + 1000;
    assert_view(
        &m, &progress,
        HEAD
        "\"task\":\"echo\",\"args\":[1],\"kwargs\":{\"k\":2},\"queue\":\"default\",\"priority\":5,"
        "\"state\":\"running\",\"attempt\":2,\"crashes\":0,\"created_at\":\"2026-11-23T17:09:34."
        "563Z\","
        "\"started_at\":\"2026-11-23T17:09:35.563Z\",\"worker\":\"host-1-abcd\",\"progress\":0.5}");
}

static void
done_job_tells_its_result(void **state)
{
    struct made m = make(JOB_SUCCESS);

    (void)state;
    add_outcome(&m, (struct outcome){.state = JOB_SUCCESS,
                                     .result = json_parse(m.arena, "[1.5]", 5, NULL),
                                     .task = "echo",
                                     .worker = "w",
                                     .started_at_ms = 1795453774563,
                                     .finished_at_ms = 1795453774564,
                                     .runtime_us = 1500,
                                     .attempt = 1});
    assert_view(
        &m, NULL,
        HEAD
        "\"task\":\"echo\",\"queue\":\"default\",\"state\":\"success\",\"attempt\":1,\"crashes\":0,"
        "\"created_at\":\"2026-11-23T17:09:34.563Z\",\"started_at\":\"2026-11-23T17:09:34.563Z\","
        "\"finished_at\":\"2026-11-23T17:09:34.564Z\",\"worker\":\"w\",\"result\":[1.5],"
        "\"runtime_ms\":1.5}");
}

static void
dead_job_tells_its_error(void **state)
{
    struct made m = make(JOB_DEAD);
    struct celeriac_arena *arena = arena_new();
    const struct celeriac_value *view;

    (void)state;
    add_message(&m);
    add_outcome(&m, (struct outcome){.state = JOB_DEAD,
                                     .error_type = "crash",
                                     .error_message = "killed",
                                     .error_signal = "SEGV",
                                     .finished_at_ms = 1795453774564,
                                     .crashes = 3});
    view = job_view(&m.record, NULL, arena);
    assert_string_equal(job_view_error(celeriac_get(view, "error"), arena),
                        "crash: killed (signal SEGV)");
    assert_string_equal(job_view_error(NULL, arena), "");
    arena_free(arena);
    assert_view(
        &m, NULL,
        HEAD
        "\"task\":\"echo\",\"args\":[1],\"kwargs\":{\"k\":2},\"queue\":\"default\",\"priority\":5,"
        "\"state\":\"dead\",\"attempt\":0,\"crashes\":3,\"created_at\":\"2026-11-23T17:09:34."
        "563Z\","
        "\"finished_at\":\"2026-11-23T17:09:34.564Z\","
        "\"error\":{\"type\":\"crash\",\"message\":\"killed\",\"signal\":\"SEGV\"}}");
}

static void
message_that_cannot_be_read_does_not_hide_the_job(void **state)
{
    struct made m = make(JOB_QUEUED);

    (void)state;
    m.record.message = "garbage";
    m.record.message_len = 7;
    assert_view(
        &m, NULL,
        HEAD
        "\"queue\":\"default\",\"state\":\"queued\",\"created_at\":\"2026-11-23T17:09:34.563Z\"}");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_job_has_its_id_and_time),
        cmocka_unit_test(queued_job_tells_what_stands_before_it),
        cmocka_unit_test(running_job_tells_its_worker_and_progress),
        cmocka_unit_test(done_job_tells_its_result),
        cmocka_unit_test(dead_job_tells_its_error),
        cmocka_unit_test(message_that_cannot_be_read_does_not_hide_the_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
