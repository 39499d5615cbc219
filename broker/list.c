/* Listing jobs, a page at a time: ids from the place that stands for a state, then their messages
 * or reasons, then the callback. Nothing is locked meanwhile: jobs that move may be seen twice or
 * not at all. */
#include <stdlib.h>
#include <string.h>

#include "broker/list_page.h"
#include "broker/outcome_state.h"
#include "broker/scan.h"

enum { PAGE = 100 };

typedef bool stage_fn(struct list *l, struct error *err);

static bool list_all(struct list *l, struct error *err);
static bool list_running(struct list *l, struct error *err);
static bool list_queued(struct list *l, struct error *err);
static bool list_parked(struct list *l, struct error *err);
static bool list_delayed(struct list *l, struct error *err);
static bool list_dead(struct list *l, struct error *err);
static bool list_outcomes(struct list *l, struct error *err);

bool
broker_list(struct broker *b, const struct broker_listing *listing, struct celeriac_arena *arena,
            broker_record_fn *each, void *arg, struct error *err)
{
    struct list l = {.b = b, .listing = listing, .arena = arena, .each = each, .arg = arg};
    l.queues.arena = arena;
    l.left = listing->limit;
    l.is_over = l.left == 0;
    bool ok = names_of_queues(b, listing->queue, &l.queues, err) && list_all(&l, err);
    free(l.records);
    return ok;
}

static bool
run_stage(struct list *l, stage_fn *stage, struct error *err)
{
    for (size_t i = 0; i < l->queues.n && !l->is_over; i++) {
        l->queue = l->queues.items[i];
        if (!stage(l, err))
            return false;
    }
    return true;
}

static bool
list_all(struct list *l, struct error *err)
{
    bool has_dead = list_wants(l, JOB_FAILURE) || list_wants(l, JOB_DEAD);
    bool has_ended =
        list_wants(l, JOB_SUCCESS) || list_wants(l, JOB_CANCELLED) || list_wants(l, JOB_EXPIRED);
    const struct {
        bool is_wanted;
        stage_fn *stage;
    } stages[] = {{list_wants(l, JOB_RUNNING), list_running},
                  {list_wants(l, JOB_QUEUED), list_queued},
                  {list_wants(l, JOB_DELAYED), list_delayed},
                  {has_dead, list_dead},
                  {has_ended, list_outcomes}};
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (stages[i].is_wanted && !run_stage(l, stages[i].stage, err))
            return false;
    return true;
}

/* ---- running ---- */

static bool
take_runners(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)i;
    return names_of_runners(answer, arg, err);
}

/* [id, start, ...]: what one runner owns is bounded by its slots and look-ahead. */
static bool
take_owned(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct list *l = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    for (size_t k = 0; k + 1 < answer->elements; k += 2) {
        struct broker_record *record = list_add(l, answer->element[k], JOB_RUNNING);
        if (record != NULL && !answer_integer(answer->element[k + 1], &record->started_at_ms))
            record->started_at_ms = 0;
    }
    return true;
}

static bool
list_running(struct list *l, struct error *err)
{
    struct names runners = {.arena = l->arena};
    struct key key;
    key_of_queue(&key, l->b->space, l->queue, QUEUE_WORKERS);
    exchange_on_key(l->b, "HGETALL", &key, 0);
    if (!exchange_run(l->b, take_runners, &runners, err))
        return false;
    names_sort(&runners);
    for (size_t r = 0; r < runners.n && !l->is_over; r++) {
        list_begin_page(l);
        key_active(&key, l->b->space, l->queue, runners.items[r]);
        exchange_on_key(l->b, "HGETALL", &key, 0);
        if (!exchange_run(l->b, take_owned, l, err))
            return false;
        for (size_t i = 0; i < l->n; i++)
            l->records[i].runner = runners.items[r];
        if (!list_fill_messages(l, err))
            return false;
        list_deliver(l);
    }
    return true;
}

/* ---- queued ---- */

struct slice {
    struct list *l;
    size_t taken; /* ids in the answer, readable or not */
    enum job_state state;
};

/* The right end of a list is its head. */
static bool
take_reversed(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct slice *s = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    s->taken = answer->elements;
    for (size_t k = answer->elements; k > 0; k--)
        list_add(s->l, answer->element[k - 1], s->state);
    return true;
}

static bool
list_one_list(struct list *l, const struct key *key, struct error *err)
{
    struct slice s = {l, PAGE, JOB_QUEUED};
    for (int64_t from = 1; s.taken == PAGE && !l->is_over; from += PAGE) {
        list_begin_page(l);
        struct request *r = exchange_on_key(l->b, "LRANGE", key, 2);
        request_number(r, -(from + PAGE - 1));
        request_number(r, -from);
        if (!exchange_run(l->b, take_reversed, &s, err) || !list_fill_messages(l, err))
            return false;
        list_deliver(l);
    }
    return true;
}

static bool
list_queued(struct list *l, struct error *err)
{
    struct key key;
    key_of_queue(&key, l->b->space, l->queue, QUEUE_SUSPECTS);
    if (!list_one_list(l, &key, err))
        return false;
    for (unsigned priority = PRIORITY_COUNT; priority > 0 && !l->is_over; priority--) {
        key_ready(&key, l->b->space, l->queue, priority - 1);
        if (!list_one_list(l, &key, err))
            return false;
    }
    return list_parked(l, err);
}

