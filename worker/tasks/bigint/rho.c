/* Pollard's rho in Brent's form (1980), for numbers of any length. A prime factor p is met after
 * about sqrt(p) steps. The number of steps is bounded: 2^27 for n of up to 38 digits, some 30 s,
 * which finds p up to 10^14 but for one in 10,000; for longer n as many fewer as one step takes
 * longer, down to STEPS_MIN. Steps come in batches whose differences are multiplied and looked at
 * once; the cancel flag is looked at with them. */
#include "worker/tasks/bigint/rho.h"

enum { BATCH = 128, STEPS_MIN = 1 << 20 };
static const double STEPS_FOR_ONE_LIMB = (double)(1u << 28);

struct walk {
    struct celeriac_context *ctx;
    mpz_srcptr n;
    mpz_t x, y, start, product, difference;
    unsigned long c;
    double steps, steps_max;
};

static void
next(const struct walk *w, mpz_t y)
{
    mpz_mul(y, y, y);
    mpz_add_ui(y, y, w->c);
    mpz_tdiv_r(y, y, w->n);
}

/* Up to `count` steps; `factor` becomes what the batch has in common with n. */
static void
walk_batch(struct walk *w, unsigned long count, mpz_t factor)
{
    mpz_set(w->start, w->y);
    for (unsigned long i = 0; i < count; i++) {
        next(w, w->y);
        mpz_sub(w->difference, w->x, w->y);
        mpz_mul(w->product, w->product, w->difference);
        mpz_tdiv_r(w->product, w->product, w->n);
    }
    w->steps += (double)count;
    mpz_gcd(factor, w->product, w->n);
}

/* The last batch met several factors at once: step by step now. */
static void
walk_again(struct walk *w, mpz_t factor)
{
    do {
        next(w, w->start);
        mpz_sub(w->difference, w->x, w->start);
        mpz_gcd(factor, w->difference, w->n);
    } while (mpz_cmp_ui(factor, 1) == 0);
}

/* Until `factor` is above 1. GAVE_UP: out of steps. */
static enum rho_end
walk_on(struct walk *w, mpz_t factor)
{
    for (unsigned long r = 1;; r *= 2) {
        mpz_set(w->x, w->y);
        for (unsigned long done = 0; done < 2 * r; done += BATCH) {
            const unsigned long left = 2 * r - done, count = left < BATCH ? left : BATCH;
            if (celeriac_cancelled(w->ctx))
                return RHO_STOPPED;
            celeriac_progress(w->ctx, w->steps / w->steps_max);
            walk_batch(w, count, factor);
            if (mpz_cmp_ui(factor, 1) != 0)
                return RHO_FOUND;
            if (w->steps > w->steps_max)
                return RHO_GAVE_UP;
        }
    }
}

enum rho_end
rho_search(struct celeriac_context *ctx, const mpz_t n, mpz_t factor)
{
    struct walk w = {.ctx = ctx, .n = n, .steps_max = STEPS_FOR_ONE_LIMB / (double)mpz_size(n)};
    enum rho_end end = RHO_FOUND;
    if (w.steps_max < STEPS_MIN)
        w.steps_max = STEPS_MIN;
    mpz_inits(w.x, w.y, w.start, w.product, w.difference, NULL);
    mpz_set(factor, n);
    while (end == RHO_FOUND && mpz_cmp(factor, n) == 0) {
        w.c++;
        mpz_set_ui(w.y, 2);
        mpz_set_ui(w.product, 1);
        end = walk_on(&w, factor);
        if (end == RHO_FOUND && mpz_cmp(factor, n) == 0)
            walk_again(&w, factor);
    }
    mpz_clears(w.x, w.y, w.start, w.product, w.difference, NULL);
    return end;
}
