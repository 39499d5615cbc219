/* What becomes of a job in a compute thread: from the bytes of its message to how it ends. */
#include "worker/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/context.h"
#include "client/module.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "worker/scoreboard.h"

enum { REDIS_MS = 1795000000 };

/* ---- a module made for this test ---- */

static struct scoreboard_slot *own_slot;

static enum celeriac_outcome
run_double(struct celeriac_context *ctx)
{
    return celeriac_return(ctx,
                           celeriac_integer(celeriac_arena(ctx), 2 * celeriac_arg_integer(ctx, 0)));
}

static enum celeriac_outcome
run_fail(struct celeriac_context *ctx)
{
    return celeriac_fail(ctx, "flaky", "attempt %u", celeriac_attempt(ctx));
}

static enum celeriac_outcome
run_reject(struct celeriac_context *ctx)
{
    return celeriac_reject(ctx, "wrong", "never");
}

static enum celeriac_outcome
run_again(struct celeriac_context *ctx)
{
    return celeriac_again(ctx, 1234, celeriac_arg_boolean(ctx, 0));
}

/* Stops as if the flag of this kind had been set while it ran; below 0: meant for another job. */
static enum celeriac_outcome
run_stopped(struct celeriac_context *ctx)
{
    const int64_t reason = celeriac_arg_integer(ctx, 0);
    struct slot_view v;
    assert_true(slot_read(own_slot, &v));
    if (reason > 0)
        assert_true(slot_stop(own_slot, &v, (enum stop_reason)reason));
    else
        atomic_store(&own_slot->stop, STOP_CANCEL);
    return celeriac_cancelled(ctx) ? CELERIAC_CANCELLED
                                   : celeriac_return(ctx, celeriac_null(celeriac_arena(ctx)));
}

static enum celeriac_outcome
run_large(struct celeriac_context *ctx)
{
    const size_t size = RESULT_MAX_DEFAULT + 1;
    char *bytes = calloc(size, 1);
    const struct celeriac_value *v = celeriac_binary(celeriac_arena(ctx), bytes, size);
    free(bytes);
    return celeriac_return(ctx, v);
}

static const struct celeriac_param integer[] = {{.name = "n", .kind = CELERIAC_ARG_INTEGER}};
static const struct celeriac_param boolean[] = {{.name = "free", .kind = CELERIAC_ARG_BOOLEAN}};
static const int no_retries = 0;
static const struct celeriac_task tasks[] = {
    {.name = "double", .run = run_double, .params = integer, .n_params = 1, .help = "2 n"},
    {.name = "fail", .run = run_fail, .help = "fails"},
    {.name = "fail_once", .run = run_fail, .max_retries = &no_retries, .help = "fails"},
    {.name = "reject", .run = run_reject, .help = "rejects"},
    {.name = "again", .run = run_again, .params = boolean, .n_params = 1, .help = "asks for more"},
    {.name = "stopped", .run = run_stopped, .params = integer, .n_params = 1, .help = "is stopped"},
    {.name = "large", .run = run_large, .help = "is large"},
};
static const struct celeriac_module module = {.abi = CELERIAC_ABI,
                                              .name = "test",
                                              .tasks = tasks,
                                              .n_tasks = sizeof(tasks) / sizeof(tasks[0])};

/* ---- one run ---- */

struct stage {
    struct module_set *modules;
    struct scoreboards *boards;
    struct job_place place;
    _Atomic int64_t look_at_ms;
    void *states[2];
    struct job_store store;
    struct job *job;
    struct celeriac_arena *arena;
    struct outcome outcome; /* of the last run, if it ended with one */
};

static int
set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    struct error err = ERROR_INIT;
    s->modules = module_set_new();
    assert_true(module_set_add(s->modules, &module, "test", &err));
    assert_true(scoreboards_new(&s->boards, 1, &err));
    struct scoreboard *board = scoreboards_take(s->boards, 1, 1, 0);
    board->next_look_ms = 0; /* no look is asked for: there is no pool */
    s->look_at_ms = INT64_MAX;
    s->place = (struct job_place){.modules = s->modules,
                                  .states = s->states,
                                  .worker = "w1",
                                  .board = board,
                                  .slot = &board->slots[0],
                                  .look_at_ms = &s->look_at_ms};
    own_slot = s->place.slot;
    s->store.max_result_bytes = RESULT_MAX_DEFAULT;
    s->arena = arena_new();
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct stage *s = *state;
    buffer_clear(&s->place.scratch);
    if (s->job != NULL)
        job_give_back(&s->store, s->job);
    job_store_trim(&s->store, 0);
    scoreboards_free(s->boards);
    module_set_free(s->modules);
    arena_free(s->arena);
    free(s);
    return 0;
}

