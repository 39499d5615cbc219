/* Equations: two expressions and their difference, which is to become 0. */
#ifndef TASKS_MATH_EQUATION_H
#define TASKS_MATH_EQUATION_H

#include "worker/tasks/math/evaluations.h"
#include "worker/tasks/math/expression_cache.h"

struct equation {
    struct evaluations *evaluations;
    struct expression *left;
    struct expression *right; /* NULL: a constant, or the 0 behind an expression */
    double right_constant;
    size_t n_unknowns;
};

/* The texts of both sides; right->bytes is NULL without '='. False, and `why`: more than one. */
bool equation_cut(struct text text, struct text *left, struct text *right, struct why *why);
/* "left = right" or an expression; the expressions belong to the cache. Sets all but `evaluations`.
 * False: `why`. */
bool equation_read(struct equation *eq, struct expression_cache *cache, struct text text,
                   const struct names *unknowns, struct why *why);
/* Does it mention unknown i? */
bool equation_uses(const struct equation *eq, size_t i);
/* left - right; may be infinite or NaN. */
double equation_value(struct equation *eq, const double *unknowns);
/* The same for one unknown. */
double equation_at(struct equation *eq, double x);
/* |left| + |right| at x: rounding errors are a small part of it. Counts as an evaluation. */
double equation_scale(struct equation *eq, double x);

#endif
