/* Workers of one queue: runners without a worker, workers that are silent, clocks, and jobs that
 * nobody starts. A silent worker's jobs are taken back as stewards do it: only if its beat has not
 * changed for a whole lease. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "broker/checkup_parts.h"
#include "broker/recovery.h"
#include "common/clock.h"
#include "common/json.h"

enum {
    OVERDUE_MS = 60 * 1000,
    CLOCK_OFF_MS = 2000,
    LOOK_AGAIN_MS = 1000,      /* who has just joined has published its state by then */
    LEASE_MOST_MS = 60 * 1000, /* beyond which nobody is kept waiting */
    STATE_LEASES = 3,          /* the published state lives so long */
    LOSSES_ALLOWED = 1000000,  /* nobody's job ends for it here */
};

struct worker {
    const char *name, *value; /* "<beat> <lease ms>" */
    int64_t lease_ms, ttl_ms;
    const char *state; /* published, JSON; NULL: silent */
};

struct runner {
    const char *name, *worker;
};

struct registry {
    struct checkup *c;
    const char *queue;
    struct worker *workers;
    struct runner *runners;
    size_t n_workers, n_runners;
    int64_t waiting, overdue;
};

static bool read_registry(struct registry *r, struct error *err);
static bool read_states(struct registry *r, struct error *err);
static bool check_silence(struct registry *r, struct error *err);
static bool check_orphans(struct registry *r, struct error *err);
static void check_clocks(struct registry *r);
static void check_waiting(struct registry *r);
static const struct worker *worker_of(const struct registry *r, const char *name);
static void write_recovery(struct registry *r, const struct runner *runner, const char *expected);
static bool take_recovery(void *arg, size_t i, const redisReply *answer, struct error *err);
static void tell(struct registry *r, const char *flaw, bool is_mended, const char *text);

bool
checkup_workers(struct checkup *c, const char *queue, struct error *err)
{
    struct registry r = {.c = c, .queue = queue};
    if (!read_registry(&r, err) || !read_states(&r, err))
        return false;
    check_waiting(&r);
    check_clocks(&r);
    return check_orphans(&r, err) && check_silence(&r, err);
}

/* ---- reading ---- */

enum { ASK_REGISTRY, ASK_OVERDUE, ASK_WAITING };

static bool
take_member(struct registry *r, const char *name, const char *value)
{
    const char *space = strchr(value, ' ');
    if (strchr(name, '/') != NULL) {
        size_t len = space != NULL ? (size_t)(space - value) : strlen(value);
        r->runners[r->n_runners++] = (struct runner){name, arena_text(r->c->arena, value, len)};
    } else if (space != NULL) {
        r->workers[r->n_workers++] =
            (struct worker){.name = name, .value = value, .lease_ms = strtoll(space, NULL, 10)};
    }
    return true;
}

static bool
take_registry(struct registry *r, const redisReply *answer, struct error *err)
{
    struct celeriac_arena *arena = r->c->arena;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "registry", err);
    r->workers = arena_alloc(arena, (answer->elements + 1) * sizeof *r->workers);
    r->runners = arena_alloc(arena, (answer->elements + 1) * sizeof *r->runners);
    for (size_t i = 0; i + 1 < answer->elements; i += 2) {
        const char *name, *value;
        size_t name_len, value_len;
        if (!answer_bytes(answer->element[i], &name, &name_len) ||
            !answer_bytes(answer->element[i + 1], &value, &value_len))
            return answer_unexpected(answer->element[i], "registry", err);
        if (name_len > 0 && name_len <= RUNNER_NAME_MAX && memchr(name, '\0', name_len) == NULL)
            take_member(r, arena_text(arena, name, name_len), arena_text(arena, value, value_len));
    }
    return true;
}

static bool
take_first(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct registry *r = arg;
    int64_t n;
    if (i == ASK_REGISTRY)
        return take_registry(r, answer, err);
    if (!answer_integer(answer, &n))
        return answer_unexpected(answer, "length", err);
    if (i == ASK_OVERDUE)
        r->overdue = n;
    else
        r->waiting += n;
    return true;
}

