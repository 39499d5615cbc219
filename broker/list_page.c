/* See list_page.h. A page is filled with one HMGET per hash; messages lie in one for each bucket.
 */
#include "broker/list_page.h"

#include "broker/outcome_state.h"
#include "common/mem.h"

static size_t bucket_end(const struct list *l, size_t first);
static void ask_fields(struct list *l, const struct key *key, size_t first, size_t end);
static bool take_messages(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_reasons(void *arg, size_t i, const redisReply *answer, struct error *err);

bool
list_wants(const struct list *l, enum job_state state)
{
    return l->listing->state == JOB_UNKNOWN || l->listing->state == state;
}

void
list_begin_page(struct list *l)
{
    l->n = 0;
}

struct broker_record *
list_add(struct list *l, const redisReply *id, enum job_state state)
{
    struct broker_record record = {.queue = l->queue, .state = state, .ahead = -1};
    if (!answer_id(id, &record.id))
        return NULL;
    if (l->n == l->capacity) {
        l->capacity = l->capacity == 0 ? 128 : l->capacity * 2;
        l->records = mem_grow(l->records, l->capacity, sizeof *l->records);
    }
    l->records[l->n] = record;
    return &l->records[l->n++];
}

bool
list_fill_messages(struct list *l, struct error *err)
{
    l->taken = 0;
    for (size_t first = 0, end; first < l->n; first = end) {
        struct key key;
        end = bucket_end(l, first);
        key_jobs(&key, l->b->space, l->queue, &l->records[first].id);
        ask_fields(l, &key, first, end);
    }
    return l->n == 0 || exchange_run(l->b, take_messages, l, err);
}

bool
list_fill_reasons(struct list *l, struct error *err)
{
    struct key key;
    if (l->n == 0)
        return true;
    key_of_queue(&key, l->b->space, l->queue, QUEUE_REASONS);
    ask_fields(l, &key, 0, l->n);
    return exchange_run(l->b, take_reasons, l, err);
}

void
list_deliver(struct list *l)
{
    for (size_t i = 0; i < l->n && !l->is_over; i++) {
        const struct broker_record *record = &l->records[i];
        if (record->state == JOB_UNKNOWN || !list_wants(l, record->state))
            continue;
        l->left--;
        l->is_over = !l->each(l->arg, record) || l->left == 0;
    }
}

static size_t
bucket_end(const struct list *l, size_t first)
{
    size_t end = first + 1;
    while (end < l->n && id_same_bucket(&l->records[first].id, &l->records[end].id))
        end++;
    return end;
}

static void
ask_fields(struct list *l, const struct key *key, size_t first, size_t end)
{
    struct request *r = exchange_on_key(l->b, "HMGET", key, end - first);
    for (size_t i = first; i < end; i++)
        request_arg(r, l->records[i].id.text, l->records[i].id.len);
}

static bool
take_messages(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct list *l = arg;
    size_t first = l->taken, n = bucket_end(l, first) - first;
    (void)i;
    if (!answer_is_array(answer, n))
        return answer_unexpected(answer, "list", err);
    l->taken += n;
    for (size_t k = 0; k < n; k++) {
        struct broker_record *record = &l->records[first + k];
        const char *data;
        if (answer_bytes(answer->element[k], &data, &record->message_len))
            record->message = arena_text(l->arena, data, record->message_len);
        else
            record->state = JOB_UNKNOWN;
    }
    return true;
}

static bool
take_reasons(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct list *l = arg;
    (void)i;
    if (!answer_is_array(answer, l->n))
        return answer_unexpected(answer, "list", err);
    for (size_t k = 0; k < l->n; k++) {
        struct broker_record *record = &l->records[k];
        const char *data;
        if (record->state == JOB_UNKNOWN ||
            !answer_bytes(answer->element[k], &data, &record->outcome_len))
            continue;
        record->outcome = arena_text(l->arena, data, record->outcome_len);
        record->state = outcome_state(record->outcome, record->outcome_len, record->state);
    }
    return true;
}
