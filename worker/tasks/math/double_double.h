/* Numbers of 106 bits: the unevaluated sum of two doubles (Dekker 1971; algorithms as in Hida, Li,
 * Bailey, "Library for double-double and quad-double arithmetic", 2007). No exponent beyond that of
 * doubles. Where the sum of two 53-bit integers or the product of two doubles fits, it is exact. */
#ifndef TASKS_MATH_DOUBLE_DOUBLE_H
#define TASKS_MATH_DOUBLE_DOUBLE_H

#include <math.h>

struct dd {
    double hi, lo; /* |lo| <= half a unit in the last place of hi */
};

static const double DD_EPSILON = 0x1p-104; /* relative rounding of one operation, and some room */

static inline struct dd
dd_from(double x)
{
    return (struct dd){x, 0};
}

/* a + b, exactly. */
static inline struct dd
dd_sum(double a, double b)
{
    const double s = a + b, t = s - a;
    return (struct dd){s, (a - (s - t)) + (b - t)};
}

/* The same for |a| >= |b|. */
static inline struct dd
dd_normal(double a, double b)
{
    const double s = a + b;
    return (struct dd){s, b - (s - a)};
}

static inline struct dd
dd_add(struct dd a, struct dd b)
{
    const struct dd s = dd_sum(a.hi, b.hi), t = dd_sum(a.lo, b.lo);
    const struct dd u = dd_normal(s.hi, s.lo + t.hi);
    return dd_normal(u.hi, u.lo + t.lo);
}

static inline struct dd
dd_negative(struct dd a)
{
    return (struct dd){-a.hi, -a.lo};
}

static inline struct dd
dd_subtract(struct dd a, struct dd b)
{
    return dd_add(a, dd_negative(b));
}

static inline struct dd
dd_multiply(struct dd a, struct dd b)
{
    const double p = a.hi * b.hi;
    return dd_normal(p, fma(a.hi, b.hi, -p) + (a.hi * b.lo + a.lo * b.hi));
}

static inline struct dd
dd_divide(struct dd a, struct dd b)
{
    const double q = a.hi / b.hi;
    const struct dd r = dd_subtract(a, dd_multiply(b, dd_from(q)));
    const double q2 = r.hi / b.hi;
    const struct dd r2 = dd_subtract(r, dd_multiply(b, dd_from(q2)));
    return dd_add(dd_normal(q, q2), dd_from(r2.hi / b.hi));
}

/* a * 2^e */
static inline struct dd
dd_scale(struct dd a, int e)
{
    return (struct dd){ldexp(a.hi, e), ldexp(a.lo, e)};
}

static inline double
dd_size(struct dd a)
{
    return fabs(a.hi);
}

/* Complex numbers of the same kind. */
struct cdd {
    struct dd re, im;
};

static inline struct cdd
cdd_add(struct cdd a, struct cdd b)
{
    return (struct cdd){dd_add(a.re, b.re), dd_add(a.im, b.im)};
}

static inline struct cdd
cdd_subtract(struct cdd a, struct cdd b)
{
    return (struct cdd){dd_subtract(a.re, b.re), dd_subtract(a.im, b.im)};
}

static inline struct cdd
cdd_multiply(struct cdd a, struct cdd b)
{
    return (struct cdd){dd_subtract(dd_multiply(a.re, b.re), dd_multiply(a.im, b.im)),
                        dd_add(dd_multiply(a.re, b.im), dd_multiply(a.im, b.re))};
}

static inline double
cdd_size(struct cdd a)
{
    return hypot(a.re.hi, a.im.hi);
}

/* 1 / a, by Smith's method: no overflow where the result fits. */
static inline struct cdd
cdd_inverse(struct cdd a)
{
    const struct dd one = dd_from(1);
    if (fabs(a.re.hi) >= fabs(a.im.hi)) {
        const struct dd ratio = dd_divide(a.im, a.re);
        const struct dd whole = dd_add(a.re, dd_multiply(a.im, ratio));
        return (struct cdd){dd_divide(one, whole), dd_negative(dd_divide(ratio, whole))};
    }
    const struct dd ratio = dd_divide(a.re, a.im);
    const struct dd whole = dd_add(dd_multiply(a.re, ratio), a.im);
    return (struct cdd){dd_divide(ratio, whole), dd_negative(dd_divide(one, whole))};
}

#endif
