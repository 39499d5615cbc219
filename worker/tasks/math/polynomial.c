/* All by the schoolbook: degrees are small. */
#include "worker/tasks/math/polynomial.h"

static const double ROUNDING =
    0x1p-90; /* of the terms that were added up: some thousand operations */

void
polynomial_constant(struct polynomial *p, struct dd c)
{
    p->degree = 0;
    p->c[0] = c;
    p->size[0] = dd_size(c);
}

void
polynomial_unknown(struct polynomial *p)
{
    p->degree = 1;
    p->c[0] = dd_from(0);
    p->c[1] = dd_from(1);
    p->size[0] = 0;
    p->size[1] = 1;
}

void
polynomial_add(struct polynomial *a, const struct polynomial *b, double sign)
{
    for (size_t i = 0; i <= b->degree; i++) {
        const struct dd term = sign < 0 ? dd_negative(b->c[i]) : b->c[i];
        const _Bool is_there = i <= a->degree;
        a->c[i] = is_there ? dd_add(a->c[i], term) : term;
        a->size[i] = is_there ? a->size[i] + b->size[i] : b->size[i];
    }
    a->degree = a->degree > b->degree ? a->degree : b->degree;
}

_Bool
polynomial_multiply(struct polynomial *a, const struct polynomial *b)
{
    struct polynomial product;
    product.degree = a->degree + b->degree;
    if (product.degree > POLYNOMIAL_DEGREE_MAX)
        return 0;
    for (size_t k = 0; k <= product.degree; k++) {
        product.c[k] = dd_from(0);
        product.size[k] = 0;
        for (size_t i = k > b->degree ? k - b->degree : 0; i <= k && i <= a->degree; i++) {
            product.c[k] = dd_add(product.c[k], dd_multiply(a->c[i], b->c[k - i]));
            product.size[k] += a->size[i] * b->size[k - i];
        }
    }
    *a = product;
    return 1;
}

void
polynomial_divide(struct polynomial *a, struct dd c)
{
    for (size_t i = 0; i <= a->degree; i++) {
        a->c[i] = dd_divide(a->c[i], c);
        a->size[i] /= dd_size(c);
    }
}

void
polynomial_trim(struct polynomial *p)
{
    for (size_t i = 0; i <= p->degree; i++)
        if (dd_size(p->c[i]) <= ROUNDING * p->size[i])
            p->c[i] = dd_from(0);
    while (p->degree > 0 && p->c[p->degree].hi == 0)
        p->degree--;
}

_Bool
polynomial_is_finite(const struct polynomial *p)
{
    for (size_t i = 0; i <= p->degree; i++)
        if (!isfinite(p->c[i].hi) || !isfinite(p->c[i].lo))
            return 0;
    return 1;
}