static struct job *
prepare(struct stage *s, const void *bytes, size_t len)
{
    if (s->job != NULL)
        job_give_back(&s->store, s->job);
    struct job *job = s->job = job_take(&s->store);
    id_new(&job->id);
    job->queue_name = "default";
    job->reserved_us = clock_mono_us();
    job->reserved_redis_ms = REDIS_MS;
    job->bytes = arena_copy(job->arena, bytes, len);
    job->len = len;
    return job;
}

static struct job *
prepare_message(struct stage *s, struct message *m, const char *task, const char *args)
{
    struct buffer bytes = BUFFER_INIT;
    struct error err = ERROR_INIT;
    m->task = task;
    m->task_len = strlen(task);
    m->args = args != NULL ? celeriac_parse(s->arena, args, strlen(args), NULL, 0) : NULL;
    assert_true(message_encode(m, MESSAGE_MAX_DEFAULT, &bytes, &err));
    struct job *job = prepare(s, bytes.data, bytes.len);
    buffer_clear(&bytes);
    return job;
}

static struct job *
run(struct stage *s, struct job *job)
{
    struct error err = ERROR_INIT;
    job_run(&s->place, job);
    assert_false(slot_is_running(s->place.slot));
    s->outcome = OUTCOME_INIT;
    if (job->end == JOB_ENDS && job->finish.kind != FINISH_RETRY)
        assert_true(
            outcome_decode(job->finish.outcome, job->finish.len, s->arena, &s->outcome, &err));
    return job;
}

static struct job *
run_with(struct stage *s, struct message m, const char *task, const char *args)
{
    return run(s, prepare_message(s, &m, task, args));
}

static const char *
result_text(const struct stage *s)
{
    return celeriac_print(s->arena, s->outcome.result);
}

/* ---- tests ---- */

static void
job_succeeds_with_its_result(void **state)
{
    struct stage *s = *state;
    const struct job *job = run_with(s, MESSAGE_INIT, "double", "[21]");
    assert_int_equal(job->finish.kind, FINISH_STORE);
    assert_int_equal(job->finish.ttl_ms, -1);
    assert_int_equal(s->outcome.state, JOB_SUCCESS);
    assert_string_equal(result_text(s), "42");
    assert_string_equal(s->outcome.worker, "w1");
    assert_string_equal(s->outcome.task, "double");
    assert_int_equal(s->outcome.attempt, 1);
    assert_in_range(s->outcome.started_at_ms, REDIS_MS, REDIS_MS + 5000);
    assert_true(job->runtime_us >= 0);
}

static void
job_fails_for_good_when_its_retries_are_used_up(void **state)
{
    static const struct {
        const char *task;
        int32_t max_retries;
        uint16_t attempts;
        enum finish_kind kind;
    } table[] = {{"fail", -1, 0, FINISH_RETRY},     {"fail", -1, 2, FINISH_RETRY},
                 {"fail", -1, 3, FINISH_BURY},      {"fail", 0, 0, FINISH_BURY},
                 {"fail", 9, 8, FINISH_RETRY},      {"fail_once", -1, 0, FINISH_BURY},
                 {"fail_once", 1, 0, FINISH_RETRY}, {"reject", 9, 0, FINISH_BURY}};
    struct stage *s = *state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct message m = MESSAGE_INIT;
        m.max_retries = table[i].max_retries;
        m.attempts = table[i].attempts;
        m.backoff_ms = 100;
        const struct job *job = run_with(s, m, table[i].task, NULL);
        assert_int_equal(job->finish.kind, table[i].kind);
        assert_false(job->finish.is_free);
        if (table[i].kind == FINISH_BURY) {
            assert_int_equal(s->outcome.state, JOB_FAILURE);
            assert_int_equal(s->outcome.attempt, table[i].attempts + 1);
        } else {
            assert_in_range(job->finish.delay_ms, 0, 100 << table[i].attempts);
        }
    }
}

static void
job_with_wrong_arguments_fails_without_retry(void **state)
{
    struct stage *s = *state;
    const struct job *job = run_with(s, MESSAGE_INIT, "double", "[\"x\"]");
    assert_int_equal(job->finish.kind, FINISH_BURY);
    assert_string_equal(s->outcome.error_type, "invalid_arguments");
}

static void
job_gets_another_attempt_when_it_asks_for_one(void **state)
{
    struct stage *s = *state;
    struct message m = MESSAGE_INIT;
    m.max_retries = 1;
    const struct job *job = run_with(s, m, "again", "[false]");
    assert_int_equal(job->finish.kind, FINISH_RETRY);
    assert_int_equal(job->finish.delay_ms, 1234);
    assert_false(job->finish.is_free);
    m.attempts = 1;
    job = run_with(s, m, "again", "[false]");
    assert_int_equal(job->finish.kind, FINISH_BURY);
    assert_string_equal(s->outcome.error_type, "retries_exhausted");
    job = run_with(s, m, "again", "[true]");
    assert_int_equal(job->finish.kind, FINISH_RETRY);
    assert_true(job->finish.is_free);
}

