/* The ways to minimize, chosen by minimize.c from the arguments. Each ends the task. */
#ifndef TASKS_MATH_MINIMIZE_H
#define TASKS_MATH_MINIMIZE_H

#include "worker/tasks/math/formula.h"
#include "worker/tasks/math/named_numbers.h"

enum { MINIMIZE_VARIABLES_MAX = 16 };

struct interval {
    double from, to; /* from < to */
};

/* The least value in the closed interval. */
enum celeriac_outcome minimize_interval(struct celeriac_context *ctx, struct formula *f,
                                        const char *variable, struct interval interval);
/* A local minimum below the guess. */
enum celeriac_outcome minimize_guess(struct celeriac_context *ctx, struct formula *f,
                                     const struct named_numbers *guess);

struct minimum {
    const struct names *names;
    const double *at;
    double value;
    double slope; /* the largest |df/dx| there, by differences */
    int64_t evaluations;
    const char *caveat; /* what is not promised */
};

/* {"at":{...},"value":...,"slope":...,"evaluations":...,"caveat":"..."} */
enum celeriac_outcome minimize_return(struct celeriac_context *ctx, const struct minimum *minimum);

#endif
