/* Each side has been compiled before it is read here, so it is known to be an expression; what is
 * left is to multiply it out, by recursive descent with a stack of polynomials. Sums, products,
 * division by a constant and whole powers are done here; any other call or power must be constant
 * and is left to the expression language. Numbers are read as the decimals that they are: 0.1 is a
 * tenth. */
#include "worker/tasks/math/polynomial_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/decimal.h"
#include "worker/tasks/math/equation.h"
#include "worker/tasks/math/functions.h"

enum { RECURSION_MAX = 300, POWER_MAX = 100000 };

struct reader {
    const char *text;
    size_t len, at;
    const char *unknown;
    struct expression_cache *cache;
    struct why *why;
    unsigned depth;
    struct polynomial *stack; /* the top is the value of what was read last */
    size_t n, room;
};

static bool read_sum(struct reader *r);
static bool read_factor(struct reader *r);
static bool read_value(struct reader *r);
static bool read_call(struct reader *r, size_t start, size_t name_len);
static bool power(struct reader *r);

static bool __attribute__((format(printf, 2, 3))) refuse(struct reader *r, const char *format, ...)
{
    va_list args;
    const int used = snprintf(r->why->text, sizeof(r->why->text), "character %zu: ", r->at + 1);
    va_start(args, format);
    vsnprintf(r->why->text + used, sizeof(r->why->text) - (size_t)used, format, args);
    va_end(args);
    return false;
}

/* The next character that is no space; 0 at the end. */
static int
peek(struct reader *r)
{
    while (r->at < r->len && isspace((unsigned char)r->text[r->at]))
        r->at++;
    return r->at < r->len ? (unsigned char)r->text[r->at] : 0;
}

static struct polynomial *
push(struct reader *r)
{
    if (r->n == r->room) {
        r->room = 2 * r->room + 8;
        r->stack = realloc(r->stack, r->room * sizeof(*r->stack));
        if (r->stack == NULL)
            abort();
    }
    return &r->stack[r->n++];
}

static bool
push_constant(struct reader *r, struct dd c)
{
    polynomial_constant(push(r), c);
    return true;
}

/* The two on top; the right one is taken off. */
static struct polynomial *
operands(struct reader *r, struct polynomial **right)
{
    *right = &r->stack[--r->n];
    return *right - 1;
}

/* Reads all of `text` and leaves its value on the stack. */
static bool
read_side(struct reader *r, struct text text)
{
    const struct names names = {{r->unknown}, 1};
    if (expression_cache_get(r->cache, text, &names, r->why) == NULL)
        return false;
    r->text = text.bytes;
    r->len = text.len;
    r->at = 0;
    if (!read_sum(r))
        return false;
    if (peek(r) != 0)
        return refuse(r, "'%c' is not part of a polynomial", r->text[r->at]);
    polynomial_trim(&r->stack[r->n - 1]);
    return polynomial_is_finite(&r->stack[r->n - 1]) ||
           refuse(r, "a coefficient beyond 1.8e308 comes up");
}

static bool
read_sides(struct reader *r, struct text text, struct polynomial *p)
{
    struct text left, right;
    if (!equation_cut(text, &left, &right, r->why))
        return false;
    if (!read_side(r, left) || (right.bytes != NULL && !read_side(r, right)))
        return false;
    *p = r->stack[0];
    if (right.bytes != NULL)
        polynomial_add(p, &r->stack[1], -1);
    polynomial_trim(p);
    return true;
}

bool
polynomial_read(struct polynomial *p, struct expression_cache *cache, struct text text,
                const char *unknown, struct why *why)
{
    struct reader r = {.unknown = unknown, .cache = cache, .why = why};
    const bool is_read = read_sides(&r, text, p);
    free(r.stack);
    return is_read;
}

static bool
read_product(struct reader *r)
{
    struct polynomial *b;
    if (!read_factor(r))
        return false;
    for (int c = peek(r); c == '*' || c == '/'; c = peek(r)) {
        r->at++;
        if (!read_factor(r))
            return false;
        struct polynomial *a = operands(r, &b);
        if (c == '*' && !polynomial_multiply(a, b))
            return refuse(r, "the degree gets above %d", POLYNOMIAL_DEGREE_MAX);
        if (c == '*')
            continue;
        polynomial_trim(b);
        if (b->degree > 0)
            return refuse(r, "a polynomial is not divided by %s", r->unknown);
        polynomial_divide(a, b->c[0]);
    }
    return true;
}

static bool
read_sum(struct reader *r)
{
    struct polynomial *b;
    if (!read_product(r))
        return false;
    for (int c = peek(r); c == '+' || c == '-'; c = peek(r)) {
        r->at++;
        if (!read_product(r))
            return false;
        struct polynomial *a = operands(r, &b);
        polynomial_add(a, b, c == '+' ? 1 : -1);
    }
    return true;
}

