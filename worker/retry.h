/* Whether and when a failed job is tried again: policy, pure functions. */
#ifndef WORKER_RETRY_H
#define WORKER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum { RETRY_DEFAULT = 3, RETRY_BACKOFF_MS = 1000, RETRY_BACKOFF_MAX_MS = 600000 };

/* How many retries a job gets: its own number (< 0: none given), else its task's (NULL: none
 * given), else 3. */
uint32_t retry_limit(int32_t of_job, const int *of_task);
/* Doubling with full jitter: between 0 and min(max, base * 2^attempts), picked by `random` (uniform
 * in 64 bits). base and max of 0 stand for 1 s and 10 min. */
int64_t retry_delay_ms(uint32_t attempts, int64_t base_ms, int64_t max_ms, uint64_t random);
/* Uniform bits for the above, from the kernel's generator once per thread. */
uint64_t retry_random(void);

#endif
