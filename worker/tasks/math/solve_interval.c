/* All real roots of an equation in an interval.
 *
 * 1. The interval is cut into 2,000 cells, and these are halved as long as that shows more sign
 * changes and dips of |f|, at most up to 64,000.
 * 2. Cells that hold a sign change, a dip, a 0 or the edge of the domain of f are cut into 64 and
 * looked at again, so that roots close to each other are told apart.
 * 3. In those: a sign change is a root if f gets small there (root.c: poles and jumps are not), a
 * dip is one if it touches 0 (touching_root.c), the edge of the domain is one if f is small there,
 * such as that of sqrt(x - 2). Roots that lie closer together than 1e-9 of the interval may be
 * missed in pairs, as with every method that only sees values. Where f is 0 in many places in a row
 * there is no list of roots, and the task says so. */
#include "worker/tasks/math/solve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/tasks/math/touching_root.h"

enum { CELLS_MIN = 2000, CELLS_MAX = 64000, FINE = 64, ZEROS_MAX = 5, CAVEAT_SIZE = 256 };

static const double SHALLOW = 1e-6; /* dips less deep than that are rounding */
static const double SAME = 1e-9;    /* roots closer than this, relative to their size, are one */
static const double EDGE_SMALL =
    0.05; /* |f| at the edge of its domain against |f| a little way in */

struct search {
    struct equation *eq;
    struct point *grid; /* n + 1 points */
    size_t n;           /* cells */
    struct point roots[SOLVE_ROOTS_MAX];
    size_t n_roots;
    double scale;   /* |f| around the cell that is looked at */
    bool is_coarse; /* the finest grid still showed more than the one before */
    size_t n_jumps; /* sign changes that were taken for poles or jumps */
};

static bool grid_fill(struct search *s, double from, double to);
static bool has_zero_run(const struct search *s, struct point *first, struct point *last);
static void look_closer(struct search *s, size_t first, size_t last);
static size_t roots_sort(struct search *s);
static const char *write_caveat(const struct search *s, char *out);

/* Values of f: its sign, or that it has none. */
static bool
is_defined(struct point p)
{
    return isfinite(p.f);
}

static bool
is_change(struct point a, struct point b)
{
    return is_defined(a) && is_defined(b) && ((a.f < 0 && b.f > 0) || (a.f > 0 && b.f < 0));
}

static bool
is_dip(struct point a, struct point middle, struct point b)
{
    if (!is_defined(a) || !is_defined(middle) || !is_defined(b) || middle.f == 0)
        return false;
    if ((a.f < 0) != (middle.f < 0) || (b.f < 0) != (middle.f < 0) || a.f == 0 || b.f == 0)
        return false;
    const double m = fabs(middle.f);
    return m <= fabs(a.f) && m <= fabs(b.f) && m < (1 - SHALLOW) * fmax(fabs(a.f), fabs(b.f));
}

/* Is there something to be found in cell i or at its ends? */
static bool
is_interesting(const struct search *s, size_t i)
{
    const struct point a = s->grid[i], b = s->grid[i + 1];
    if (is_defined(a) != is_defined(b) || is_change(a, b) || a.f == 0 || b.f == 0)
        return true;
    return (i > 0 && is_dip(s->grid[i - 1], a, b)) ||
           (i + 2 <= s->n && is_dip(a, b, s->grid[i + 2]));
}

/* Runs of interesting cells, one after the other. */
static void
look_everywhere(struct search *s)
{
    for (size_t i = 0, end; i < s->n && s->n_roots < SOLVE_ROOTS_MAX; i = end + 1) {
        for (end = i; end < s->n && is_interesting(s, end); end++)
            ;
        if (end > i)
            look_closer(s, i, end);
    }
}

static enum celeriac_outcome
search(struct celeriac_context *ctx, struct search *s, double from, double to)
{
    struct point first, last;
    if (!grid_fill(s, from, to))
        return celeriac_stop(ctx);
    if (has_zero_run(s, &first, &last))
        return celeriac_reject(ctx, "infinitely_many",
                               "every value from %.6g to %.6g solves the equation", first.x,
                               last.x);
    look_everywhere(s);
    const bool is_cut = s->n_roots == SOLVE_ROOTS_MAX;
    const size_t n = roots_sort(s);
    char caveat[CAVEAT_SIZE];
    const struct roots roots = {s->roots, n, is_cut, write_caveat(s, caveat)};
    return s->eq->evaluations->is_stopped
               ? celeriac_stop(ctx)
               : solve_return_roots(ctx, &roots, s->eq->evaluations->count);
}

