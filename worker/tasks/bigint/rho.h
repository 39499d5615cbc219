/* Factors of numbers beyond 64 bits. */
#ifndef TASKS_BIGINT_RHO_H
#define TASKS_BIGINT_RHO_H

#include "worker/tasks/bigint/bigint.h"

enum rho_end { RHO_FOUND, RHO_GAVE_UP, RHO_STOPPED /* cancelled */ };

/* A factor of n other than 1 and n into `factor`. n is odd and composite. */
enum rho_end rho_search(struct celeriac_context *ctx, const mpz_t n, mpz_t factor);

#endif
