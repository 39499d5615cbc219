/* Aberth's method (Aberth 1973, also Ehrlich 1967): Newton's steps for all roots at once, each kept
 * away from the others, from starting points on circles that the Newton polygon of the coefficients
 * gives (Bini 1996). A point z outside of the unit circle is handled as w = 1/z in the reversed
 * polynomial, so that no power overflows.
 *
 * What is left are rounding errors. Around each root a disk is estimated that holds the exact one
 * (n |p/p'|, with the rounding of p). Roots whose disks overlap cannot be told apart: they are
 * replaced by one root of that multiplicity, which is found as a simple root of a derivative, if p
 * and its derivatives vanish there up to rounding. So x^2 - 2 x + 1 gives 1 and 1 and not a pair
 * 1e-16 apart. */
#include "worker/tasks/math/polynomial_roots.h"

#include <complex.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 500, POLISH_ROUNDS = 4, EXPONENTS_MAX = 900 };

static const double SETTLED = 0x1p-102; /* relative size of the last step */
static const double VANISHING = 64;     /* times the rounding error: what counts as 0 */

static const double NOTHING = 1e-14; /* beside |z|, if the error allows for it */

struct disk {
    struct cdd u; /* z or 1/z, within the unit circle */
    bool is_reversed;
    bool is_done;
    double radius; /* relative to |u|; of z and of 1/z alike */
};

struct search {
    const struct polynomial *p; /* c[0] and c[degree] are not 0 */
    struct evaluations *evaluations;
    struct disk *disks;
    struct polynomial_root *roots;
};

/* p and its derivatives / k! at u, up to the order that is wanted, and how much of each may be
 * rounding. */
struct taylor {
    struct cdd t[POLYNOMIAL_DEGREE_MAX + 1];
    double rounding[POLYNOMIAL_DEGREE_MAX + 1];
};

static bool scale_coefficients(struct polynomial *p);
static void start(struct search *s);
static bool iterate(struct search *s);
static void judge(struct search *s);

enum polynomial_roots_end
polynomial_roots(struct polynomial *p, struct evaluations *evaluations,
                 struct polynomial_root *roots)
{
    size_t zeros = 0;
    while (p->c[zeros].hi == 0)
        roots[zeros++] = (struct polynomial_root){.multiplicity = 0};
    for (size_t i = 0; i < zeros; i++)
        roots[i].multiplicity = zeros;
    p->degree -= zeros;
    memmove(p->c, p->c + zeros, (p->degree + 1) * sizeof(*p->c));
    if (p->degree == 0)
        return ROOTS_FOUND;
    if (!scale_coefficients(p))
        return ROOTS_TOO_WIDE;
    struct search s = {p, evaluations, calloc(p->degree, sizeof(*s.disks)), roots + zeros};
    if (s.disks == NULL)
        abort();
    start(&s);
    const bool is_found = iterate(&s);
    if (is_found)
        judge(&s);
    free(s.disks);
    return is_found ? ROOTS_FOUND : evaluations->is_stopped ? ROOTS_STOPPED : ROOTS_NOT_FOUND;
}

/* The largest becomes 0.5..1; those that vanish beside it would lose their bits. */
static bool
scale_coefficients(struct polynomial *p)
{
    double most = 0;
    int exponent, least;
    for (size_t i = 0; i <= p->degree; i++)
        most = fmax(most, dd_size(p->c[i]));
    (void)frexp(most, &exponent);
    for (size_t i = 0; i <= p->degree; i++) {
        (void)frexp(p->c[i].hi, &least);
        if (p->c[i].hi != 0 && least < exponent - EXPONENTS_MAX)
            return false;
        p->c[i] = dd_scale(p->c[i], -exponent);
    }
    return true;
}

/* ---- starting points ---- */

static double
log_size(const struct polynomial *p, size_t i)
{
    return p->c[i].hi != 0 ? log(dd_size(p->c[i])) : -INFINITY;
}

/* The end of the edge of the Newton polygon that begins at `i`: the upper hull of (k, log |c_k|).
 */
static size_t
edge_end(const struct polynomial *p, size_t i)
{
    size_t end = i + 1;
    double steepest = -INFINITY;
    for (size_t k = i + 1; k <= p->degree; k++) {
        const double slope = (log_size(p, k) - log_size(p, i)) / (double)(k - i);
        if (slope >= steepest) {
            steepest = slope;
            end = k;
        }
    }
    return end;
}

static void
put(struct disk *disk, double complex z)
{
    disk->is_reversed = cabs(z) > 1;
    const double complex u = disk->is_reversed ? 1 / z : z;
    disk->u = (struct cdd){dd_from(creal(u)), dd_from(cimag(u))};
}

