/* A private Redis, an event loop and a broker_loop on it, and callbacks that remember what they
 * were told. */
#ifndef TESTS_LOOP_FIXTURE_H
#define TESTS_LOOP_FIXTURE_H

#include "broker_fixture.h"

#include <event2/event.h>

#include "broker/broker_loop.h"

enum { JOBS_MAX = 4096 };

/* What the last callback of each kind said. */
struct told {
    size_t calls; /* of any kind */
    enum error_code code;
    char message[ERROR_MESSAGE_MAX];
    char queue[QUEUE_NAME_MAX + 1];
    bool has_queue;
    enum broker_registered registered;
    size_t n;
    struct id ids[JOBS_MAX];
    bool has_message[JOBS_MAX], is_cancelled[JOBS_MAX], force[JOBS_MAX];
    int64_t redis_ms, next_due_in_ms;
    bool is_suspect, suspects_waiting, is_paused, ask_otherwise, was_refused, known;
    enum finish_status statuses[JOBS_MAX];
    size_t moved, buried;
    char names[16][64], values[16][64];
};

struct loop_fixture {
    struct broker_fixture client; /* a broker for looking at what happened */
    struct event_base *base;
    struct broker_loop *loop;
    struct told told;
    size_t ups, downs;
    struct error down;
    struct broker_runner who;
};

static inline void
pump_once(struct loop_fixture *f)
{
    struct timeval tv = {.tv_usec = 10 * 1000};
    event_base_loopexit(f->base, &tv);
    event_base_loop(f->base, EVLOOP_ONCE);
}

/* Runs the loop until `cond`. */
#define PUMP(f, cond)                                                                              \
    do {                                                                                           \
        int64_t until_ = clock_mono_ms() + 10000;                                                  \
        while (!(cond)) {                                                                          \
            assert_true(clock_mono_ms() < until_);                                                 \
            pump_once(f);                                                                          \
        }                                                                                          \
    } while (0)

/* Makes a call, waits for its one callback. */
#define CALL(f, call)                                                                              \
    do {                                                                                           \
        size_t before_ = (f)->told.calls;                                                          \
        call;                                                                                      \
        assert_int_equal((f)->told.calls, before_);                                                \
        PUMP(f, (f)->told.calls > before_);                                                        \
        assert_int_equal((f)->told.calls, before_ + 1);                                            \
    } while (0)
