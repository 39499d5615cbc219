/* How long to wait before the next try to connect: a pure function, so that it is tested without a
 * clock. */
#ifndef BROKER_BACKOFF_H
#define BROKER_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 1000 };

/* After `failures` tries in a row (1 is the first): doubles from 50 ms to 1 s, of which `random`
 * takes up to a half, so that those who lost the same Redis do not all come back at once. */
int backoff_ms(unsigned failures, uint32_t random);

#endif
