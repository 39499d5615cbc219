/* From options and arguments to messages.
 *
 * Checks are those that need no broker; the worker makes them all again. The uniqueness key that
 * nobody has chosen is the task's name with a 128-bit FNV-1a of the arguments as JSON: equal
 * arguments print equally, and a collision by chance is out of the question. (By intent it is not;
 * whoever may submit jobs can do worse.) */
#include "client/request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "broker/broker.h"
#include "common/json.h"

__extension__ typedef unsigned __int128 hash128;

static bool check_times(const struct celeriac_options *o, struct error *err);
static hash128 hash_value(hash128 h, const struct celeriac_value *v);

bool
request_init(struct request *r, const struct celeriac_options *o, int64_t redis_ms,
             struct error *err)
{
    static const struct celeriac_options defaults = CELERIAC_OPTIONS_INIT;

    o = o ? o : &defaults;
    *r = (struct request){.message = MESSAGE_INIT};
    r->queue = o->queue ? o->queue : QUEUE_DEFAULT;
    if (!broker_queue_name_is_valid(r->queue)) {
        return error_set(err, ERROR_USAGE,
                         "queue \"%s\": expected 1 to %d letters, digits, '_', '.', '-'", r->queue,
                         QUEUE_NAME_MAX);
    }
    if (o->priority < 0 || o->priority > 9) {
        return error_set(err, ERROR_USAGE, "priority %d: expected 0 to 9", o->priority);
    }
    if (o->retries < -1) {
        return error_set(err, ERROR_USAGE, "retries %d: expected 0 or more", o->retries);
    }
    if (!check_times(o, err)) {
        return false;
    }
    if (o->tags && celeriac_type(o->tags) != CELERIAC_OBJECT) {
        return error_set(err, ERROR_USAGE, "tags: expected an object");
    }
    if (o->limit_key && !message_limit_key_is_valid(o->limit_key, strlen(o->limit_key))) {
        return error_set(err, ERROR_USAGE,
                         "limit key \"%.80s\": expected 1 to %d bytes without control characters",
                         o->limit_key, LIMIT_KEY_MAX);
    }
    r->unique = o->unique;
    r->unique_ttl_ms = o->unique_ttl_ms;
    r->delay_ms = o->due_at_ms ? 0 : o->delay_ms;
    r->due_at_ms = o->due_at_ms;
    r->id = o->id;
    r->max_bytes = MESSAGE_MAX_DEFAULT;
    r->message.priority = (uint8_t)o->priority;
    r->message.max_retries = o->retries;
    r->message.backoff_ms = o->backoff_ms;
    r->message.backoff_max_ms = o->backoff_max_ms;
    r->message.soft_limit_ms = o->soft_limit_ms;
    r->message.hard_limit_ms = o->hard_limit_ms;
    r->message.result_ttl_ms = o->result_ttl_ms;
    r->message.expires_at_ms = o->expires_ms ? redis_ms + o->expires_ms : 0;
    r->message.tags = o->tags;
    r->message.limit_key = o->limit_key;
    r->message.limit_key_len = o->limit_key ? strlen(o->limit_key) : 0;
    return true;
}

bool
request_encode(const struct request *r, const struct request_job *what, struct buffer *out,
               size_t *offset, struct broker_job *job, struct error *err)
{
    struct message m = r->message;
    char key[UNIQUE_KEY_MAX + 1];
    size_t begin = out->len;

    if (!request_task_is_valid(what->task)) {
        return error_set(err, ERROR_USAGE,
                         "task \"%s\": expected 1 to %d letters, digits, '_', '.', '-'",
                         what->task ? what->task : "", TASK_NAME_MAX);
    }
    *job = (struct broker_job){.priority = m.priority,
                               .delay_ms = r->delay_ms,
                               .due_at_ms = r->due_at_ms,
                               .unique_ttl_ms = r->unique_ttl_ms,
                               .has_unique = r->unique != NULL};
    if (!r->id) {
        id_new(&job->id);
        job->is_fresh = true;
    } else if (!id_parse(&job->id, r->id, strlen(r->id))) {
        return error_set(err, ERROR_USAGE, "id \"%s\": expected a UUID", r->id);
    }
    m.task = what->task;
    m.task_len = strlen(what->task);
    m.args = what->args;
    m.kwargs = what->kwargs;
    m.chunk = what->chunk;
    m.unique = r->unique;
    if (r->unique && !*r->unique) {
        request_unique_key(what, key);
        m.unique = key;
    }
    m.unique_len = m.unique ? strlen(m.unique) : 0;
    if (!message_encode(&m, r->max_bytes, out, err)) {
        out->len = begin;
        return false;
    }
    job->len = out->len - begin;
    *offset = begin;
    return true;
}

void
request_unique_key(const struct request_job *what, char *key)
{
    hash128 h = ((hash128)0x6c62272e07bb0142u << 64) | 0x62b821756295c58du;

    h = hash_value(h, what->args && celeriac_size(what->args) ? what->args : NULL);
    h = hash_value(h, what->kwargs && celeriac_size(what->kwargs) ? what->kwargs : NULL);
    snprintf(key, UNIQUE_KEY_MAX + 1, "%s:%016llx%016llx", what->task,
             (unsigned long long)(h >> 64), (unsigned long long)h);
}

bool
request_task_is_valid(const char *task)
{
    size_t len = task ? strlen(task) : 0;

    if (len == 0 || len > TASK_NAME_MAX) {
        return false;
    }
    for (const char *p = task; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_.-", *p)) {
            return false;
        }
    }
    return true;
}

static bool
check_times(const struct celeriac_options *o, struct error *err)
{
    const struct {
        const char *name;
        int64_t value, least;
    } fields[] = {
        {"delay", o->delay_ms, 0},
        {"expiry", o->expires_ms, 0},
        {"backoff", o->backoff_ms, 0},
        {"largest backoff", o->backoff_max_ms, 0},
        {"soft limit", o->soft_limit_ms, 0},
        {"hard limit", o->hard_limit_ms, 0},
        {"life of the uniqueness key", o->unique_ttl_ms, 0},
        {"life of the result", o->result_ttl_ms, -1},
    };
    const int64_t most =
        INT64_C(100) * 366 * 86400 * 1000; /* so that sums with a time stay far from overflow */

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].value < fields[i].least || fields[i].value > most) {
            return error_set(err, ERROR_USAGE, "%s %lld ms: expected %lld ms to 100 years",
                             fields[i].name, (long long)fields[i].value,
                             (long long)fields[i].least);
        }
    }
    if (o->due_at_ms < 0) {
        return error_set(err, ERROR_USAGE, "due time %lld: expected ms since 1970",
                         (long long)o->due_at_ms);
    }
    return true;
}

static hash128
hash_value(hash128 h, const struct celeriac_value *v)
{
    const hash128 prime = ((hash128)1 << 88) | 0x13b;
    struct buffer text = BUFFER_INIT;

    if (v) {
        json_print(v, &text);
    }
    buffer_append(&text, "\n", 1); /* so that no argument can stand for an option by name */
    for (size_t i = 0; i < text.len; i++) {
        h = (h ^ (unsigned char)text.data[i]) * prime;
    }
    buffer_clear(&text);
    return h;
}
