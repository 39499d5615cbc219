/* Key names are put together by copying: they are made for each request, and printf would show in a
 * profile. What is copied is cut at KEY_MAX; names from outside are checked before they come here,
 * so that is never seen. */
#include "broker/keys.h"

#include <string.h>

#include "common/message.h"

static const char *const queue_keys[] = {
    [QUEUE_JOBS] = ":jobs:",      [QUEUE_DELAYED] = ":delayed",     [QUEUE_SUSPECTS] = ":suspects",
    [QUEUE_WORKERS] = ":workers", [QUEUE_DEAD] = ":dead",           [QUEUE_REASONS] = ":reasons",
    [QUEUE_BELL] = ":bell",       [QUEUE_CANCELLED] = ":cancelled", [QUEUE_UNIQUE] = ":unique",
    [QUEUE_WAITERS] = ":waiters", [QUEUE_META] = ":meta",           [QUEUE_STATS] = ":stats",
    [QUEUE_CONTROL] = ":control", [QUEUE_PERMITS] = ":permits",     [QUEUE_PARKED] = ":parked",
    [QUEUE_BARRED] = ":barred",   [QUEUE_BUCKETS] = ":buckets",
};

static void begin(struct key *k, const char *space);
static void begin_queue(struct key *k, const char *space, const char *queue);
static void add(struct key *k, const char *text);
static void add_bytes(struct key *k, const char *text, size_t len);
static void add_number(struct key *k, int64_t n);
static bool is_name(const char *name, size_t max, const char *more);

bool
key_check_namespace(const char *space, struct error *err)
{
    if (is_name(space, NAMESPACE_MAX, "_.-:"))
        return true;
    return error_set(
        err, ERROR_CONFIG,
        "namespace \"%.80s\": 1 to %d letters, digits, '_', '.', '-', ':' are expected", space,
        NAMESPACE_MAX);
}

bool
key_queue_name_is_valid(const char *name)
{
    return is_name(name, QUEUE_NAME_MAX, "_.-");
}

void
key_of_queue(struct key *out, const char *space, const char *queue, enum queue_key which)
{
    begin_queue(out, space, queue);
    add(out, queue_keys[which]);
}

void
key_ready(struct key *out, const char *space, const char *queue, unsigned priority)
{
    MUST(priority < PRIORITY_COUNT);
    begin_queue(out, space, queue);
    add(out, ":ready:");
    add_number(out, priority);
}

void
key_active(struct key *out, const char *space, const char *queue, const char *runner)
{
    begin_queue(out, space, queue);
    add(out, ":active:");
    add(out, runner);
}

void
key_jobs(struct key *out, const char *space, const char *queue, const struct id *id)
{
    char bucket[ID_BUCKET_LEN + 1];

    key_of_queue(out, space, queue, QUEUE_JOBS);
    if (id_has_bucket(id))
        add_bytes(out, id_bucket(id, bucket), ID_BUCKET_LEN);
    else
        add(out, "other");
}

void
key_results_prefix(struct key *out, const char *space, const char *queue)
{
    begin_queue(out, space, queue);
    add(out, ":results:");
}

void
key_result_own(struct key *out, const char *space, const char *queue, const struct id *id)
{
    begin_queue(out, space, queue);
    add(out, ":result:");
    add_bytes(out, id->text, id->len);
}

void
key_results(struct key *out, const char *space, const char *queue, const struct id *id)
{
    char bucket[ID_BUCKET_LEN + 1];

    if (!id_has_bucket(id)) {
        key_result_own(out, space, queue, id);
        return;
    }
    key_results_prefix(out, space, queue);
    add_bytes(out, id_bucket(id, bucket), ID_BUCKET_LEN);
}

void
key_queues(struct key *out, const char *space)
{
    begin(out, space);
    add(out, ":queues");
}

void
key_events(struct key *out, const char *space)
{
    begin(out, space);
    add(out, ":events");
}

void
key_worker(struct key *out, const char *space, const char *worker)
{
    begin(out, space);
    add(out, ":worker:");
    add(out, worker);
}

void
key_worker_control(struct key *out, const char *space, const char *worker)
{
    key_worker(out, space, worker);
    add(out, ":control");
}

void
key_tasks(struct key *out, const char *space, const char *hash)
{
    begin(out, space);
    add(out, ":tasks:");
    add(out, hash);
}

void
key_feed(struct key *out, const char *space, const char *random)
{
    begin(out, space);
    add(out, ":feed:");
    add(out, random);
}

static void
begin(struct key *k, const char *space)
{
    k->len = 0;
    add(k, space);
}

static void
begin_queue(struct key *k, const char *space, const char *queue)
{
    begin(k, space);
    add(k, ":{");
    add(k, queue);
    add(k, "}");
}

static void
add(struct key *k, const char *text)
{
    add_bytes(k, text, strlen(text));
}

static void
add_bytes(struct key *k, const char *text, size_t len)
{
    if (len > KEY_MAX - k->len)
        len = KEY_MAX - k->len;
    memcpy(k->text + k->len, text, len);
    k->len += len;
    k->text[k->len] = '\0';
}

static void
add_number(struct key *k, int64_t n)
{
    char digits[20], *p = digits + sizeof digits;
    MUST(n >= 0);
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    add_bytes(k, p, (size_t)(digits + sizeof digits - p));
}

static bool
is_name(const char *name, size_t max, const char *more)
{
    size_t len = 0;
    for (; name[len] != '\0'; len++) {
        char c = name[len];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (len >= max || (!is_word && strchr(more, c) == NULL))
            return false;
    }
    return len > 0;
}
