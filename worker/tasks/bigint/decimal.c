/* Long integers as decimal digits.
 *
 * mpz_get_str is as fast as printing gets, but it cannot be interrupted, and millions of digits
 * take a good part of a second. So a long number is split at powers of ten, 10^(LEAF_DIGITS 2^k),
 * down to leaves that take a millisecond; the powers are kept for the whole tree, and the cancel
 * flag is looked at before each division. */
#include "worker/tasks/bigint/bigint.h"

#include <stdlib.h>
#include <string.h>

enum { LEAF_DIGITS = 20000, LEVELS_MAX = 16 };

struct printer {
    struct celeriac_context *ctx;
    mpz_t powers[LEVELS_MAX]; /* 10^(LEAF_DIGITS << level) */
    unsigned n_powers;
    bool is_stopped;
};

/* Exactly `digits` digits to `out`, with zeros in front; one more byte is used for the NUL. */
static void
print_leaf(const mpz_t number, char *out, size_t digits)
{
    const size_t estimate = mpz_sizeinbase(number, 10); /* may be one too many */
    char *text = malloc(estimate + 2);
    if (text == NULL)
        abort();
    mpz_get_str(text, 10, number);
    const size_t len = strlen(text);
    memset(out, '0', digits - len);
    memcpy(out + digits - len, text, len);
    free(text);
}

/* `number` is below 10^(LEAF_DIGITS << level); it is used up. */
static void
print_tree(struct printer *p, mpz_t number, unsigned level, char *out)
{
    p->is_stopped = p->is_stopped || celeriac_cancelled(p->ctx);
    if (p->is_stopped)
        return;
    if (level == 0) {
        print_leaf(number, out, LEAF_DIGITS);
        return;
    }
    mpz_t high;
    mpz_init(high);
    mpz_tdiv_qr(high, number, number, p->powers[level - 1]);
    print_tree(p, high, level - 1, out);
    mpz_clear(high);
    print_tree(p, number, level - 1, out + ((size_t)LEAF_DIGITS << (level - 1)));
}

/* Fills powers until their square is above the number; gives the level of the whole. */
static unsigned
prepare(struct printer *p, size_t digits)
{
    unsigned level = 0;
    while (((size_t)LEAF_DIGITS << level) < digits && !p->is_stopped) {
        mpz_init(p->powers[level]);
        if (level == 0)
            mpz_ui_pow_ui(p->powers[0], 10, LEAF_DIGITS);
        else
            mpz_mul(p->powers[level], p->powers[level - 1], p->powers[level - 1]);
        p->n_powers = ++level;
        p->is_stopped = celeriac_cancelled(p->ctx);
    }
    return level;
}

/* Into `text + 1`; false: cancelled. */
static bool
print_blocks(struct printer *p, const mpz_t number, unsigned level, char *text)
{
    mpz_t rest;
    mpz_init(rest);
    mpz_abs(rest, number);
    print_tree(p, rest, level, text + 1);
    mpz_clear(rest);
    for (unsigned i = 0; i < p->n_powers; i++)
        mpz_clear(p->powers[i]);
    return !p->is_stopped;
}

char *
bigint_print(struct celeriac_context *ctx, const mpz_t number, size_t *len)
{
    struct printer p = {.ctx = ctx};
    const unsigned level = prepare(&p, mpz_sizeinbase(number, 10));
    const size_t room = (size_t)LEAF_DIGITS << level;
    char *text = malloc(room + 2);
    if (text == NULL)
        abort();
    if (!print_blocks(&p, number, level, text)) {
        free(text);
        return NULL;
    }
    size_t start = 1;
    while (start < room && text[start] == '0')
        start++;
    *len = room + 1 - start;
    memmove(text + 1, text + start, *len);
    return text;
}

struct celeriac_value *
bigint_value(struct celeriac_context *ctx, const mpz_t number)
{
    size_t len = 0;
    char *text = bigint_print(ctx, number, &len);
    if (text == NULL)
        return NULL;
    text[0] = '-';
    const size_t sign = mpz_sgn(number) < 0 ? 1 : 0;
    struct celeriac_value *value =
        celeriac_bigint(celeriac_arena(ctx), text + 1 - sign, len + sign);
    free(text);
    return value;
}

enum celeriac_outcome
bigint_return(struct celeriac_context *ctx, const mpz_t number)
{
    const struct celeriac_value *value = bigint_value(ctx, number);
    return value != NULL ? celeriac_return(ctx, value) : celeriac_stop(ctx);
}
