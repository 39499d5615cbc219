/* Powers modulo a number, in steps that look at the cancel flag. */
#ifndef TASKS_BIGINT_POWER_H
#define TASKS_BIGINT_POWER_H

#include "worker/tasks/bigint/bigint.h"

struct power {
    mpz_srcptr base, exponent, modulus; /* exponent >= 0, modulus > 0 */
    double progress_from, progress_to;  /* both 0: reports none */
};

/* out = base^exponent mod modulus, 0..modulus-1. False: cancelled. `out` is none of the others. */
bool power_modulo(struct celeriac_context *ctx, const struct power *p, mpz_t out);

#endif
