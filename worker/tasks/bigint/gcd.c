/* Task gcd: the greatest common divisor. One call of GMP, which cannot be interrupted: 30 ms for
 * two numbers of 100,000 digits, half a second for a million. */
#include "worker/tasks/bigint/bigint.h"

enum { DIGITS_MAX = 1000 * 1000 };

enum celeriac_outcome
gcd_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    mpz_t a, b;
    mpz_inits(a, b, NULL);
    if (bigint_read(ctx, 0, DIGITS_MAX, a, &end) && bigint_read(ctx, 1, DIGITS_MAX, b, &end)) {
        mpz_gcd(a, a, b);
        end = celeriac_cancelled(ctx) ? celeriac_stop(ctx) : bigint_return(ctx, a);
    }
    mpz_clears(a, b, NULL);
    return end;
}
