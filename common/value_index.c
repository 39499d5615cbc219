/* Index of an object's keys.
 *
 * Open addressing with linear probing; a slot holds the number of an entry plus one, 0 is free.
 * There are two slots per entry of capacity, and entries are never removed, so a probe ends soon.
 * The hash is SipHash-1-3 (Aumasson and Bernstein 2012) under a random key of this process:
 * messages come from outside, and with a hash that can be foreseen their keys could be chosen to
 * collide. */
#include "common/value_index.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "common/arena.h"
#include "common/error.h"

static uint64_t hash_of(const char *key, size_t len);
static uint64_t hash_key(void);
static uint32_t slot_mask(const struct celeriac_value *object);

void
value_index_build(struct celeriac_value *object)
{
    size_t size = 2 * (size_t)object->capacity * sizeof *object->slots;

    MUST((object->capacity & (object->capacity - 1)) == 0);
    object->slots = arena_alloc(object->arena, size);
    memset(object->slots, 0, size);
    for (uint32_t i = 0; i < object->count; i++)
        value_index_add(object, i);
}

void
value_index_add(struct celeriac_value *object, uint32_t number)
{
    const struct value_entry *e = &object->as.entries[number];
    uint32_t mask = slot_mask(object);
    uint32_t i = (uint32_t)hash_of(e->key, e->key_len) & mask;

    while (object->slots[i] != 0)
        i = (i + 1) & mask;
    object->slots[i] = number + 1;
}

struct value_entry *
value_index_find(const struct celeriac_value *object, const char *key, size_t len)
{
    uint32_t mask = slot_mask(object);
    uint32_t i = (uint32_t)hash_of(key, len) & mask;

    for (; object->slots[i] != 0; i = (i + 1) & mask) {
        struct value_entry *e = &object->as.entries[object->slots[i] - 1];
        if (e->key_len == len && memcmp(e->key, key, len) == 0)
            return e;
    }
    return NULL;
}

static uint32_t
slot_mask(const struct celeriac_value *object)
{
    return 2 * object->capacity - 1;
}

/* One key per process: two threads that come first at once agree on the one that was stored. */
static uint64_t
hash_key(void)
{
    static _Atomic uint64_t stored;
    uint64_t key = atomic_load_explicit(&stored, memory_order_relaxed);

    if (key != 0)
        return key;
    uint64_t fresh = 0;
    MUST(getrandom(&fresh, sizeof fresh, 0) == (ssize_t)sizeof fresh);
    fresh |= 1;
    return atomic_compare_exchange_strong(&stored, &key, fresh) ? fresh : key;
}

static inline uint64_t
rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static uint64_t
hash_of(const char *key, size_t len)
{
    uint64_t secret = hash_key();
    uint64_t v[4] = {secret ^ UINT64_C(0x736f6d6570736575), ~secret ^ UINT64_C(0x646f72616e646f6d),
                     secret ^ UINT64_C(0x6c7967656e657261), ~secret ^ UINT64_C(0x7465646279746573)};
    size_t left = len;

    for (; left >= 8; key += 8, left -= 8) {
        uint64_t word;
        memcpy(&word, key, sizeof word);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = 0;
    memcpy(&last, key, left);
    last ^= (uint64_t)len << 56;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