enum celeriac_outcome
solve_interval(struct celeriac_context *ctx, struct equation *eq, double from, double to)
{
    struct search *s = calloc(1, sizeof(*s));
    if (s == NULL)
        abort();
    s->eq = eq;
    const enum celeriac_outcome outcome = search(ctx, s, from, to);
    free(s->grid);
    free(s);
    return outcome;
}

/* ---- the grid ---- */

static double
grid_x(double from, double to, size_t i, size_t n)
{
    if (fmax(fabs(from), fabs(to)) > 1e300)
        return from + (to - from) * ((double)i / (double)n);
    return (from * (double)(n - i) + to * (double)i) / (double)n; /* 0.1, not 0.0999999999999943 */
}

static size_t
count_features(const struct search *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->n; i++) {
        count += is_change(s->grid[i], s->grid[i + 1]);
        count += i > 0 && is_dip(s->grid[i - 1], s->grid[i], s->grid[i + 1]);
    }
    return count;
}

/* A grid of `n` cells; every second point is taken over if there was one of n / 2. */
static void
grid_refine(struct search *s, size_t n, double from, double to)
{
    struct point *grid = calloc(n + 1, sizeof(*grid));
    if (grid == NULL)
        abort();
    for (size_t i = 0; i <= n; i++) {
        if (s->grid != NULL && i % 2 == 0) {
            grid[i] = s->grid[i / 2];
            continue;
        }
        grid[i].x = i == n ? to : grid_x(from, to, i, n);
        grid[i].f = equation_at(s->eq, grid[i].x);
    }
    free(s->grid);
    s->grid = grid;
    s->n = n;
}

/* False: the job is to stop. */
static bool
grid_fill(struct search *s, double from, double to)
{
    size_t before, features = 0;
    for (size_t n = CELLS_MIN; n <= CELLS_MAX; n *= 2) {
        grid_refine(s, n, from, to);
        before = features;
        features = count_features(s);
        s->is_coarse = n * 2 > CELLS_MAX && features > before;
        if (s->eq->evaluations->is_stopped || (n > CELLS_MIN && features <= before))
            break;
    }
    return !s->eq->evaluations->is_stopped;
}

/* Too small to tell it from 0: what underflows is no root. */
static bool
is_vanishing(struct point p)
{
    return is_defined(p) && fabs(p.f) < 1e-290;
}

/* Is f 0 at many points in a row? Where it just underflowed there, the points are made undefined.
 */
static bool
has_zero_run(const struct search *s, struct point *first, struct point *last)
{
    for (size_t i = 0, end; i <= s->n; i = end + 1) {
        for (end = i; end <= s->n && s->grid[end].f == 0; end++)
            ;
        if (end - i < ZEROS_MAX)
            continue;
        const bool underflows =
            (i > 0 && is_vanishing(s->grid[i - 1])) || (end <= s->n && is_vanishing(s->grid[end]));
        *first = s->grid[i];
        *last = s->grid[end - 1];
        if (!underflows)
            return true;
        for (size_t k = i; k < end; k++)
            s->grid[k].f = NAN;
    }
    return false;
}

/* ---- the closer look ---- */

static void
add_root(struct search *s, struct point root)
{
    if (s->n_roots < SOLVE_ROOTS_MAX)
        s->roots[s->n_roots++] = root_tidy(s->eq, root);
}

static void
look_between(struct search *s, struct point a, struct point b)
{
    struct point root;
    if (!is_change(a, b))
        return;
    if (root_between(s->eq, a, b, s->scale, &root))
        add_root(s, root);
    else
        s->n_jumps++;
}

static void
look_at_edge(struct search *s, struct point in, struct point out)
{
    if (in.x == out.x || is_vanishing(in))
        return;
    const struct point edge = root_domain_edge(s->eq, in, out.x);
    const double step = fmax(1e-6 * fabs(edge.x), 1e-12) * (in.x > edge.x ? 1 : -1);
    look_between(s, in, edge);
    if (edge.f != 0 && fabs(edge.x) < 1e-300) /* a limit at 0, such as that of x ln(x) */
        return;
    if (fabs(edge.f) <= EDGE_SMALL * fabs(equation_at(s->eq, edge.x + step)))
        add_root(s, edge);
}

