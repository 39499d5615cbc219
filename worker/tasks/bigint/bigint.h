/* The tasks of the module bigint, one file each, and what they share; the table is in bigint.c. */
#ifndef TASKS_BIGINT_H
#define TASKS_BIGINT_H

#include "client/celeriac_task.h"

#include <gmp.h>

celeriac_task_fn factorial_run;
celeriac_task_fn factorize_run;
celeriac_task_fn fibonacci_run;
celeriac_task_fn gcd_run;
celeriac_task_fn is_prime_run;
celeriac_task_fn next_prime_run;
celeriac_task_fn pi_run;
celeriac_task_fn power_run;

/* GMP ends the process when memory runs out or a number passes its limits; so the size of every
 * result is worked out first, and a larger one is refused. 55 Mbit are 16.5 million digits, the
 * most that a result of 16 MiB holds. */
enum { BIGINT_BITS_MAX = 55 * 1000 * 1000 };

/* Argument i, of kind BIGINT, into `out` (argument.c). False: it has more than `digits_max` digits,
 * and *end is how the task ends. */
bool bigint_read(struct celeriac_context *ctx, size_t i, size_t digits_max, mpz_t out,
                 enum celeriac_outcome *end);

/* Ends the task with a number (decimal.c). */
enum celeriac_outcome bigint_return(struct celeriac_context *ctx, const mpz_t number);
/* A number as a value; no function but celeriac_set and the like needs to look at it. */
struct celeriac_value *bigint_value(struct celeriac_context *ctx, const mpz_t number);
/* The decimal digits of |number| with room for one more character in front of them: *text + 1 is
 * where they start. Printed in blocks that look at the cancel flag. For free(3); NULL: cancelled.
 */
char *bigint_print(struct celeriac_context *ctx, const mpz_t number, size_t *len);

#endif
