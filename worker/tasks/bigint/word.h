/* Numbers of 64 bits: are they prime, what divides them? Exact answers within milliseconds. */
#ifndef TASKS_BIGINT_WORD_H
#define TASKS_BIGINT_WORD_H

#include <stdbool.h>
#include <stdint.h>

bool word_is_prime(uint64_t n);
/* A factor of n other than 1 and n. n is odd and composite. */
uint64_t word_factor(uint64_t n);

/* All primes below 2^16, ascending. */
enum { WORD_PRIMES = 6542, WORD_PRIMES_END = 1 << 16 };
void word_list_primes(uint16_t out[WORD_PRIMES]);

#endif