static void
look_into_dip(struct search *s, const struct point p[3])
{
    struct point at;
    switch (touching_root(s->eq, p[0], p[1], p[2], &at)) {
    case DIP_NOTHING:
        break;
    case DIP_TOUCHES:
        add_root(s, at);
        break;
    case DIP_CROSSES:
        look_between(s, p[0], at);
        look_between(s, at, p[2]);
        break;
    }
}

/* A point that happens to be a root; it hides a second one between itself and the next point. */
static void
look_at_zero(struct search *s, const struct point p[3])
{
    const double step = 1e-7 * fmax(fabs(p[1].x), 1e-7);
    const struct point left = {p[1].x - step, equation_at(s->eq, p[1].x - step)};
    const struct point right = {p[1].x + step, equation_at(s->eq, p[1].x + step)};
    add_root(s, p[1]);
    if (p[0].x < left.x)
        look_between(s, p[0], left);
    if (p[2].x > right.x)
        look_between(s, right, p[2]);
}

/* Three neighbours; each point of a region is once the last of them, and once in the middle. */
static void
look_at(struct search *s, const struct point p[3])
{
    if (p[1].f == 0 && !is_vanishing(p[0]) && !is_vanishing(p[2]))
        look_at_zero(s, p);
    if (is_dip(p[0], p[1], p[2]))
        look_into_dip(s, p);
    look_between(s, p[1], p[2]);
    if (is_defined(p[1]) && !is_defined(p[2]))
        look_at_edge(s, p[1], p[2]);
    if (!is_defined(p[1]) && is_defined(p[2]))
        look_at_edge(s, p[2], p[1]);
}

/* Cells first .. last - 1, with FINE points in each. */
static void
look_closer(struct search *s, size_t first, size_t last)
{
    const struct point start = s->grid[first], end = s->grid[last];
    struct point p[3] = {{start.x, NAN}, {start.x, NAN}, start};
    s->scale = is_defined(start) && is_defined(end) ? fmin(fabs(start.f), fabs(end.f)) : 0;
    for (size_t i = first; i < last; i++)
        for (size_t k = 1;
             k <= FINE && s->n_roots < SOLVE_ROOTS_MAX && !s->eq->evaluations->is_stopped; k++) {
            p[0] = p[1];
            p[1] = p[2];
            p[2] = s->grid[i + 1];
            if (k < FINE) {
                p[2].x = grid_x(s->grid[i].x, s->grid[i + 1].x, k, FINE);
                p[2].f = equation_at(s->eq, p[2].x);
            }
            look_at(s, p);
        }
    const struct point behind[3] = {p[1], p[2], {p[2].x, NAN}};
    look_at(s, behind);
}

/* ---- the list ---- */

static int
compare(const void *a, const void *b)
{
    const struct point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

/* One root, found twice? A double root that rounding has torn apart is put together again. */
static bool
merge(struct search *s, struct point *a, struct point b)
{
    const double gap = b.x - a->x, size = fmax(fabs(b.x), fabs(a->x));
    if (gap <= SAME * size) {
        *a = fabs(a->f) <= fabs(b.f) ? *a : b;
        return true;
    }
    if (gap > 1e-6 * fmax(size, 1e-3))
        return false;
    const double x = a->x + gap / 2;
    const struct point middle = {x, equation_at(s->eq, x)};
    if (!(fabs(middle.f) <= root_rounding(s->eq, middle)))
        return false;
    *a = middle;
    return true;
}

static size_t
roots_sort(struct search *s)
{
    size_t n = 0;
    qsort(s->roots, s->n_roots, sizeof(s->roots[0]), compare);
    for (size_t i = 0; i < s->n_roots; i++)
        if (n == 0 || !merge(s, &s->roots[n - 1], s->roots[i]))
            s->roots[n++] = s->roots[i];
    return n;
}

/* CAVEAT_SIZE bytes. Returns out. */
static const char *
write_caveat(const struct search *s, char *out)
{
    const double width = (s->grid[s->n].x - s->grid[0].x) / (double)s->n;
    int used =
        snprintf(out, CAVEAT_SIZE, "roots less than %.3g apart may be missed in pairs", width);
    if (s->is_coarse)
        used += snprintf(out + used, CAVEAT_SIZE - (size_t)used,
                         "; the finest grid still showed more of them");
    if (s->n_jumps > 0)
        snprintf(out + used, CAVEAT_SIZE - (size_t)used,
                 "; %zu sign changes were taken for poles or jumps", s->n_jumps);
    return out;
}
