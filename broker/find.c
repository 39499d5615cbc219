/* Looking jobs up by id alone: every queue is asked, all in one pipeline. Jobs that some runner
 * owns take a second one, to learn which runner; a job that has left its runner between the two is
 * looked up once more. */
#include "broker/find.h"

#include <string.h>

#include "broker/names.h"
#include "broker/outcome_state.h"
#include "common/mem.h"

enum { CALLS_MAX = 1000, OWNED_MAX = 500 };

/* What look.lua returns. */
enum look {
    LOOK_UNKNOWN,
    LOOK_DELAYED,
    LOOK_QUEUED,
    LOOK_RUNNING,
    LOOK_ENDED,
    LOOK_DEAD,
    LOOK_COUNT
};

struct find {
    struct broker *b;
    const struct names *queues;
    struct broker_record *records;
    size_t first; /* of the records in this pipeline */
    struct celeriac_arena *arena;
};

static bool look_up(struct find *f, size_t n, bool with_ahead, struct error *err);
static void write_look(struct find *f, const char *queue, const struct id *id, bool with_ahead);
static bool take_look(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool settle_strays(struct find *f, size_t n, struct error *err);

bool
broker_find(struct broker *b, const char *queue, const struct id *ids, size_t n, bool with_ahead,
            struct celeriac_arena *arena, struct broker_record *records, struct error *err)
{
    struct names queues = {.arena = arena};
    struct find f = {b, &queues, records, 0, arena};
    for (size_t i = 0; i < n; i++)
        records[i] = (struct broker_record){.id = ids[i], .ahead = -1};
    if (n == 0)
        return true;
    if (!names_of_queues(b, queue, &queues, err) || !look_up(&f, n, with_ahead, err))
        return false;
    return find_owners(b, records, n, arena, err) && settle_strays(&f, n, err);
}

static bool
look_up(struct find *f, size_t n, bool with_ahead, struct error *err)
{
    size_t n_queues = f->queues->n,
           at_once = n_queues < CALLS_MAX ? CALLS_MAX / (n_queues + 1) + 1 : 1;
    for (size_t first = 0; first < n; first += at_once) {
        f->first = first;
        for (size_t i = first; i < n && i < first + at_once; i++)
            for (size_t q = 0; q < n_queues; q++)
                write_look(f, f->queues->items[q], &f->records[i].id, with_ahead);
        if (!exchange_run(f->b, take_look, f, err))
            return false;
    }
    return true;
}

static void
write_look(struct find *f, const char *queue, const struct id *id, bool with_ahead)
{
    static const enum queue_key which[] = {QUEUE_DELAYED, QUEUE_DEAD, QUEUE_REASONS};
    const char *space = f->b->space;
    struct request *r = exchange_script(f->b, SCRIPT_LOOK, 7 + PRIORITY_COUNT, 3);
    struct key key;
    key_jobs(&key, space, queue, id);
    request_key(r, &key);
    request_queue_keys(r, space, queue, which, sizeof which / sizeof which[0]);
    key_results(&key, space, queue, id);
    request_key(r, &key);
    key_of_queue(&key, space, queue, QUEUE_SUSPECTS);
    request_key(r, &key);
    request_ready_keys(r, space, queue);
    key_of_queue(&key, space, queue, QUEUE_PARKED);
    request_key(r, &key);
    request_arg(r, id->text, id->len);
    request_text(r, with_ahead ? "1" : "0");
    request_text(r, id_has_bucket(id) ? "0" : "1");
}

static bool
take_bytes(struct find *f, const redisReply *item, const char **data, size_t *len)
{
    const char *bytes;
    if (!answer_bytes(item, &bytes, len))
        return false;
    *data = arena_text(f->arena, bytes, *len);
    return true;
}

static bool
take_look(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    static const enum job_state states[LOOK_COUNT] = {JOB_UNKNOWN, JOB_DELAYED, JOB_QUEUED,
                                                      JOB_RUNNING, JOB_FAILURE, JOB_DEAD};
    struct find *f = arg;
    struct broker_record *record = &f->records[f->first + i / f->queues->n];
    int64_t status = answer_status(answer);
    if (status < 0 || status >= LOOK_COUNT)
        return answer_unexpected(answer, "look", err);
    if (status == LOOK_UNKNOWN)
        return true;
    struct broker_record found = {.id = record->id, .ahead = -1, .state = states[status]};
    found.queue = f->queues->items[i % f->queues->n];
    take_bytes(f, answer_at(answer, 1), &found.message, &found.message_len);
    size_t key_len;
    bool has_outcome = take_bytes(f, answer_at(answer, 2), &found.outcome, &found.outcome_len);
    if (has_outcome)
        found.state = outcome_state(found.outcome, found.outcome_len, found.state);
    if (status == LOOK_DELAYED && !answer_integer(answer_at(answer, 3), &found.due_at_ms))
        return answer_unexpected(answer, "look", err);
    if (status == LOOK_QUEUED && !answer_integer(answer_at(answer, 4), &found.ahead))
        return answer_unexpected(answer, "look", err);
    take_bytes(f, answer_at(answer, 5), &found.waits_for_key, &key_len);
    *record = found;
    return true;
}

/* ---- who owns what runs ---- */

struct owners {
    struct broker_record *records;
    const size_t *owned; /* indexes of the running records of one queue */
    size_t n;
    struct names runners;
};

static bool
take_registry(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct owners *o = arg;
    (void)i;
    return names_of_runners(answer, &o->runners, err);
}

static bool
take_owned(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct owners *o = arg;
    if (!answer_is_array(answer, o->n))
        return answer_unexpected(answer, "active", err);
    for (size_t k = 0; k < o->n; k++) {
        struct broker_record *record = &o->records[o->owned[k]];
        int64_t started_at_ms;
        if (!answer_integer(answer->element[k], &started_at_ms))
            continue;
        record->runner = o->runners.items[i];
        record->started_at_ms = started_at_ms;
    }
    return true;
}

static bool
ask_runners(struct broker *b, const char *queue, struct owners *o, struct error *err)
{
    struct key key;
    key_of_queue(&key, b->space, queue, QUEUE_WORKERS);
    exchange_on_key(b, "HGETALL", &key, 0);
    if (!exchange_run(b, take_registry, o, err))
        return false;
    for (size_t r = 0; r < o->runners.n; r++) {
        key_active(&key, b->space, queue, o->runners.items[r]);
        struct request *call = exchange_on_key(b, "HMGET", &key, o->n);
        for (size_t k = 0; k < o->n; k++) {
            const struct id *id = &o->records[o->owned[k]].id;
            request_arg(call, id->text, id->len);
        }
    }
    return exchange_run(b, take_owned, o, err);
}

bool
find_owners(struct broker *b, struct broker_record *records, size_t n, struct celeriac_arena *arena,
            struct error *err)
{
    size_t owned[OWNED_MAX];
    for (size_t next = 0; next < n;) {
        struct owners o = {records, owned, 0, {.arena = arena}};
        const char *queue = NULL;
        size_t i = next;
        for (next = n; i < n && o.n < OWNED_MAX; i++) {
            bool is_open = records[i].state == JOB_RUNNING && records[i].started_at_ms == 0;
            if (!is_open)
                continue;
            if (queue == NULL)
                queue = records[i].queue;
            if (records[i].queue == queue || strcmp(records[i].queue, queue) == 0) {
                records[i].started_at_ms = -1; /* asked for */
                owned[o.n++] = i;
            } else if (next == n) {
                next = i; /* another queue's: in the next turn */
            }
        }
        if (next == n && i < n)
            next = i;
        if (o.n > 0 && !ask_runners(b, queue, &o, err))
            return false;
    }
    return true;
}

/* Running, but owned by nobody a moment later: it has moved on. */
static bool
settle_strays(struct find *f, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct broker_record *record = &f->records[i];
        if (record->state != JOB_RUNNING || record->runner != NULL)
            continue;
        *record = (struct broker_record){.id = record->id, .ahead = -1};
        struct find one = *f;
        one.records = record;
        if (!look_up(&one, 1, false, err) || !find_owners(f->b, record, 1, f->arena, err))
            return false;
        if (record->started_at_ms < 0)
            record->started_at_ms = 0;
    }
    return true;
}