static bool
read_registry(struct registry *r, struct error *err)
{
    struct broker *b = r->c->b;
    struct key key;
    key_of_queue(&key, b->space, r->queue, QUEUE_WORKERS);
    exchange_on_key(b, "HGETALL", &key, 0);
    key_of_queue(&key, b->space, r->queue, QUEUE_DELAYED);
    struct request *out = exchange_on_key(b, "ZCOUNT", &key, 2);
    request_text(out, "-inf");
    request_number(out, r->c->now_ms - OVERDUE_MS);
    key_of_queue(&key, b->space, r->queue, QUEUE_PARKED);
    exchange_on_key(b, "ZCARD", &key, 0);
    key_of_queue(&key, b->space, r->queue, QUEUE_SUSPECTS);
    exchange_on_key(b, "LLEN", &key, 0);
    for (unsigned i = 0; i < PRIORITY_COUNT; i++) {
        key_ready(&key, b->space, r->queue, i);
        exchange_on_key(b, "LLEN", &key, 0);
    }
    return exchange_run(b, take_first, r, err);
}

static bool
take_state(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct registry *r = arg;
    struct worker *w = &r->workers[i / 2];
    const char *state;
    size_t len;
    if (i % 2 == 1)
        return answer_integer(answer, &w->ttl_ms) || answer_unexpected(answer, "PTTL", err);
    w->state = NULL;
    if (answer_is_nil(answer))
        return true;
    if (!answer_bytes(answer, &state, &len))
        return answer_unexpected(answer, "worker", err);
    w->state = arena_text(r->c->arena, state, len);
    return true;
}

static bool
read_states(struct registry *r, struct error *err)
{
    struct key key;
    for (size_t i = 0; i < r->n_workers; i++) {
        key_worker(&key, r->c->b->space, r->workers[i].name);
        exchange_on_key(r->c->b, "GET", &key, 0);
        exchange_on_key(r->c->b, "PTTL", &key, 0);
    }
    return exchange_run(r->c->b, take_state, r, err) &&
           broker_redis_time(r->c->b, &r->c->now_ms, err);
}

/* ---- what may be wrong ---- */

static void
check_waiting(struct registry *r)
{
    struct celeriac_arena *arena = r->c->arena;
    const int64_t waiting = r->waiting + r->overdue;
    bool is_served = false;
    for (size_t i = 0; i < r->n_workers; i++)
        is_served = is_served || r->workers[i].state != NULL;
    if (!is_served && waiting > 0)
        tell(r, "unserved", false,
             arena_printf(arena, "No worker serves this queue, in which jobs wait: %lld.",
                          (long long)waiting));
    else if (r->overdue > 0)
        tell(r, "overdue", false,
             arena_printf(arena,
                          "Delayed jobs that have been due for more than a minute, and that no "
                          "worker has made ready: %lld.",
                          (long long)r->overdue));
}

/* How old a state is, is known from its time to live. */
static void
check_clocks(struct registry *r)
{
    struct celeriac_arena *arena = r->c->arena;
    for (size_t i = 0; i < r->n_workers; i++) {
        const struct worker *w = &r->workers[i];
        struct error ignored = ERROR_INIT;
        int64_t beat_at_ms;
        if (w->state == NULL || w->ttl_ms <= 0)
            continue;
        const struct celeriac_value *state =
            json_parse(arena, w->state, strlen(w->state), &ignored);
        if (!celeriac_get_integer(celeriac_get(state, "beat_at_ms"), &beat_at_ms))
            continue;
        int64_t age_ms = STATE_LEASES * w->lease_ms - w->ttl_ms;
        int64_t off_ms = beat_at_ms + age_ms - r->c->now_ms;
        if (off_ms > CLOCK_OFF_MS || off_ms < -CLOCK_OFF_MS)
            tell(r, "worker_clock", false,
                 arena_printf(arena,
                              "The clock of worker %s is %.1f s %s Redis'. Jobs go by Redis' "
                              "clock, but the times in its log are wrong.",
                              w->name, (double)llabs(off_ms) / 1000,
                              off_ms > 0 ? "ahead of" : "behind"));
    }
}

