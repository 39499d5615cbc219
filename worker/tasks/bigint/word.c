/* Primes and factors of 64-bit numbers, with Montgomery's multiplication (1985): residues are kept
 * as a * 2^64 mod n, so that no division is needed.
 *
 * Primes: Miller and Rabin's test with the first twelve primes as bases decides every n below
 * 3.18e23 (Sorenson and Webster, 2015). Factors: Pollard's rho in Brent's form (1980); differences
 * are multiplied together and looked at once in BATCH steps. The smallest factor is below 2^32, so
 * that 10^5 steps find it: 1 to 5 ms at worst. */
#include "worker/tasks/bigint/word.h"

#include <string.h>

enum { BATCH = 128 };
__extension__ typedef unsigned __int128 wide;

struct montgomery {
    uint64_t n, inverse; /* n * inverse = 1 mod 2^64 */
    uint64_t one;        /* 2^64 mod n */
};

static struct montgomery
montgomery(uint64_t n)
{
    struct montgomery m = {.n = n, .inverse = n, .one = (0 - n) % n};
    for (int i = 0; i < 5; i++) /* each round doubles the bits that are right, from 3 on */
        m.inverse *= 2 - n * m.inverse;
    return m;
}

static uint64_t
multiply(const struct montgomery *m, uint64_t a, uint64_t b)
{
    const wide product = (wide)a * b;
    const uint64_t high = (uint64_t)(product >> 64);
    const uint64_t out = (uint64_t)(((wide)((uint64_t)product * m->inverse) * m->n) >> 64);
    return high >= out ? high - out : high - out + m->n;
}

static uint64_t
to_montgomery(const struct montgomery *m, uint64_t a)
{
    return (uint64_t)(((wide)(a % m->n) << 64) % m->n);
}

static uint64_t
power(const struct montgomery *m, uint64_t base, uint64_t exponent)
{
    uint64_t out = m->one;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            out = multiply(m, out, base);
        base = multiply(m, base, base);
    }
    return out;
}

/* n - 1 = d 2^s: base^d is 1, or one of its squares is -1. */
static bool
passes(const struct montgomery *m, uint64_t base)
{
    const int s = __builtin_ctzll(m->n - 1);
    const uint64_t minus_one = m->n - m->one;
    uint64_t x = power(m, to_montgomery(m, base), (m->n - 1) >> s);
    if (x == m->one || x == minus_one)
        return true;
    for (int i = 1; i < s; i++) {
        x = multiply(m, x, x);
        if (x == minus_one)
            return true;
    }
    return false;
}

bool
word_is_prime(uint64_t n)
{
    static const uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (n % bases[i] == 0)
            return n == bases[i];
    if (n < 37 * 37)
        return n > 1;
    const struct montgomery m = montgomery(n);
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (!passes(&m, bases[i]))
            return false;
    return true;
}

static uint64_t
gcd(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static uint64_t
distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static uint64_t
next(const struct montgomery *m, uint64_t x, uint64_t c)
{
    x = multiply(m, x, x);
    return x >= m->n - c ? x - (m->n - c) : x + c;
}

/* The batch that starts at y met a factor: step by step now. */
static uint64_t
walk_again(const struct montgomery *m, uint64_t x, uint64_t y, uint64_t c)
{
    uint64_t g;
    do {
        y = next(m, y, c);
        g = gcd(distance(x, y), m->n);
    } while (g == 1);
    return g;
}

/* A factor, or n itself if this c is of no use. */
static uint64_t
walk(const struct montgomery *m, uint64_t c)
{
    uint64_t x, y = 2, start = y, product = m->one, g = 1;
    for (uint64_t r = 1; g == 1; r *= 2) {
        x = y;
        for (uint64_t i = 0; i < r; i++)
            y = next(m, y, c);
        for (uint64_t k = 0; k < r && g == 1; k += BATCH) {
            start = y;
            for (uint64_t i = 0; i < BATCH && i < r - k; i++) {
                y = next(m, y, c);
                product = multiply(m, product, distance(x, y));
            }
            g = gcd(product, m->n);
        }
        if (g != 1)
            return g == m->n ? walk_again(m, x, start, c) : g;
    }
    return g;
}

uint64_t
word_factor(uint64_t n)
{
    const struct montgomery m = montgomery(n);
    for (uint64_t c = 1;; c++) {
        const uint64_t factor = walk(&m, c);
        if (factor != n)
            return factor;
    }
}

void
word_list_primes(uint16_t out[WORD_PRIMES])
{
    bool is_composite[WORD_PRIMES_END];
    size_t n = 0;
    memset(is_composite, 0, sizeof(is_composite));
    for (size_t i = 2; i < WORD_PRIMES_END; i++) {
        if (is_composite[i])
            continue;
        out[n++] = (uint16_t)i;
        for (size_t k = i * i; k < WORD_PRIMES_END; k += i)
            is_composite[k] = true;
    }
}
