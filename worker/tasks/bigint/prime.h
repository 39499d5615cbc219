/* Prime tests for integers of any length. */
#ifndef TASKS_BIGINT_PRIME_H
#define TASKS_BIGINT_PRIME_H

#include "worker/tasks/bigint/bigint.h"

enum { PRIME_DIGITS_MAX = 100 * 1000 };
enum prime_answer { PRIME_NO, PRIME_YES, PRIME_STOPPED /* cancelled */ };

/* Exact for n < 2^64. Above, NO is certain and YES is wrong with a chance below 10^-14, also for
 * numbers that were chosen to deceive. Reports progress if `reports`. */
enum prime_answer prime_test(struct celeriac_context *ctx, const mpz_t n, bool reports);

#endif
