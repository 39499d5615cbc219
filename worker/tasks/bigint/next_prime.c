/* Task next_prime: the smallest prime above n.
 *
 * Candidates come in windows of odd numbers; those with a factor below 2^16 are struck out as in
 * the sieve of Eratosthenes, and prime_test looks at the rest, one by one. Of 64-bit numbers the
 * next one is tested at once. */
#include "worker/tasks/bigint/prime.h"

#include <string.h>

#include "worker/tasks/bigint/word.h"

enum { WINDOW = 1 << 15 /* odd numbers */ };
static const uint64_t LAST_WORD_PRIME = 18446744073709551557u; /* below 2^64 */

struct search {
    struct celeriac_context *ctx;
    uint16_t primes[WORD_PRIMES];
    bool is_struck[WINDOW];
};

static uint64_t
next_word_prime(uint64_t n)
{
    if (n < 2)
        return 2;
    n += 1 + (n & 1);
    while (!word_is_prime(n))
        n += 2;
    return n;
}

/* is_struck[i]: first + 2i has a small factor. `first` is odd and above 2^64. */
static void
strike(struct search *s, const mpz_t first)
{
    memset(s->is_struck, 0, sizeof(s->is_struck));
    for (size_t k = 1; k < WORD_PRIMES; k++) {
        const unsigned long p = s->primes[k], rest = mpz_fdiv_ui(first, p);
        size_t i =
            (rest % 2 == 1 ? p - rest : 2 * p - rest) % (2 * p) / 2; /* rest + 2i = 0 mod p */
        for (; i < WINDOW; i += p)
            s->is_struck[i] = true;
    }
}

/* `n` becomes the first prime >= n; n is odd. */
static enum prime_answer
search_up(struct search *s, mpz_t n)
{
    mpz_t candidate;
    enum prime_answer answer = PRIME_NO;
    mpz_init(candidate);
    while (answer == PRIME_NO) {
        strike(s, n);
        for (unsigned long i = 0; i < WINDOW && answer == PRIME_NO; i++) {
            if (s->is_struck[i])
                continue;
            mpz_add_ui(candidate, n, 2 * i);
            answer = prime_test(s->ctx, candidate, false);
            celeriac_progress(s->ctx, 0.5); /* how far it is, nobody knows */
        }
        mpz_add_ui(n, n, 2ul * WINDOW);
    }
    mpz_swap(n, candidate);
    mpz_clear(candidate);
    return answer;
}

static enum celeriac_outcome
search_and_return(struct celeriac_context *ctx, mpz_t n)
{
    struct search s = {.ctx = ctx};
    word_list_primes(s.primes);
    mpz_add_ui(n, n, mpz_odd_p(n) ? 2 : 1);
    return search_up(&s, n) == PRIME_YES ? bigint_return(ctx, n) : celeriac_stop(ctx);
}

enum celeriac_outcome
next_prime_run(struct celeriac_context *ctx)
{
    enum celeriac_outcome end;
    mpz_t n, last;
    mpz_inits(n, last, NULL);
    mpz_import(last, 1, 1, sizeof(LAST_WORD_PRIME), 0, 0, &LAST_WORD_PRIME);
    if (bigint_read(ctx, 0, PRIME_DIGITS_MAX, n, &end)) {
        if (mpz_cmp(n, last) < 0) {
            uint64_t word = 0;
            if (mpz_sgn(n) > 0)
                mpz_export(&word, NULL, 1, sizeof(word), 0, 0, n);
            word = next_word_prime(word);
            mpz_import(n, 1, 1, sizeof(word), 0, 0, &word);
            end = bigint_return(ctx, n);
        } else {
            end = search_and_return(ctx, n);
        }
    }
    mpz_clears(n, last, NULL);
    return end;
}
