/* A small table that is searched from one end to the other and loses what was not used for longest.
 * The key is the text and the names, each followed by a NUL: names hold none, so a key is never
 * another one's. */
#include "worker/tasks/math/expression_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct expression *expression; /* NULL: free */
    char *key;
    size_t key_len;
    uint64_t used_at;
};

struct expression_cache {
    struct entry entries[EXPRESSION_CACHE_SIZE];
    uint64_t now;
};

struct expression_cache *
expression_cache_new(void)
{
    return calloc(1, sizeof(struct expression_cache));
}

static void
entry_clear(struct entry *entry)
{
    expression_free(entry->expression);
    free(entry->key);
    *entry = (struct entry){NULL, NULL, 0, 0};
}

void
expression_cache_free(struct expression_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < EXPRESSION_CACHE_SIZE; i++)
        entry_clear(&cache->entries[i]);
    free(cache);
}

static char *
key_new(struct text text, const struct names *names, size_t *key_len)
{
    size_t total = text.len + 1;
    for (size_t i = 0; i < names->n; i++)
        total += strlen(names->items[i]) + 1;
    char *key = malloc(total);
    char *end = key + text.len + 1;
    if (key == NULL)
        abort();
    memcpy(key, text.bytes, text.len);
    key[text.len] = '\0';
    for (size_t i = 0; i < names->n; i++)
        end = stpcpy(end, names->items[i]) + 1;
    *key_len = total;
    return key;
}

/* NULL: not there. */
static struct entry *
find(struct expression_cache *cache, const char *key, size_t key_len)
{
    for (size_t i = 0; i < EXPRESSION_CACHE_SIZE; i++) {
        struct entry *entry = &cache->entries[i];
        if (entry->expression != NULL && entry->key_len == key_len &&
            memcmp(entry->key, key, key_len) == 0)
            return entry;
    }
    return NULL;
}

/* Puts it in the place of what was not used for longest. */
static struct entry *
replace(struct expression_cache *cache, struct expression *e, char *key, size_t key_len)
{
    struct entry *oldest = &cache->entries[0];
    for (size_t i = 1; i < EXPRESSION_CACHE_SIZE; i++)
        if (cache->entries[i].used_at < oldest->used_at)
            oldest = &cache->entries[i];
    entry_clear(oldest);
    *oldest = (struct entry){e, key, key_len, 0};
    return oldest;
}

struct expression *
expression_cache_get(struct expression_cache *cache, struct text text, const struct names *names,
                     struct why *why)
{
    size_t key_len;
    char *key = key_new(text, names, &key_len);
    struct entry *entry = find(cache, key, key_len);
    if (entry != NULL) {
        free(key);
    } else {
        struct expression *e = expression_new(text, names, why);
        if (e == NULL) {
            free(key);
            return NULL;
        }
        entry = replace(cache, e, key, key_len);
    }
    entry->used_at = ++cache->now;
    return entry->expression;
}
