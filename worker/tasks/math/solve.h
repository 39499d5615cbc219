/* The ways to solve, chosen by solve.c from the arguments. Each ends the task. */
#ifndef TASKS_MATH_SOLVE_H
#define TASKS_MATH_SOLVE_H

#include "worker/tasks/math/equation.h"
#include "worker/tasks/math/root.h"

/* All real roots in the closed interval, up to SOLVE_ROOTS_MAX. */
enum { SOLVE_ROOTS_MAX = 1000 };
enum celeriac_outcome solve_interval(struct celeriac_context *ctx, struct equation *eq, double from,
                                     double to);
/* One root near the guess. */
enum celeriac_outcome solve_guess(struct celeriac_context *ctx, struct equation *eq, double guess);
/* As many equations (array of strings) as there are unknowns in `guess` (object of numbers). */
enum celeriac_outcome solve_system(struct celeriac_context *ctx,
                                   const struct celeriac_value *equations,
                                   const struct celeriac_value *guess);

struct roots {
    const struct point *items;
    size_t n;
    bool is_cut;        /* there may be more than SOLVE_ROOTS_MAX */
    const char *caveat; /* what is not promised */
};

/* {"roots":[...],"residual":...,"evaluations":...,"caveat":"..."}; the residual is null if there
 * are no roots. "truncated":true is added to a list that was cut. */
enum celeriac_outcome solve_return_roots(struct celeriac_context *ctx, const struct roots *roots,
                                         int64_t evaluations);

#endif
