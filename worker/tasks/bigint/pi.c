/* Task pi: the decimal digits of pi, by the series of David and Gregory Chudnovsky (1988), 14.18
 * digits a term, summed by binary splitting:
 *
 *     pi = 426880 sqrt(10005) Q / (13591409 Q + T),   with P, Q, T of the terms 1 <= k < n
 *
 * Digits are cut off, not rounded. GUARD more are computed; should all of them be 0 or 9, the last
 * digits could be wrong, and the whole is computed again with more.
 *
 * The splitting looks at the cancel flag at every node. The square root and the division at the end
 * are single calls: 40 and 50 ms for 10^6 digits, 0.7 and 1.4 s for 10^7. */
#include "worker/tasks/bigint/bigint.h"

#include <stdlib.h>
#include <string.h>

enum { GUARD = 20, GUARD_BITS = 128 };
static const double DIGITS_A_TERM = 14.181647462725477, BITS_A_DIGIT = 3.321928094887363;
static const double SPLITTING_SHARE = 0.6; /* of the run time, roughly */

struct series {
    struct celeriac_context *ctx;
    unsigned long n, done; /* terms */
    bool is_stopped;
};

struct part {
    mpz_t p, q, t;
};

static void
part_term(struct part *out, unsigned long k)
{
    mpz_set_ui(out->p, 6 * k - 5);
    mpz_mul_ui(out->p, out->p, 2 * k - 1);
    mpz_mul_ui(out->p, out->p, 6 * k - 1);
    mpz_set_ui(out->q, k);
    mpz_mul_ui(out->q, out->q, k);
    mpz_mul_ui(out->q, out->q, k);
    mpz_mul_ui(out->q, out->q, 10939058860032000u); /* 640320^3 / 24 */
    mpz_set_ui(out->t, 545140134);
    mpz_mul_ui(out->t, out->t, k);
    mpz_add_ui(out->t, out->t, 13591409);
    mpz_mul(out->t, out->t, out->p);
    if (k % 2 == 1)
        mpz_neg(out->t, out->t);
}

static void
look_around(struct series *s)
{
    if (++s->done % 1024 == 0)
        celeriac_progress(s->ctx, SPLITTING_SHARE * (double)s->done / (double)s->n);
    s->is_stopped = celeriac_cancelled(s->ctx);
}

/* P, Q and T of the terms from <= k < to. */
static void
part_sum(struct series *s, unsigned long from, unsigned long to, struct part *out)
{
    struct part right;
    if (s->is_stopped)
        return;
    if (to - from == 1) {
        part_term(out, from);
        look_around(s);
        return;
    }
    const unsigned long middle = from + (to - from) / 2;
    mpz_inits(right.p, right.q, right.t, NULL);
    part_sum(s, from, middle, out);
    part_sum(s, middle, to, &right);
    if (!s->is_stopped) {
        mpz_mul(out->t, out->t, right.q);
        mpz_addmul(out->t, out->p, right.t);
        mpz_mul(out->q, out->q, right.q);
        if (to < s->n) /* nobody needs P at the right edge */
            mpz_mul(out->p, out->p, right.p);
    }
    mpz_clears(right.p, right.q, right.t, NULL);
}

/* out = pi * 10^digits, from Q and T. */
static void
finish(struct series *s, struct part *sum, unsigned long digits, mpz_t out)
{
    mpz_addmul_ui(sum->t, sum->q, 13591409);
    const size_t bits = mpz_sizeinbase(sum->t, 2);
    const size_t needed = (size_t)((double)digits * BITS_A_DIGIT) + GUARD_BITS;
    if (bits > needed) {
        mpz_tdiv_q_2exp(sum->t, sum->t, bits - needed);
        mpz_tdiv_q_2exp(sum->q, sum->q, bits - needed);
    }
    mpz_ui_pow_ui(out, 10, 2 * digits);
    mpz_mul_ui(out, out, 10005);
    s->is_stopped = celeriac_cancelled(s->ctx);
    if (!s->is_stopped)
        mpz_sqrt(out, out);
    mpz_mul_ui(out, out, 426880);
    mpz_mul(out, out, sum->q);
    s->is_stopped = s->is_stopped || celeriac_cancelled(s->ctx);
    if (!s->is_stopped)
        mpz_tdiv_q(out, out, sum->t);
}

/* out = pi * 10^digits, with an error of a few units. False: cancelled. */
static bool
compute(struct celeriac_context *ctx, unsigned long digits, mpz_t out)
{
    struct series s = {.ctx = ctx, .n = (unsigned long)((double)digits / DIGITS_A_TERM) + 3};
    struct part sum;
    mpz_inits(sum.p, sum.q, sum.t, NULL);
    part_sum(&s, 1, s.n, &sum);
    celeriac_progress(ctx, SPLITTING_SHARE);
    if (!s.is_stopped)
        finish(&s, &sum, digits, out);
    mpz_clears(sum.p, sum.q, sum.t, NULL);
    return !s.is_stopped;
}

/* Is what stands behind the wanted digits far from a carry? */
static bool
is_settled(const char *guard, size_t n)
{
    const size_t same = strspn(guard, guard[0] == '9' ? "9" : "0");
    return same + 6 < n; /* the last ones may be wrong by a few units */
}

/* All digits of pi, the 3 among them, behind one free character; for free(3). NULL: cancelled. */
static char *
print_pi(struct celeriac_context *ctx, unsigned long digits)
{
    size_t len;
    for (unsigned long guard = GUARD;; guard *= 4) {
        mpz_t pi;
        mpz_init(pi);
        char *text = compute(ctx, digits + guard, pi) ? bigint_print(ctx, pi, &len) : NULL;
        mpz_clear(pi);
        if (text == NULL)
            return NULL;
        text[1 + len] = '\0';
        if (is_settled(text + 2 + digits, guard))
            return text;
        free(text);
    }
}

enum celeriac_outcome
pi_run(struct celeriac_context *ctx)
{
    const unsigned long digits = (unsigned long)celeriac_arg_integer(ctx, 0);
    char *text = print_pi(ctx, digits);
    if (text == NULL)
        return celeriac_stop(ctx);
    text[0] = text[1];
    text[1] = '.';
    const struct celeriac_value *value =
        celeriac_string(celeriac_arena(ctx), text, digits > 0 ? digits + 2 : 1);
    free(text);
    return celeriac_return(ctx, value);
}