#define CALL_OK(f, call)                                                                           \
    do {                                                                                           \
        CALL(f, call);                                                                             \
        if ((f)->told.code != ERROR_NONE)                                                          \
            fail_msg("%s: %s", #call, (f)->told.message);                                          \
    } while (0)

static inline void
tell(struct told *t, const char *queue, const struct error *why)
{
    t->calls++;
    t->code = why != NULL ? why->code : ERROR_NONE;
    snprintf(t->message, sizeof t->message, "%s", why != NULL ? why->message : "");
    t->has_queue = queue != NULL;
    snprintf(t->queue, sizeof t->queue, "%s", queue != NULL ? queue : "");
}

static inline void
on_done(void *arg, const struct error *why)
{
    tell(arg, NULL, why);
}

static inline void
on_reserved(void *arg, const char *queue, const struct broker_reservation *r,
            const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->n = 0;
    if (why != NULL)
        return;
    t->registered = r->registered;
    t->n = r->n;
    t->redis_ms = r->redis_ms;
    t->is_suspect = r->is_suspect;
    t->suspects_waiting = r->suspects_waiting;
    t->is_paused = r->is_paused;
    t->ask_otherwise = r->ask_otherwise;
    for (size_t i = 0; i < r->n && i < JOBS_MAX; i++) {
        t->ids[i] = r->jobs[i].id;
        t->has_message[i] = r->jobs[i].message != NULL;
        t->is_cancelled[i] = r->jobs[i].is_cancelled;
    }
}

static inline void
on_committed(void *arg, const char *queue, const enum finish_status *statuses, size_t n,
             const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->n = n;
    for (size_t i = 0; i < n && why == NULL; i++)
        t->statuses[i] = statuses[i];
}

static inline void
on_beat(void *arg, const char *queue, enum broker_registered registered,
        const struct broker_peer *peers, size_t n, int64_t next_due_in_ms, const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->registered = registered;
    t->n = n;
    t->next_due_in_ms = next_due_in_ms;
    for (size_t i = 0; i < n && i < 16; i++) {
        snprintf(t->names[i], sizeof t->names[i], "%s", peers[i].name);
        snprintf(t->values[i], sizeof t->values[i], "%s", peers[i].value);
    }
}

static inline void
on_promoted(void *arg, const char *queue, size_t moved, int64_t next_due_in_ms,
            const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->moved = moved;
    t->next_due_in_ms = next_due_in_ms;
}

static inline void
on_recovered(void *arg, const char *queue, size_t moved, size_t buried, bool was_refused,
             const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->moved = moved;
    t->buried = buried;
    t->was_refused = was_refused;
}

static inline void
on_marks(void *arg, const char *queue, const struct id *ids, const bool *force, size_t n,
         const struct error *why)
{
    struct told *t = arg;
    tell(t, queue, why);
    t->n = n;
    for (size_t i = 0; i < n && i < JOBS_MAX; i++) {
        t->ids[i] = ids[i];
        t->force[i] = force[i];
    }
}

static inline void
on_known(void *arg, bool known, const struct error *why)
{
    struct told *t = arg;
    tell(t, NULL, why);
    t->known = known;
}

static inline void
on_up(void *arg)
{
    struct loop_fixture *f = arg;
    f->ups++;
}

static inline void
on_down(void *arg, const struct error *why)
{
    struct loop_fixture *f = arg;
    f->downs++;
    f->down = *why;
}

/* A broker_loop on whatever runs at `url`. */
static inline void
loop_open(struct loop_fixture *f, const char *url, int command_timeout_ms)
{
    const struct broker_loop_events events = {on_up, on_down, f};
    const struct broker_settings settings = {.url = url,
                                             .command_timeout_ms = command_timeout_ms,
                                             .connect_timeout_ms = command_timeout_ms};
    f->base = event_base_new();
    assert_non_null(f->base);
    OK(broker_loop_new(&f->loop, f->base, &settings, &events, &err));
    assert_false(broker_loop_is_up(f->loop));
}

static inline void
loop_close_all(struct loop_fixture *f)
{
    broker_loop_free(f->loop);
    event_base_free(f->base);
}

static inline int
loop_start(void **state)
{
    struct loop_fixture *f = calloc(1, sizeof *f);
    redis_start(&f->client.redis);
    fixture_open(&f->client);
    f->who = (struct broker_runner){"w", "w/1", 10000};
    loop_open(f, f->client.redis.url, 5000);
    PUMP(f, f->ups == 1);
    *state = f;
    return 0;
}

static inline int
loop_stop(void **state)
{
    struct loop_fixture *f = *state;
    void *client = &f->client;
    loop_close_all(f);
    broker_close(f->client.broker);
    arena_free(f->client.arena);
    buffer_clear(&f->client.bytes);
    redis_stop(&f->client.redis);
    (void)client;
    free(f);
    return 0;
}

static inline void
join(struct loop_fixture *f)
{
    CALL_OK(f, broker_loop_join(f->loop, "q", &f->who, on_done, &f->told));
}

static inline void
reserve(struct loop_fixture *f, size_t n, bool alone)
{
    CALL_OK(f, broker_loop_reserve(f->loop, "q", &f->who, n, alone, on_reserved, &f->told));
}

static inline struct broker_finish
finish(struct loop_fixture *f, const struct id *id, enum finish_kind kind, enum job_state state)
{
    struct broker_finish end = {.id = *id, .kind = kind, .ttl_ms = -1};
    if (kind != FINISH_RETRY)
        end.outcome = make_outcome(&f->client, state, &end.len);
    return end;
}

static inline void
commit(struct loop_fixture *f, const struct broker_finish *ends, size_t n)
{
    CALL_OK(f, broker_loop_commit(f->loop, "q", &f->who, ends, n, on_committed, &f->told));
    assert_int_equal(f->told.n, n);
}

#endif
