/* Random numbers that are a function of a counter: Philox4x32-10 (Salmon, Moraes, Dror, Shaw,
 * "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011). Different keys or counters give
 * independent numbers, so streams need no state and never overlap. */
#ifndef TASKS_MATH_PHILOX_H
#define TASKS_MATH_PHILOX_H

#include <stdint.h>

struct philox_block {
    uint32_t word[4];
};

/* 128 random bits for that counter. */
static inline struct philox_block
philox(struct philox_block counter, uint64_t key)
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    struct philox_block c = counter;
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c.word[0],
                       p1 = (uint64_t)0xCD9E8D57u * c.word[2];
        c = (struct philox_block){{(uint32_t)(p1 >> 32) ^ c.word[1] ^ k0, (uint32_t)p1,
                                   (uint32_t)(p0 >> 32) ^ c.word[3] ^ k1, (uint32_t)p0}};
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

/* In the open interval (0, 1), from 52 bits. */
static inline double
philox_uniform(uint32_t high, uint32_t low)
{
    const uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

#endif
