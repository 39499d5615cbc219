/* Task factorize: the prime factors of n.
 *
 * Trial division by the primes below 2^16; then the rest is taken apart until all parts are prime:
 * roots first (a square of a large prime is no work), then Pollard's rho, in 64 bits (word.c) or
 * beyond (rho.c). What rho does not find within its bound is a failure of type "too_hard" that
 * names the factors found and the size of the rest: so n is factored if all its prime factors but
 * the largest are below about 10^14. "Prime" is what prime_test says. */
#include "worker/tasks/bigint/prime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/bigint/rho.h"
#include "worker/tasks/bigint/word.h"

enum { DIGITS_MAX = 1000, FACTORS_MAX = 3400 /* 10^1000 is below 2^3322 */, SHOWN_MAX = 2000 };

struct factors {
    struct celeriac_context *ctx;
    mpz_t items[FACTORS_MAX]; /* the first n are in use, in no order */
    size_t n;
    size_t too_hard; /* digits of what could not be taken apart */
    bool is_stopped;
};

static void
add(struct factors *f, const mpz_t prime)
{
    mpz_init_set(f->items[f->n++], prime);
}

static void
divide_by_small(struct factors *f, mpz_t n)
{
    uint16_t primes[WORD_PRIMES];
    word_list_primes(primes);
    for (size_t i = 0; i < WORD_PRIMES && mpz_cmp_ui(n, 1) > 0; i++)
        while (mpz_divisible_ui_p(n, primes[i])) {
            mpz_divexact_ui(n, n, primes[i]);
            mpz_init_set_ui(f->items[f->n++], primes[i]);
        }
}

/* n = root^k with the smallest k > 1; 0 if there is none. */
static unsigned long
find_root(const mpz_t n, mpz_t root)
{
    if (mpz_perfect_power_p(n) == 0)
        return 0;
    for (unsigned long k = 2; k < mpz_sizeinbase(n, 2); k++)
        if (mpz_root(root, n, k) != 0)
            return k;
    return 0;
}

/* n is composite; RHO_FOUND: `factor` is a factor of it. */
static enum rho_end
find_factor(struct celeriac_context *ctx, const mpz_t n, mpz_t factor)
{
    uint64_t word = 0;
    if (mpz_sizeinbase(n, 2) > 64)
        return rho_search(ctx, n, factor);
    mpz_export(&word, NULL, 1, sizeof(word), 0, 0, n);
    word = word_factor(word);
    mpz_import(factor, 1, 1, sizeof(word), 0, 0, &word);
    return RHO_FOUND;
}

/* Adds the factors of n, which has none below 2^16; n is used up. */
static void take_apart(struct factors *f, mpz_t n);

static void
add_power(struct factors *f, mpz_t root, unsigned long times)
{
    const size_t first = f->n;
    take_apart(f, root);
    const size_t last = f->n;
    for (; times > 1; times--)
        for (size_t i = first; i < last; i++)
            add(f, f->items[i]);
}

static void
take_composite_apart(struct factors *f, mpz_t n)
{
    mpz_t factor;
    mpz_init(factor);
    const unsigned long times = find_root(n, factor);
    if (times > 0) {
        add_power(f, factor, times);
    } else {
        switch (find_factor(f->ctx, n, factor)) {
        case RHO_FOUND:
            mpz_divexact(n, n, factor);
            take_apart(f, n);
            take_apart(f, factor);
            break;
        case RHO_GAVE_UP:
            f->too_hard += mpz_sizeinbase(n, 10);
            break;
        case RHO_STOPPED:
            f->is_stopped = true;
            break;
        }
    }
    mpz_clear(factor);
}

static void
take_apart(struct factors *f, mpz_t n)
{
    if (mpz_cmp_ui(n, 1) == 0 || f->is_stopped)
        return;
    switch (prime_test(f->ctx, n, false)) {
    case PRIME_YES:
        add(f, n);
        break;
    case PRIME_NO:
        take_composite_apart(f, n);
        break;
    case PRIME_STOPPED:
        f->is_stopped = true;
        break;
    }
}

static int
compare(const void *a, const void *b)
{
    return mpz_cmp((mpz_srcptr)a, (mpz_srcptr)b);
}

static enum celeriac_outcome
give_up(struct factors *f)
{
    char shown[SHOWN_MAX] = "";
    size_t len = 0;
    for (size_t i = 0; i < f->n; i++) {
        char digits[DIGITS_MAX + 3];
        mpz_get_str(digits, 10, f->items[i]);
        if (len + strlen(digits) + 8 > sizeof(shown)) {
            snprintf(shown + len, sizeof(shown) - len, " ...");
            break;
        }
        len += (size_t)snprintf(shown + len, sizeof(shown) - len, " %s", digits);
    }
    return celeriac_reject(f->ctx, "too_hard",
                           "factorize: a composite of %zu digits is left, with no prime factor "
                           "below about 10^14; found:%s",
                           f->too_hard, f->n > 0 ? shown : " none");
}

static enum celeriac_outcome
finish(struct factors *f)
{
    struct celeriac_value *list = celeriac_array(celeriac_arena(f->ctx));
    qsort(f->items, f->n, sizeof(f->items[0]), compare);
    if (f->is_stopped)
        return celeriac_stop(f->ctx);
    if (f->too_hard > 0)
        return give_up(f);
    for (size_t i = 0; i < f->n; i++)
        celeriac_append(list, bigint_value(f->ctx, f->items[i]));
    return celeriac_cancelled(f->ctx) ? celeriac_stop(f->ctx) : celeriac_return(f->ctx, list);
}

enum celeriac_outcome
factorize_run(struct celeriac_context *ctx)
{
    struct factors *f = calloc(1, sizeof(*f));
    enum celeriac_outcome end;
    mpz_t n;
    if (f == NULL)
        return celeriac_fail(ctx, "no_memory", "factorize: no memory");
    f->ctx = ctx;
    mpz_init(n);
    if (bigint_read(ctx, 0, DIGITS_MAX, n, &end)) {
        divide_by_small(f, n);
        take_apart(f, n);
        end = finish(f);
    }
    for (size_t i = 0; i < f->n; i++)
        mpz_clear(f->items[i]);
    mpz_clear(n);
    free(f);
    return end;
}