static void
start(struct search *s)
{
    for (size_t i = 0, end; i < s->p->degree; i = end) {
        end = edge_end(s->p, i);
        const double radius = exp((log_size(s->p, i) - log_size(s->p, end)) / (double)(end - i));
        for (size_t k = i; k < end; k++) {
            const double share = (double)(k - i) / (double)(end - i);
            put(&s->disks[k], radius * cexp(I * (2 * M_PI * share + 0.7 + 0.3 * (double)i)));
        }
    }
}

/* ---- iteration ---- */

static struct dd
coefficient(const struct polynomial *p, bool is_reversed, size_t i)
{
    return p->c[is_reversed ? p->degree - i : i];
}

/* Horner's scheme, `order` + 1 of them at once. */
static void
expand(const struct polynomial *p, const struct disk *at, size_t order, struct taylor *out)
{
    const double size = cdd_size(at->u);
    memset(out->t, 0, (order + 1) * sizeof(out->t[0]));
    memset(out->rounding, 0, (order + 1) * sizeof(out->rounding[0]));
    for (size_t i = p->degree + 1; i-- > 0;) {
        const struct dd c = coefficient(p, at->is_reversed, i);
        for (size_t k = order; k > 0; k--) {
            out->t[k] = cdd_add(cdd_multiply(out->t[k], at->u), out->t[k - 1]);
            out->rounding[k] = out->rounding[k] * size + out->rounding[k - 1];
        }
        out->t[0] = cdd_multiply(out->t[0], at->u);
        out->t[0].re = dd_add(out->t[0].re, c);
        out->rounding[0] = out->rounding[0] * size + dd_size(c);
    }
    for (size_t k = 0; k <= order; k++)
        out->rounding[k] *= DD_EPSILON * (double)(p->degree + 1);
}

static double complex
rounded(struct cdd a)
{
    return a.re.hi + a.re.lo + (a.im.hi + a.im.lo) * I;
}

static struct cdd
place(const struct disk *d)
{
    return d->is_reversed ? cdd_inverse(d->u) : d->u;
}

/* The sum of 1 / (z_i - z_k) over all others. */
static double complex
repulsion(const struct search *s, size_t i)
{
    const struct cdd z = place(&s->disks[i]);
    double complex sum = 0;
    for (size_t k = 0; k < s->p->degree; k++) {
        const double complex gap = k == i ? 0 : rounded(cdd_subtract(z, place(&s->disks[k])));
        if (gap != 0)
            sum += 1 / gap;
    }
    return sum;
}

/* p'/p at z, from its value at u. */
static double complex
logarithmic_slope(const struct polynomial *p, const struct disk *d, const struct taylor *at)
{
    const double complex u = rounded(d->u), ratio = rounded(at->t[1]) / rounded(at->t[0]);
    return d->is_reversed ? u * ((double)p->degree - u * ratio) : ratio;
}

static void
move(struct search *s, size_t i)
{
    struct disk *d = &s->disks[i];
    struct taylor at;
    expand(s->p, d, 1, &at);
    if (cdd_size(at.t[0]) <= at.rounding[0]) {
        d->is_done = true;
        return;
    }
    const double complex step = 1 / (logarithmic_slope(s->p, d, &at) - repulsion(s, i));
    const struct cdd z = place(d);
    if (!isfinite(creal(step)) || !isfinite(cimag(step))) { /* between others: somewhere else */
        put(d, rounded(z) * (1.01 + 0.01 * I));
        return;
    }
    const struct cdd moved =
        cdd_subtract(z, (struct cdd){dd_from(creal(step)), dd_from(cimag(step))});
    d->is_done = cabs(step) <= SETTLED * cdd_size(z);
    d->is_reversed = cdd_size(moved) > 1;
    d->u = d->is_reversed ? cdd_inverse(moved) : moved;
}

/* False: stopped, or some did not settle. */
static bool
iterate(struct search *s)
{
    size_t done = 0;
    for (int round = 0; round < ROUNDS_MAX && done < s->p->degree; round++) {
        done = 0;
        for (size_t i = 0; i < s->p->degree; i++) {
            if (!evaluations_count(s->evaluations) || celeriac_cancelled(s->evaluations->ctx)) {
                s->evaluations->is_stopped = true;
                return false;
            }
            if (!s->disks[i].is_done)
                move(s, i);
            done += s->disks[i].is_done;
        }
        celeriac_progress(s->evaluations->ctx, (double)done / (double)s->p->degree);
    }
    return done == s->p->degree;
}

/* ---- errors, and roots that belong together ---- */

