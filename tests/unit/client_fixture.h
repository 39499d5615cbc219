/* A private Redis, a client on it, and a worker by hand: it reserves what waits and commits what
 * the test says. */
#ifndef TESTS_CLIENT_FIXTURE_H
#define TESTS_CLIENT_FIXTURE_H

#include "redis_fixture.h"

#include <event2/event.h>

#include "broker/broker_loop.h"
#include "client/celeriac.h"
#include "common/arena.h"

struct client_fixture {
    struct redis_fixture redis;
    struct celeriac_client *client;
    /* the worker */
    struct event_base *base;
    struct broker_loop *loop;
    bool is_up;
    size_t n_taken;       /* jobs committed so far */
    enum job_state state; /* what they end as */
    size_t padding;       /* bytes in each result, besides the job's first argument */
    int pending;          /* calls in flight */
};

static const struct broker_runner hand = {
    .worker = "hand-1", .runner = "hand-1/1", .lease_ms = 10000};
static struct celeriac_error error; /* of the call that is being tested */

#define OK(call)                                                                                   \
    do {                                                                                           \
        error = (struct celeriac_error){0};                                                        \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, error.message);                                              \
    } while (0)
#define FAILS(call, expected_code)                                                                 \
    do {                                                                                           \
        error = (struct celeriac_error){0};                                                        \
        assert_false(call);                                                                        \
        if (error.code != (expected_code))                                                         \
            fail_msg("%s: %d %s", #call, error.code, error.message);                               \
    } while (0)

static inline void
hand_on_up(void *arg)
{
    struct client_fixture *f = arg;
    f->is_up = true;
}

static inline void
hand_on_down(void *arg, const struct error *err)
{
    struct client_fixture *f = arg;
    (void)err;
    f->is_up = false;
}

static inline void
hand_on_done(void *arg, const struct error *err)
{
    struct client_fixture *f = arg;
    assert_null(err);
    f->pending--;
}

static inline void
hand_on_committed(void *arg, const char *queue, const enum finish_status *statuses, size_t n,
                  const struct error *err)
{
    struct client_fixture *f = arg;
    (void)queue;
    assert_null(err);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(statuses[i], FINISHED);
    f->pending--;
}

/* The outcome: the first argument, or an object that also holds the padding. */
static inline void
hand_finish(struct client_fixture *f, const struct broker_reserved *job, struct buffer *out,
            struct celeriac_arena *a)
{
    struct message m = MESSAGE_INIT;
    struct outcome o = OUTCOME_INIT;
    struct celeriac_value *padded = celeriac_array(a);
    assert_true(message_decode(job->message, job->len, a, &m, NULL));
    o.state = f->state;
    o.started_at_ms = o.finished_at_ms = 1000;
    o.attempt = 1;
    o.worker = hand.worker;
    if (f->state == JOB_SUCCESS) {
        o.result = celeriac_at(m.args, 0);
        if (f->padding) {
            char *zeros = calloc(1, f->padding);
            celeriac_append(padded, celeriac_binary(a, zeros, f->padding));
            free(zeros);
            o.result = padded;
        }
    } else {
        o.error_type = "bad";
        o.error_message = "as told";
    }
    assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, out, NULL));
}

static inline void
hand_on_reserved(void *arg, const char *queue, const struct broker_reservation *r,
                 const struct error *err)
{
    struct client_fixture *f = arg;
    struct celeriac_arena *a = arena_new();
    assert_null(err);
    for (size_t i = 0; i < r->n; i++) {
        struct buffer out = BUFFER_INIT;
        struct broker_finish finish = {.id = r->jobs[i].id, .ttl_ms = -1};
        hand_finish(f, &r->jobs[i], &out, a);
        finish.kind = f->state == JOB_SUCCESS ? FINISH_STORE : FINISH_BURY;
        finish.outcome = out.data;
        finish.len = out.len;
        f->pending++;
        f->n_taken++;
        broker_loop_commit(f->loop, queue, &hand, &finish, 1, hand_on_committed, f);
        buffer_clear(&out);
    }
    arena_free(a);
    f->pending--;
}

static inline void
hand_settle(struct client_fixture *f)
{
    while (f->pending > 0)
        assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
}

/* Ends up to n jobs of the queue; returns how many there were. */
static inline size_t
hand_work(struct client_fixture *f, const char *queue, size_t n)
{
    size_t before = f->n_taken;
    f->pending++;
    broker_loop_join(f->loop, queue, &hand, hand_on_done, f);
    hand_settle(f);
    f->pending++;
    broker_loop_reserve(f->loop, queue, &hand, n, false, hand_on_reserved, f);
    hand_settle(f);
    return f->n_taken - before;
}

static inline int
client_fixture_start(void **state)
{
    struct client_fixture *f = calloc(1, sizeof *f);
    struct broker_settings broker;
    struct broker_loop_events events = {hand_on_up, hand_on_down, f};
    struct celeriac_settings settings = CELERIAC_SETTINGS_INIT;
    redis_start(&f->redis);
    f->state = JOB_SUCCESS;
    f->base = event_base_new();
    broker = (struct broker_settings){.url = f->redis.url};
    assert_true(broker_loop_new(&f->loop, f->base, &broker, &events, NULL));
    while (!f->is_up)
        assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
    settings.broker = f->redis.url;
    f->client = celeriac_connect(&settings, &error);
    assert_non_null(f->client);
    *state = f;
    return 0;
}

static inline int
client_fixture_stop(void **state)
{
    struct client_fixture *f = *state;
    celeriac_close(f->client);
    broker_loop_free(f->loop);
    event_base_free(f->base);
    redis_stop(&f->redis);
    free(f);
    return 0;
}

/* {"task":"echo","args":[n]} */
static inline struct celeriac_job
echo_job(char *args, size_t size, int n)
{
    snprintf(args, size, "[%d]", n);
    return (struct celeriac_job){.task = "echo", .args_json = args};
}

static inline struct celeriac_future *
submit_echo(struct client_fixture *f, int n)
{
    struct celeriac_future *future;
    char args[32];
    struct celeriac_job job = echo_job(args, sizeof args, n);
    OK(celeriac_submit(f->client, &job, &future, &error));
    return future;
}

#define CLIENT_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, client_fixture_start, client_fixture_stop)

#endif