static bool
check_orphans(struct registry *r, struct error *err)
{
    for (size_t i = 0; i < r->n_runners; i++) {
        const struct runner *runner = &r->runners[i];
        if (worker_of(r, runner->worker) != NULL)
            continue;
        tell(r, "orphan_runner", r->c->asked->mends,
             arena_printf(r->c->arena,
                          "Runner %s is registered, its worker %s is not: nobody would take its "
                          "jobs back.",
                          runner->name, runner->worker));
        if (r->c->asked->mends)
            write_recovery(r, runner, NULL);
    }
    return exchange_run(r->c->b, take_recovery, NULL, err);
}

/* Takes back what the runners of a silent worker own, and unregisters them and it. */
static void
write_recoveries(struct registry *r, const struct worker *w)
{
    struct key key;
    for (size_t i = 0; i < r->n_runners; i++)
        if (strcmp(r->runners[i].worker, w->name) == 0)
            write_recovery(r, &r->runners[i], w->value);
    key_of_queue(&key, r->c->b->space, r->queue, QUEUE_WORKERS);
    struct request *out = exchange_script(r->c->b, SCRIPT_FORGET, 1, 2);
    request_key(out, &key);
    request_text(out, w->name);
    request_text(out, w->value);
}

static bool
check_silence(struct registry *r, struct error *err)
{
    int64_t wait_ms = -1;
    for (size_t i = 0; i < r->n_workers; i++) {
        const struct worker *w = &r->workers[i];
        bool mends = r->c->asked->mends && w->lease_ms <= LEASE_MOST_MS;
        int64_t ms = mends && w->lease_ms > LOOK_AGAIN_MS ? w->lease_ms : LOOK_AGAIN_MS;
        if (w->state == NULL && ms > wait_ms)
            wait_ms = ms;
    }
    if (wait_ms < 0)
        return true;
    poll(NULL, 0, (int)wait_ms);
    if (!read_states(r, err))
        return false;
    for (size_t i = 0; i < r->n_workers; i++) {
        const struct worker *w = &r->workers[i];
        bool mends = r->c->asked->mends && w->lease_ms <= LEASE_MOST_MS;
        if (w->state != NULL)
            continue;
        tell(r, "silent_worker", mends,
             arena_printf(r->c->arena,
                          "Worker %s has not been heard of for %d leases of %.1f s; its jobs wait "
                          "for another worker of this queue to take them back.",
                          w->name, STATE_LEASES, (double)w->lease_ms / 1000));
        if (mends)
            write_recoveries(r, w);
    }
    return exchange_run(r->c->b, take_recovery, NULL, err);
}

static const struct worker *
worker_of(const struct registry *r, const char *name)
{
    for (size_t i = 0; i < r->n_workers; i++)
        if (strcmp(r->workers[i].name, name) == 0)
            return &r->workers[i];
    return NULL;
}

static void
write_recovery(struct registry *r, const struct runner *runner, const char *expected)
{
    struct broker_recovery recovery = {.worker = runner->worker,
                                       .runner = runner->name,
                                       .expected = expected,
                                       .max_crashes = LOSSES_ALLOWED,
                                       .max_lost = LOSSES_ALLOWED};
    struct request *out = exchange_script(r->c->b, SCRIPT_RECOVER, RECOVERY_KEYS, RECOVERY_ARGS);
    recovery_write(out, r->c->b->space, r->queue, &recovery, "recovered");
}

/* A worker that has shown life since is left alone: the script says so, and nothing has changed. */
static bool
take_recovery(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)arg;
    (void)i;
    return answer_status(answer) >= 0 || answer_unexpected(answer, "recover", err);
}

static void
tell(struct registry *r, const char *flaw, bool is_mended, const char *text)
{
    checkup_tell(r->c, &(struct broker_finding){flaw, text, r->queue, NULL, NULL, is_mended});
}