/* Signs, a value, and a power, which binds closer than a sign before it. */
static bool
read_signed(struct reader *r)
{
    const int sign = peek(r);
    if (sign == '-' || sign == '+') {
        r->at++;
        if (!read_factor(r))
            return false;
        if (sign == '-')
            polynomial_divide(&r->stack[r->n - 1], dd_from(-1));
        return true;
    }
    if (!read_value(r))
        return false;
    if (peek(r) != '^')
        return true;
    r->at++;
    return read_factor(r) && power(r);
}

static bool
read_factor(struct reader *r)
{
    if (r->depth == RECURSION_MAX)
        return refuse(r, "nested deeper than %d", RECURSION_MAX);
    r->depth++;
    const bool is_read = read_signed(r);
    r->depth--;
    return is_read;
}

static size_t
skip_number(const struct reader *r, size_t at)
{
    while (at < r->len && (isdigit((unsigned char)r->text[at]) || r->text[at] == '.'))
        at++;
    if (at < r->len && (r->text[at] == 'e' || r->text[at] == 'E')) {
        at++;
        at += at < r->len && (r->text[at] == '-' || r->text[at] == '+');
        while (at < r->len && isdigit((unsigned char)r->text[at]))
            at++;
    }
    return at;
}

static bool
read_parentheses(struct reader *r)
{
    r->at++;
    if (!read_sum(r))
        return false;
    if (peek(r) != ')')
        return refuse(r, "'%c' is not part of a polynomial", r->text[r->at]);
    r->at++;
    return true;
}

static bool
read_value(struct reader *r)
{
    const int c = peek(r);
    const size_t start = r->at;
    double constant;
    if (c == '(')
        return read_parentheses(r);
    if (isdigit(c) || c == '.') {
        r->at = skip_number(r, start);
        return push_constant(r, decimal_read(r->text + start, r->at - start));
    }
    while (r->at < r->len && (isalnum((unsigned char)r->text[r->at]) || r->text[r->at] == '_'))
        r->at++;
    const size_t len = r->at - start;
    if (len == strlen(r->unknown) && memcmp(r->text + start, r->unknown, len) == 0) {
        polynomial_unknown(push(r));
        return true;
    }
    if (constant_find(r->text + start, len, &constant))
        return push_constant(r, dd_from(constant));
    return len > 0 ? read_call(r, start, len) : refuse(r, "expected a value");
}

/* A function of constants: its text is an expression of its own. */
static bool
read_call(struct reader *r, size_t start, size_t name_len)
{
    static const struct names no_names = {.n = 0};
    unsigned depth = 0;
    struct why ignored;
    (void)peek(r);
    do {
        const char c = r->at < r->len ? r->text[r->at] : '\0';
        if (c == '\0')
            return refuse(r, "expected ')'");
        depth += c == '(';
        depth -= c == ')';
        r->at++;
    } while (depth > 0);
    const struct text call = {r->text + start, r->at - start};
    struct expression *e = expression_cache_get(r->cache, call, &no_names, &ignored);
    if (e != NULL)
        return push_constant(r, dd_from(expression_value(e)));
    r->at = start;
    return refuse(r, "%.*s of %s is no polynomial", (int)name_len, r->text + start, r->unknown);
}

static bool
power_of_constant(struct reader *r, struct polynomial *a, double exponent)
{
    const bool is_whole = exponent == rint(exponent) && fabs(exponent) <= POWER_MAX;
    struct dd result = dd_from(1), square = a->c[0];
    if (!is_whole)
        result = dd_from(pow(a->c[0].hi, exponent));
    for (int n = is_whole ? (int)fabs(exponent) : 0; n > 0; n /= 2) {
        if (n % 2 == 1)
            result = dd_multiply(result, square);
        if (n > 1)
            square = dd_multiply(square, square);
    }
    polynomial_constant(a, is_whole && exponent < 0 ? dd_divide(dd_from(1), result) : result);
    return polynomial_is_finite(a) || refuse(r, "a power that is not finite");
}

/* base ^ exponent, the two on top. */
static bool
power(struct reader *r)
{
    struct polynomial *b, *a = operands(r, &b);
    polynomial_trim(b);
    polynomial_trim(a);
    const double exponent = b->c[0].hi;
    if (b->degree == 0 && a->degree == 0)
        return power_of_constant(r, a, exponent);
    if (b->degree > 0 || b->c[0].lo != 0 || exponent != rint(exponent) || exponent < 0)
        return refuse(r, "expected a whole number >= 0 as the power of %s", r->unknown);
    if (exponent * (double)a->degree > POLYNOMIAL_DEGREE_MAX)
        return refuse(r, "the degree gets above %d", POLYNOMIAL_DEGREE_MAX);
    struct polynomial *factor = push(r); /* may move the stack; lands on the exponent */
    a = factor - 1;
    *factor = *a;
    polynomial_constant(a, dd_from(1));
    for (int i = 0; i < (int)exponent; i++)
        if (!polynomial_multiply(a, factor))
            return refuse(r, "the degree gets above %d", POLYNOMIAL_DEGREE_MAX);
    r->n--;
    return true;
}
