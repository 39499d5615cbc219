/* What does not look like one of our names is left out: anybody may write into a Redis, and a
 * strange name must not become part of a key. */
#include "broker/names.h"

#include <stdlib.h>
#include <string.h>

#include "broker/scan.h"

static bool registry(const redisReply *answer, bool runners, struct names *out, struct error *err);
static bool take_queues(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_keys(void *arg, const redisReply *items, bool *is_over, struct error *err);
static int compare(const void *a, const void *b);

void
names_add(struct names *names, const char *text, size_t len)
{
    if (names->n == names->capacity) {
        size_t capacity = names->capacity == 0 ? 16 : names->capacity * 2;
        const char **grown = arena_alloc(names->arena, capacity * sizeof *grown);
        if (names->n > 0)
            memcpy(grown, names->items, names->n * sizeof *grown);
        names->items = grown;
        names->capacity = capacity;
    }
    names->items[names->n++] = arena_text(names->arena, text, len);
}

void
names_sort(struct names *names)
{
    size_t kept = 0;
    if (names->n == 0)
        return;
    qsort(names->items, names->n, sizeof *names->items, compare);
    for (size_t i = 1; i < names->n; i++)
        if (strcmp(names->items[kept], names->items[i]) != 0)
            names->items[++kept] = names->items[i];
    names->n = kept + 1;
}

bool
names_of_queues(struct broker *b, const char *queue, struct names *out, struct error *err)
{
    struct key key;
    if (queue != NULL) {
        if (!key_queue_name_is_valid(queue))
            return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", queue);
        names_add(out, queue, strlen(queue));
        return true;
    }
    key_queues(&key, b->space);
    exchange_on_key(b, "SMEMBERS", &key, 0);
    if (!exchange_run(b, take_queues, out, err))
        return false;
    names_sort(out);
    return true;
}

bool
names_of_keys(struct broker *b, const char *prefix, struct names *out, struct error *err)
{
    if (!scan_keys(b, prefix, take_keys, out, err))
        return false;
    names_sort(out);
    return true;
}

bool
names_of_runners(const redisReply *answer, struct names *runners, struct error *err)
{
    return registry(answer, true, runners, err);
}

bool
names_of_workers(const redisReply *answer, struct names *workers, struct error *err)
{
    return registry(answer, false, workers, err);
}

static bool
registry(const redisReply *answer, bool runners, struct names *out, struct error *err)
{
    const char *name;
    size_t len;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "registry", err);
    for (size_t i = 0; i + 1 < answer->elements; i += 2) {
        if (!answer_bytes(answer->element[i], &name, &len))
            return answer_unexpected(answer->element[i], "registry", err);
        bool is_runner = memchr(name, '/', len) != NULL;
        if (is_runner == runners && len > 0 && len <= RUNNER_NAME_MAX &&
            memchr(name, '\0', len) == NULL)
            names_add(out, name, len);
    }
    return true;
}

static bool
take_queues(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct names *out = arg;
    const char *name;
    size_t len;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "queues", err);
    for (size_t k = 0; k < answer->elements; k++) {
        if (!answer_bytes(answer->element[k], &name, &len))
            return answer_unexpected(answer->element[k], "queues", err);
        if (memchr(name, '\0', len) == NULL && key_queue_name_is_valid(name))
            names_add(out, name, len);
    }
    return true;
}

static bool
take_keys(void *arg, const redisReply *items, bool *is_over, struct error *err)
{
    const char *name;
    size_t len;
    (void)is_over;
    (void)err;
    for (size_t k = 0; k < items->elements; k++)
        if (answer_bytes(items->element[k], &name, &len) && len <= KEY_MAX &&
            memchr(name, '\0', len) == NULL)
            names_add(arg, name, len);
    return true;
}

static int
compare(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}
