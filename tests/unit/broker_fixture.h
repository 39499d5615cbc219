/* A private Redis, a broker on it, and jobs made of little. */
#ifndef TESTS_BROKER_FIXTURE_H
#define TESTS_BROKER_FIXTURE_H

#include "redis_fixture.h"

#include "broker/keys.h"
#include "broker/broker.h"
#include "common/arena.h"
#include "common/message.h"

struct broker_fixture {
    struct redis_fixture redis;
    struct broker_settings settings;
    struct broker *broker;
    struct celeriac_arena *arena;
    struct buffer bytes; /* of messages and outcomes, one behind the other: never moved by make_* */
};

static struct error err; /* of the call that is being tested */

#define OK(call)                                                                                   \
    do {                                                                                           \
        err = ERROR_INIT;                                                                          \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)
#define FAILS(call, expected_code)                                                                 \
    do {                                                                                           \
        err = ERROR_INIT;                                                                          \
        assert_false(call);                                                                        \
        if (err.code != (expected_code))                                                           \
            fail_msg("%s: %d %s", #call, err.code, err.message);                                   \
    } while (0)

static inline void
fixture_open(struct broker_fixture *f)
{
    f->settings = (struct broker_settings){.url = f->redis.url, .command_timeout_ms = 5000};
    f->arena = arena_new();
    f->bytes = BUFFER_INIT;
    OK(broker_open(&f->broker, &f->settings, &err));
}

static inline int
fixture_start(void **state)
{
    struct broker_fixture *f = calloc(1, sizeof *f);
    redis_start(&f->redis);
    fixture_open(f);
    *state = f;
    return 0;
}

static inline int
fixture_stop(void **state)
{
    struct broker_fixture *f = *state;
    broker_close(f->broker);
    arena_free(f->arena);
    buffer_clear(&f->bytes);
    redis_stop(&f->redis);
    free(f);
    return 0;
}

/* In the arena of the fixture. */
static inline const void *
make_message(struct broker_fixture *f, const struct message *m, size_t *len)
{
    f->bytes.len = 0;
    OK(message_encode(m, MESSAGE_MAX_DEFAULT, &f->bytes, &err));
    *len = f->bytes.len;
    return arena_copy(f->arena, f->bytes.data, f->bytes.len);
}

static inline struct broker_job
make_job(struct broker_fixture *f)
{
    struct message m = MESSAGE_INIT;
    struct broker_job job = {.priority = 5};
    m.task = "echo";
    m.task_len = 4;
    job.message = make_message(f, &m, &job.len);
    id_new(&job.id);
    return job;
}

static inline struct broker_job
make_unique_job(struct broker_fixture *f, const char *key)
{
    struct message m = MESSAGE_INIT;
    struct broker_job job = {.priority = 5, .has_unique = true};
    m.task = "echo";
    m.task_len = 4;
    m.unique = key;
    m.unique_len = strlen(key);
    job.message = make_message(f, &m, &job.len);
    id_new(&job.id);
    return job;
}

static inline const void *
make_outcome(struct broker_fixture *f, enum job_state state, size_t *len)
{
    struct outcome o = OUTCOME_INIT;
    o.state = state;
    f->bytes.len = 0;
    OK(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->bytes, &err));
    *len = f->bytes.len;
    return arena_copy(f->arena, f->bytes.data, f->bytes.len);
}

static inline enum broker_submitted
submit(struct broker_fixture *f, const char *queue, const struct broker_job *job)
{
    enum broker_submitted result = (enum broker_submitted)99;
    OK(broker_enqueue(f->broker, queue, job, 1, NULL, &result, &err));
    return result;
}

static inline struct broker_record
find(struct broker_fixture *f, const struct id *id)
{
    struct broker_record record;
    OK(broker_find(f->broker, NULL, id, 1, true, f->arena, &record, &err));
    return record;
}

static inline struct broker_queue
look_at(struct broker_fixture *f, const char *queue)
{
    struct broker_queue *queues;
    size_t n;
    OK(broker_queues(f->broker, queue, f->arena, &queues, &n, &err));
    assert_int_equal(n, 1);
    return queues[0];
}

/* What a runner does when it reserves, said by hand. */
static inline void
pretend_running(struct broker_fixture *f, const char *queue, const struct id *id,
                const char *runner)
{
    redis_do(&f->redis, "HSET celeriac:{%s}:workers w %s %s w", queue, "1 10000", runner);
    redis_do(&f->redis, "LREM celeriac:{%s}:ready:5 0 %s", queue, id->text);
    redis_do(&f->redis, "HSET celeriac:{%s}:active:%s %s 1700000000000", queue, runner, id->text);
}

static inline void
pretend_dead(struct broker_fixture *f, const char *queue, const struct id *id, enum job_state state)
{
    size_t len;
    const void *outcome = make_outcome(f, state, &len);
    redis_do(&f->redis, "LREM celeriac:{%s}:ready:5 0 %s", queue, id->text);
    redis_do(&f->redis, "ZADD celeriac:{%s}:dead %lld %s", queue, (long long)clock_wall_ms(),
             id->text);
    redis_do(&f->redis, "HSET celeriac:{%s}:reasons %s %b", queue, id->text, outcome, len);
}

/* The hash that holds the message of a job. The text lives until the next call. */
static inline const char *
jobs_of(const char *queue, const struct id *id)
{
    static struct key key;
    key_jobs(&key, NAMESPACE_DEFAULT, queue, id);
    return key.text;
}

/* Messages in all buckets of queue q. */
static inline int64_t
count_messages(struct redis_fixture *redis)
{
    return redis_number(
        redis_do(redis, "EVAL %s 0",
                 "local n = 0 "
                 "for _, key in ipairs(redis.call('KEYS', 'celeriac:{q}:jobs:*')) do "
                 "n = n + redis.call('HLEN', key) end return n"));
}

static inline void
pretend_ended(struct broker_fixture *f, const char *queue, const struct id *id,
              enum job_state state)
{
    size_t len;
    const void *outcome = make_outcome(f, state, &len);
    redis_do(&f->redis, "LREM celeriac:{%s}:ready:5 0 %s", queue, id->text);
    redis_do(&f->redis, "HDEL %s %s", jobs_of(queue, id), id->text);
    struct key results;
    key_results(&results, NAMESPACE_DEFAULT, queue, id);
    if (id_has_bucket(id))
        redis_do(&f->redis, "HSET %s %s %b", results.text, id->text, outcome, len);
    else
        redis_do(&f->redis, "SET %s %b", results.text, outcome, len);
}

#endif
