/* Task fibonacci: F(n) exactly, by doubling the index.
 *
 *     F(2k-1) = F(k)^2 + F(k-1)^2,   F(2k) = F(k)^2 + 2 F(k) F(k-1),   F(2k+1) = F(2k) + F(2k-1)
 *
 * GMP's own mpz_fib2_ui gives the start, then each step costs three multiplications and looks at
 * the cancel flag. For n = 10^7 the last step takes 50 ms, for the largest n half a second; one
 * step is not interrupted. */
#include "worker/tasks/bigint/bigint.h"

enum { START_MAX = 4096 };
static const double PRINTING_SHARE = 0.8; /* of the run time, roughly */

struct pair {
    mpz_t f, before; /* F(k), F(k-1) */
    mpz_t squares;
};

/* k becomes 2k, or 2k+1. */
static void
double_index(struct pair *p, bool is_odd)
{
    mpz_mul(p->squares, p->before, p->before);
    mpz_mul(p->before, p->f, p->before);
    mpz_mul(p->f, p->f, p->f);
    mpz_add(p->squares, p->squares, p->f); /* F(2k-1) */
    mpz_addmul_ui(p->f, p->before, 2);     /* F(2k) */
    mpz_swap(p->before, p->squares);
    if (!is_odd)
        return;
    mpz_add(p->before, p->before, p->f); /* F(2k+1), in the wrong place */
    mpz_swap(p->before, p->f);
}

enum celeriac_outcome
fibonacci_run(struct celeriac_context *ctx)
{
    const unsigned long n = (unsigned long)celeriac_arg_integer(ctx, 0);
    unsigned shift = 0;
    struct pair p;
    while (n >> shift >= START_MAX)
        shift++;
    mpz_inits(p.f, p.before, p.squares, NULL);
    mpz_fib2_ui(p.f, p.before, n >> shift);
    while (shift > 0 && !celeriac_cancelled(ctx)) {
        shift--;
        double_index(&p, (n >> shift) & 1);
        celeriac_progress(ctx, (1 - PRINTING_SHARE) / (double)(1ul << shift));
    }
    const enum celeriac_outcome end = shift > 0 ? celeriac_stop(ctx) : bigint_return(ctx, p.f);
    mpz_clears(p.f, p.before, p.squares, NULL);
    return end;
}