static void
job_that_is_stopped_ends_as_the_flag_says(void **state)
{
    struct stage *s = *state;
    struct message m = MESSAGE_INIT;
    m.max_retries = 0;
    struct job *job = run_with(s, m, "stopped", "[1]");
    assert_int_equal(job->finish.kind, FINISH_STORE);
    assert_int_equal(s->outcome.state, JOB_CANCELLED);
    job = run_with(s, m, "stopped", "[2]");
    assert_int_equal(job->finish.kind, FINISH_BURY);
    assert_string_equal(s->outcome.error_type, "timeout");
    job = run_with(s, m, "stopped", "[3]");
    assert_int_equal(job->finish.kind, FINISH_RETRY);
    assert_true(job->finish.is_free);
    assert_int_equal(job->finish.delay_ms, 0);
    job = run_with(s, m, "stopped", "[-1]"); /* the flag was meant for another job */
    assert_int_equal(job->finish.kind, FINISH_RETRY);
    assert_true(job->finish.is_free);
}

static void
job_does_not_start_if_it_is_cancelled_or_expired(void **state)
{
    struct stage *s = *state;
    struct message m = MESSAGE_INIT;
    m.expires_at_ms = REDIS_MS;
    const struct job *job = run_with(s, m, "double", "[1]");
    assert_int_equal(job->finish.kind, FINISH_STORE);
    assert_int_equal(s->outcome.state, JOB_EXPIRED);
    assert_int_equal(job->runtime_us, -1);
    m.expires_at_ms = REDIS_MS + 600000;
    (void)run_with(s, m, "double", "[1]");
    assert_int_equal(s->outcome.state, JOB_SUCCESS);
    struct job *marked = prepare_message(s, &m, "double", "[1]");
    marked->is_cancelled = true;
    job = run(s, marked);
    assert_int_equal(job->finish.kind, FINISH_STORE);
    assert_int_equal(s->outcome.state, JOB_CANCELLED);
    assert_int_equal(job->runtime_us, -1);
}

static void
job_of_an_unknown_task_is_left_to_the_loop(void **state)
{
    struct stage *s = *state;
    const struct job *job = run_with(s, MESSAGE_INIT, "nosuch", NULL);
    assert_int_equal(job->end, JOB_HAS_NO_TASK);
    assert_int_equal(job->message.task_len, 6);
}

static void
job_that_cannot_be_read_is_dead(void **state)
{
    static const char *const messages[] = {"", "x",
                                           "\x01"
                                           "5\0\0\0\0\0\0",
                                           "\x01"
                                           "5\0\0\0\0\0\0\xc1",
                                           "\x07garbage garbage"};
    static const size_t lens[] = {0, 1, 8, 9, 16};
    struct stage *s = *state;
    for (size_t i = 0; i < 5; i++) {
        const struct job *job = run(s, prepare(s, messages[i], lens[i]));
        assert_int_equal(job->finish.kind, FINISH_BURY);
        assert_int_equal(s->outcome.state, JOB_DEAD);
        assert_string_equal(s->outcome.error_type, "bad_message");
    }
}

static void
job_whose_result_is_too_large_fails(void **state)
{
    struct stage *s = *state;
    const struct job *job = run_with(s, MESSAGE_INIT, "large", NULL);
    assert_int_equal(job->finish.kind, FINISH_BURY);
    assert_string_equal(s->outcome.error_type, "result_too_large");
}

static void
chunk_runs_all_lines_in_one_attempt(void **state)
{
    struct stage *s = *state;
    struct message m = MESSAGE_INIT;
    m.chunk = 4;
    const struct job *job = run_with(s, m, "double", "[[1], {\"n\": 2}, [3], [\"x\"]]");
    assert_int_equal(job->finish.kind, FINISH_STORE);
    assert_int_equal(celeriac_size(s->outcome.result), 4);
    int64_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_true(
            celeriac_get_integer(celeriac_get(celeriac_at(s->outcome.result, i), "result"), &n));
        assert_int_equal(n, 2 * ((int64_t)i + 1));
    }
    const struct celeriac_value *error = celeriac_get(celeriac_at(s->outcome.result, 3), "error");
    assert_string_equal(celeriac_bytes(celeriac_get(error, "type"), NULL), "invalid_arguments");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(job_succeeds_with_its_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(job_fails_for_good_when_its_retries_are_used_up, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_with_wrong_arguments_fails_without_retry, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_gets_another_attempt_when_it_asks_for_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_that_is_stopped_ends_as_the_flag_says, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_does_not_start_if_it_is_cancelled_or_expired, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_of_an_unknown_task_is_left_to_the_loop, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(job_that_cannot_be_read_is_dead, set_up, tear_down),
        cmocka_unit_test_setup_teardown(job_whose_result_is_too_large_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunk_runs_all_lines_in_one_attempt, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
