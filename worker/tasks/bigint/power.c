/* Task power: base^exponent, exactly or modulo a number.
 *
 * The bits of the exponent from the left: square, and multiply where the bit is 1. Before exact
 * powers the size of the result is worked out; powers of two are taken out of the base first, since
 * a shift is nearly free. Modulo a number of up to some thousand bits GMP's own mpz_powm is faster
 * and ends within 50 ms; the loop here is for what is larger. One step, which is not interrupted,
 * takes 50 ms modulo a million digits, and 0.2 s in an exact power with ten million. */
#include "worker/tasks/bigint/power.h"

#include <math.h>

enum { ARG_BASE, ARG_EXPONENT, ARG_MODULUS, ARGS };
enum { DIGITS_MAX = 1000 * 1000 };
static const double GMP_COST_MAX =
    1e11; /* bits of the exponent, times bits of the modulus squared */
static const double PRINTING_SHARE = 0.8; /* of the run time, roughly */

static bool
power_by_steps(struct celeriac_context *ctx, const struct power *p, mpz_t out)
{
    const size_t bits = mpz_sizeinbase(p->exponent, 2);
    mpz_t base;
    mpz_init(base);
    mpz_mod(base, p->base, p->modulus);
    mpz_mod(out, base, p->modulus);
    size_t i = bits - 1;
    for (; i > 0 && !celeriac_cancelled(ctx); i--) {
        mpz_mul(out, out, out);
        mpz_tdiv_r(out, out, p->modulus);
        if (mpz_tstbit(p->exponent, i - 1)) {
            mpz_mul(out, out, base);
            mpz_tdiv_r(out, out, p->modulus);
        }
        const double share = (double)(bits - i) / (double)bits;
        if (p->progress_to > 0)
            celeriac_progress(ctx, p->progress_from + (p->progress_to - p->progress_from) * share);
    }
    mpz_clear(base);
    return i == 0;
}

bool
power_modulo(struct celeriac_context *ctx, const struct power *p, mpz_t out)
{
    const double bits = (double)mpz_sizeinbase(p->modulus, 2);
    const double cost = (double)mpz_sizeinbase(p->exponent, 2) * bits * bits;
    if (celeriac_cancelled(ctx))
        return false;
    if (mpz_sgn(p->exponent) == 0 || cost <= GMP_COST_MAX) {
        mpz_powm(out, p->base, p->exponent, p->modulus);
        if (p->progress_to > 0)
            celeriac_progress(ctx, p->progress_to);
        return true;
    }
    return power_by_steps(ctx, p, out);
}

/* False: cancelled. */
static bool
power_exact(struct celeriac_context *ctx, mpz_t out, mpz_t base, unsigned long exponent)
{
    const mp_bitcnt_t twos = mpz_sgn(base) != 0 ? mpz_scan1(base, 0) : 0;
    mpz_tdiv_q_2exp(base, base, twos);
    mpz_set_ui(out, 1);
    for (int i = 63 - __builtin_clzll(exponent | 1); i >= 0 && exponent > 0; i--) {
        if (celeriac_cancelled(ctx))
            return false;
        mpz_mul(out, out, out);
        if ((exponent >> i) & 1)
            mpz_mul(out, out, base);
        celeriac_progress(ctx, ldexp(1 - PRINTING_SHARE, -i));
    }
    mpz_mul_2exp(out, out, twos * exponent);
    return true;
}

/* How many bits |base|^exponent has, at most. */
static double
result_bits(const mpz_t base, const mpz_t exponent)
{
    long shift;
    const double top = fabs(mpz_get_d_2exp(&shift, base));
    if (mpz_cmpabs_ui(base, 1) <= 0 || mpz_sgn(exponent) == 0)
        return 1;
    return mpz_get_d(exponent) * ((double)shift + log2(top)) + 1;
}

static enum celeriac_outcome
run_exact(struct celeriac_context *ctx, mpz_t base, mpz_t exponent, mpz_t out)
{
    const double bits = result_bits(base, exponent);
    if (bits > BIGINT_BITS_MAX)
        return celeriac_reject(ctx, "too_large",
                               "power: the result has about %.3g bits: at most %d are possible",
                               bits, BIGINT_BITS_MAX);
    if (mpz_cmpabs_ui(base, 1) <= 0) /* the exponent may be of any length */
        mpz_set_ui(exponent, mpz_sgn(exponent) == 0 ? 0 : 2 - (mpz_odd_p(exponent) != 0));
    if (!power_exact(ctx, out, base, mpz_get_ui(exponent)))
        return celeriac_stop(ctx);
    return bigint_return(ctx, out);
}

static enum celeriac_outcome
run_modulo(struct celeriac_context *ctx, const mpz_t base, const mpz_t exponent, mpz_t modulus,
           mpz_t out)
{
    const struct power p = {base, exponent, modulus, 0, 0.99};
    if (mpz_sgn(modulus) <= 0)
        return celeriac_reject(ctx, "invalid_arguments", "power: modulus: expected at least 1");
    return power_modulo(ctx, &p, out) ? bigint_return(ctx, out) : celeriac_stop(ctx);
}

enum celeriac_outcome
power_run(struct celeriac_context *ctx)
{
    const bool has_modulus = celeriac_arg(ctx, ARG_MODULUS) != NULL;
    enum celeriac_outcome end;
    mpz_t args[ARGS], out;
    bool is_read = true;
    mpz_init(out);
    for (size_t i = 0; i < ARGS; i++) {
        mpz_init(args[i]);
        is_read = is_read &&
                  (celeriac_arg(ctx, i) == NULL || bigint_read(ctx, i, DIGITS_MAX, args[i], &end));
    }
    if (is_read)
        end = has_modulus ? run_modulo(ctx, args[0], args[1], args[2], out)
                          : run_exact(ctx, args[0], args[1], out);
    for (size_t i = 0; i < ARGS; i++)
        mpz_clear(args[i]);
    mpz_clear(out);
    return end;
}
