/* Task factorial: n! exactly.
 *
 * Peter Luschny's "split recursive": n! is a power of two times products of odd numbers, which are
 * taken over the intervals (n/2, n], (n/4, n/2], ...; each interval's product is a balanced tree,
 * so that factors of equal size meet and GMP's fast multiplication is used. The tree's leaves take
 * the next odd number from a counter and look at the cancel flag from time to time. One
 * multiplication, at most a few ms for n = 10^6, is never interrupted. */
#include "worker/tasks/bigint/bigint.h"

#include <math.h>

enum { LEAF = 32, LEAVES_BETWEEN_POLLS = 64 };
static const double PRINTING_SHARE = 0.4; /* of the run time, roughly */

struct product {
    struct celeriac_context *ctx;
    unsigned long next; /* the last odd number that was taken */
    unsigned long n;
    unsigned leaves;
    bool is_stopped;
};

static void
look_around(struct product *p)
{
    if (++p->leaves % LEAVES_BETWEEN_POLLS != 0)
        return;
    p->is_stopped = celeriac_cancelled(p->ctx);
    celeriac_progress(p->ctx, (1 - PRINTING_SHARE) * (double)p->next / (double)p->n);
}

/* The product of the next `count` odd numbers. */
static void
multiply_next(struct product *p, unsigned long count, mpz_t out)
{
    if (p->is_stopped)
        return;
    if (count <= LEAF) {
        mpz_set_ui(out, 1);
        for (unsigned long i = 0; i < count; i++)
            mpz_mul_ui(out, out, p->next += 2);
        look_around(p);
        return;
    }
    mpz_t right;
    mpz_init(right);
    multiply_next(p, count / 2, out);
    multiply_next(p, count - count / 2, right);
    if (!p->is_stopped)
        mpz_mul(out, out, right);
    mpz_clear(right);
}

/* `out` is 1 and `odd` is 1 on entry. Goes through n >> k for k = log2(n) ... 0: `odd` becomes the
 * product of all odd numbers up to n >> k, `out` the product of these. */
static void
multiply_all(struct product *p, mpz_t out, mpz_t odd)
{
    unsigned long shift = 0, high = 1;
    mpz_t interval;
    mpz_init(interval);
    for (int k = 63 - __builtin_clzl(p->n | 1); k >= 0 && !p->is_stopped; k--) {
        const unsigned long h = p->n >> k, low = high;
        shift += k > 0 ? h : 0;
        high = (h - 1) | 1;
        if (high <= low)
            continue;
        multiply_next(p, (high - low) / 2, interval);
        if (p->is_stopped)
            break;
        mpz_mul(odd, odd, interval);
        mpz_mul(out, out, odd);
    }
    mpz_mul_2exp(out, out, shift);
    mpz_clear(interval);
}

enum celeriac_outcome
factorial_run(struct celeriac_context *ctx)
{
    struct product p = {.ctx = ctx, .next = 1, .n = (unsigned long)celeriac_arg_integer(ctx, 0)};
    const double bits =
        log2(2 * M_PI * ((double)p.n + 1)) / 2 + ((double)p.n + 1) * log2((double)p.n + 1);
    if (bits > BIGINT_BITS_MAX)
        return celeriac_reject(ctx, "too_large",
                               "%lu! has about %.0f bits: at most %d are possible", p.n, bits,
                               BIGINT_BITS_MAX);
    mpz_t out, odd;
    mpz_init_set_ui(out, 1);
    mpz_init_set_ui(odd, 1);
    if (p.n > 1)
        multiply_all(&p, out, odd);
    celeriac_progress(ctx, 1 - PRINTING_SHARE);
    const enum celeriac_outcome outcome =
        p.is_stopped ? celeriac_stop(ctx) : bigint_return(ctx, out);
    mpz_clears(out, odd, NULL);
    return outcome;
}
