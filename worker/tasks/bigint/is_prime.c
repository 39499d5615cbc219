/* Task is_prime, and the prime test of the other tasks.
 *
 * Up to 64 bits word.c decides. Up to PLAIN_BITS GMP does: trial division, the test of Baillie,
 * Pomerance, Selfridge and Wagstaff, which no composite number is known to pass, then 24 rounds of
 * Miller and Rabin; one call, 80 ms at most. Beyond, that would take seconds and more without a
 * look at the cancel flag; so there it is ROUNDS rounds of Miller and Rabin, with bases that nobody
 * can foresee: each lets a composite number pass with a chance of at most 1/4. */
#include "worker/tasks/bigint/prime.h"

#include <sys/random.h>

#include "worker/tasks/bigint/power.h"
#include "worker/tasks/bigint/word.h"

enum { PLAIN_BITS = 2048, PLAIN_REPETITIONS = 48, ROUNDS = 25 };

struct rounds {
    struct celeriac_context *ctx;
    mpz_srcptr n;
    mpz_t less, odd; /* n - 1 = odd * 2^twos */
    mp_bitcnt_t twos;
    bool reports;
};

static bool
has_small_factor(const mpz_t n)
{
    uint16_t primes[WORD_PRIMES];
    word_list_primes(primes);
    for (size_t i = 0; i < WORD_PRIMES; i++)
        if (mpz_divisible_ui_p(n, primes[i]))
            return true;
    return false;
}

/* One round. The base is 2..n-2, since n is odd and much longer than 64 bits. */
static enum prime_answer
run_round(const struct rounds *r, unsigned number, mpz_t x)
{
    uint64_t random = 0;
    (void)!getrandom(&random, sizeof(random), 0);
    mpz_t base;
    mpz_init(base);
    mpz_import(base, 1, 1, sizeof(random), 0, 0, &random);
    mpz_add_ui(base, base, 2);
    const struct power p = {base, r->odd, r->n, r->reports ? (double)number / ROUNDS : 0,
                            r->reports ? (double)(number + 1) / ROUNDS : 0};
    const bool is_done = power_modulo(r->ctx, &p, x);
    mpz_clear(base);
    if (!is_done)
        return PRIME_STOPPED;
    bool passes = mpz_cmp_ui(x, 1) == 0 || mpz_cmp(x, r->less) == 0;
    for (mp_bitcnt_t i = 1; i < r->twos && !passes; i++) {
        if (celeriac_cancelled(r->ctx))
            return PRIME_STOPPED;
        mpz_mul(x, x, x);
        mpz_tdiv_r(x, x, r->n);
        passes = mpz_cmp(x, r->less) == 0;
    }
    return passes ? PRIME_YES : PRIME_NO;
}

static enum prime_answer
run_rounds(struct celeriac_context *ctx, const mpz_t n, bool reports)
{
    struct rounds r = {.ctx = ctx, .n = n, .reports = reports};
    enum prime_answer answer = PRIME_YES;
    mpz_t x;
    if (has_small_factor(n))
        return PRIME_NO;
    mpz_inits(r.less, r.odd, x, NULL);
    mpz_sub_ui(r.less, n, 1);
    r.twos = mpz_scan1(r.less, 0);
    mpz_tdiv_q_2exp(r.odd, r.less, r.twos);
    for (unsigned i = 0; i < ROUNDS && answer == PRIME_YES; i++)
        answer = run_round(&r, i, x);
    mpz_clears(r.less, r.odd, x, NULL);
    return answer;
}

enum prime_answer
prime_test(struct celeriac_context *ctx, const mpz_t n, bool reports)
{
    if (celeriac_cancelled(ctx))
        return PRIME_STOPPED;
    if (mpz_sgn(n) <= 0)
        return PRIME_NO;
    const size_t bits = mpz_sizeinbase(n, 2);
    if (bits <= 64) {
        uint64_t word = 0;
        mpz_export(&word, NULL, 1, sizeof(word), 0, 0, n);
        return word_is_prime(word) ? PRIME_YES : PRIME_NO;
    }
    if (bits <= PLAIN_BITS)
        return mpz_probab_prime_p(n, PLAIN_REPETITIONS) != 0 ? PRIME_YES : PRIME_NO;
    return run_rounds(ctx, n, reports);
}

enum celeriac_outcome
is_prime_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    mpz_t n;
    mpz_init(n);
    if (bigint_read(ctx, 0, PRIME_DIGITS_MAX, n, &end)) {
        const enum prime_answer answer = prime_test(ctx, n, true);
        end =
            answer == PRIME_STOPPED
                ? celeriac_stop(ctx)
                : celeriac_return(ctx, celeriac_boolean(celeriac_arena(ctx), answer == PRIME_YES));
    }
    mpz_clear(n);
    return end;
}