/* "<limit key> NUL <9 - priority> NUL <id>"; neither keys nor ids hold a NUL. */
static bool
take_parked(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct slice *s = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    s->taken = answer->elements;
    for (size_t k = 0; k < answer->elements; k++) {
        const char *member;
        size_t len;
        if (!answer_bytes(answer->element[k], &member, &len))
            return answer_unexpected(answer->element[k], "list", err);
        const char *last = memrchr(member, '\0', len);
        const size_t start = last != NULL ? (size_t)(last - member) + 1 : 0;
        redisReply id = {
            .type = REDIS_REPLY_STRING, .str = answer->element[k]->str + start, .len = len - start};
        struct broker_record *record = list_add(s->l, &id, s->state);
        if (record != NULL)
            record->waits_for_key = arena_text(s->l->arena, member, strnlen(member, len));
    }
    return true;
}

static bool
list_parked(struct list *l, struct error *err)
{
    struct slice s = {l, PAGE, JOB_QUEUED};
    struct key key;
    key_of_queue(&key, l->b->space, l->queue, QUEUE_PARKED);
    for (int64_t from = 0; s.taken == PAGE && !l->is_over; from += PAGE) {
        list_begin_page(l);
        struct request *r = exchange_on_key(l->b, "ZRANGE", &key, 2);
        request_number(r, from);
        request_number(r, from + PAGE - 1);
        if (!exchange_run(l->b, take_parked, &s, err) || !list_fill_messages(l, err))
            return false;
        list_deliver(l);
    }
    return true;
}

/* ---- delayed and dead ---- */

static bool
take_scored(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct slice *s = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    s->taken = answer->elements / 2;
    for (size_t k = 0; k + 1 < answer->elements; k += 2) {
        struct broker_record *record = list_add(s->l, answer->element[k], s->state);
        int64_t score;
        if (record != NULL && s->state == JOB_DELAYED &&
            answer_integer(answer->element[k + 1], &score))
            record->due_at_ms = score;
    }
    return true;
}

static bool
list_sorted_set(struct list *l, enum queue_key which, const char *command, enum job_state state,
                struct error *err)
{
    struct slice s = {l, PAGE, state};
    struct key key;
    key_of_queue(&key, l->b->space, l->queue, which);
    for (int64_t from = 0; s.taken == PAGE && !l->is_over; from += PAGE) {
        list_begin_page(l);
        struct request *r = exchange_on_key(l->b, command, &key, 3);
        request_number(r, from);
        request_number(r, from + PAGE - 1);
        request_text(r, "WITHSCORES");
        if (!exchange_run(l->b, take_scored, &s, err) || !list_fill_messages(l, err))
            return false;
        if (state == JOB_DEAD && !list_fill_reasons(l, err))
            return false;
        list_deliver(l);
    }
    return true;
}

static bool
list_delayed(struct list *l, struct error *err)
{
    return list_sorted_set(l, QUEUE_DELAYED, "ZRANGE", JOB_DELAYED, err);
}

/* Newest first. */
static bool
list_dead(struct list *l, struct error *err)
{
    return list_sorted_set(l, QUEUE_DEAD, "ZREVRANGE", JOB_DEAD, err);
}

/* ---- outcomes ---- */

struct outcomes {
    struct list *l;
    struct names keys; /* of the results; sorted by name, so buckets are in order of time */
    size_t prefix_len; /* up to the bucket or id */
    size_t first;      /* own keys: the first of the page */
};

static bool
find_keys(struct outcomes *o, const struct key *prefix, struct error *err)
{
    o->keys = (struct names){.arena = o->l->arena};
    o->prefix_len = prefix->len;
    return names_of_keys(o->l->b, prefix->text, &o->keys, err);
}

static bool
add_outcome(struct list *l, const redisReply *id, const redisReply *outcome)
{
    struct broker_record *record = list_add(l, id, JOB_UNKNOWN);
    const char *data;
    if (record == NULL || !answer_bytes(outcome, &data, &record->outcome_len))
        return false;
    record->outcome = arena_text(l->arena, data, record->outcome_len);
    record->state = outcome_state(record->outcome, record->outcome_len, JOB_FAILURE);
    return true;
}

static bool
take_outcomes(void *arg, const redisReply *items, bool *is_over, struct error *err)
{
    struct list *l = arg;
    (void)err;
    list_begin_page(l);
    for (size_t k = 0; k + 1 < items->elements; k += 2)
        add_outcome(l, items->element[k], items->element[k + 1]);
    list_deliver(l);
    *is_over = *is_over || l->is_over;
    return true;
}

static bool
take_own(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct outcomes *o = arg;
    const char *key = o->keys.items[o->first + i];
    size_t len = strlen(key) - o->prefix_len;
    (void)err;
    char *text = arena_text(o->l->arena, key + o->prefix_len, len);
    redisReply id = {.type = REDIS_REPLY_STRING, .str = text, .len = len};
    if (!answer_is_nil(answer))
        add_outcome(o->l, &id, answer);
    return true;
}

static bool
list_outcomes(struct list *l, struct error *err)
{
    struct outcomes o = {.l = l};
    struct key prefix;
    struct id none = {.text = "", .len = 0};
    key_results_prefix(&prefix, l->b->space, l->queue);
    if (!find_keys(&o, &prefix, err))
        return false;
    for (size_t i = o.keys.n; i > 0 && !l->is_over; i--)
        if (!scan_members(l->b, "HSCAN", o.keys.items[i - 1], take_outcomes, l, err))
            return false;
    key_result_own(&prefix, l->b->space, l->queue, &none);
    if (l->is_over || !find_keys(&o, &prefix, err))
        return l->is_over;
    for (o.first = 0; o.first < o.keys.n && !l->is_over; o.first += PAGE) {
        list_begin_page(l);
        for (size_t i = o.first; i < o.keys.n && i < o.first + PAGE; i++)
            request_text(exchange_command(l->b, "GET", 2), o.keys.items[i]);
        if (!exchange_run(l->b, take_own, &o, err))
            return false;
        list_deliver(l);
    }
    return true;
}
