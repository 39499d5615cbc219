/* The tasks of the module bigint: one function and one file each; the table is in bigint.c. */
#ifndef TASKS_BIGINT_H
#define TASKS_BIGINT_H

#include "client/celeriac_task.h"

#include <gmp.h>

celeriac_task_fn factorial_run;

/* GMP ends the process when memory runs out or a number passes its limits; so the size of every
 * result is worked out first, and a larger one is refused. 64 Mbit are 20 million digits. */
enum { BIGINT_BITS_MAX = 64 * 1000 * 1000 };

/* Ends the task with a number, printed in blocks that look at the cancel flag (decimal.c). */
enum celeriac_outcome bigint_return(struct celeriac_context *ctx, const mpz_t number);

#endif