/* The k smallest |offset| that the terms below the k-th can balance against it. */
static double
spread(const struct taylor *at, const double *slack, size_t k)
{
    const double top = cdd_size(at->t[k]);
    double most = 0;
    for (size_t i = 0; i < k; i++)
        most = fmax(most, pow((double)k * slack[i] / top, 1 / (double)(k - i)));
    return most;
}

static void
set_radius(const struct search *s, struct disk *d)
{
    struct taylor at;
    expand(s->p, d, 1, &at);
    d->radius = (double)s->p->degree * (cdd_size(at.t[0]) + at.rounding[0]) / cdd_size(at.t[1]) /
                cdd_size(d->u);
    if (!(d->radius <= 1))
        d->radius = 1;
}

static bool
overlap(const struct disk *a, const struct disk *b)
{
    const struct cdd za = place(a), zb = place(b);
    return cdd_size(cdd_subtract(za, zb)) <= a->radius * cdd_size(za) + b->radius * cdd_size(zb);
}

static bool
vanishes(const struct taylor *at, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (!(cdd_size(at->t[i]) <= VANISHING * at->rounding[i]))
            return false;
    return true;
}

/* A root of multiplicity k near the mean of `members`. False: there is none. */
static bool
find_multiple(const struct search *s, const size_t *members, size_t k, struct disk *out)
{
    struct taylor at;
    struct cdd sum = {{0, 0}, {0, 0}};
    *out = s->disks[members[0]];
    for (size_t i = 0; i < k; i++) {
        const struct cdd z = place(&s->disks[members[i]]);
        sum = cdd_add(sum, out->is_reversed ? cdd_inverse(z) : z);
    }
    out->u.re = dd_divide(sum.re, dd_from((double)k));
    out->u.im = dd_divide(sum.im, dd_from((double)k));
    for (int i = 0; i < POLISH_ROUNDS; i++) {
        expand(s->p, out, k, &at);
        const struct cdd slope = {dd_multiply(at.t[k].re, dd_from((double)k)),
                                  dd_multiply(at.t[k].im, dd_from((double)k))};
        out->u = cdd_subtract(out->u, cdd_multiply(at.t[k - 1], cdd_inverse(slope)));
    }
    expand(s->p, out, k, &at);
    return vanishes(&at, k);
}

/* A part that is nothing but rounding becomes 0: the root of a real polynomial is real if its disk
 * is alone on the real axis. */
static struct cdd
tidy(struct cdd z, double radius)
{
    const double nothing = fmin(radius, NOTHING * cdd_size(z));
    if (fabs(z.im.hi) <= nothing)
        z.im = dd_from(0);
    if (fabs(z.re.hi) <= nothing)
        z.re = dd_from(0);
    return z;
}

static struct polynomial_root
describe(const struct search *s, const struct disk *d, size_t k)
{
    struct taylor at;
    double slack[POLYNOMIAL_DEGREE_MAX + 1], rounded_off[POLYNOMIAL_DEGREE_MAX + 1];
    expand(s->p, d, k, &at);
    const double per_double = 0x1p-53 / (DD_EPSILON * (double)(s->p->degree + 1));
    for (size_t i = 0; i < k; i++) {
        slack[i] = cdd_size(at.t[i]) + at.rounding[i];
        rounded_off[i] = i == 0 ? at.rounding[i] * per_double : 0;
    }
    const struct cdd z = place(d);
    const double scale = cdd_size(z) / cdd_size(d->u);
    const double error = spread(&at, slack, k) * scale;
    return (struct polynomial_root){.z = tidy(z, error),
                                    .multiplicity = k,
                                    .error = error,
                                    .sensitivity = spread(&at, rounded_off, k) * scale};
}

/* All that are linked to `first` by overlapping disks; they get marked as done no more. */
static size_t
gather(struct search *s, size_t first, size_t *members)
{
    size_t n = 1;
    members[0] = first;
    s->disks[first].is_done = false;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < s->p->degree; k++)
            if (s->disks[k].is_done && overlap(&s->disks[members[i]], &s->disks[k])) {
                s->disks[k].is_done = false;
                members[n++] = k;
            }
    return n;
}

static void
judge(struct search *s)
{
    size_t members[POLYNOMIAL_DEGREE_MAX], n = 0;
    struct disk multiple;
    for (size_t i = 0; i < s->p->degree; i++)
        set_radius(s, &s->disks[i]);
    for (size_t i = 0; i < s->p->degree; i++) {
        if (!s->disks[i].is_done)
            continue;
        const size_t k = gather(s, i, members);
        const bool is_multiple = k > 1 && find_multiple(s, members, k, &multiple);
        for (size_t m = 0; m < k; m++)
            s->roots[n++] =
                is_multiple ? describe(s, &multiple, k) : describe(s, &s->disks[members[m]], 1);
    }
}
