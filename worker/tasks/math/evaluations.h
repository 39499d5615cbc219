/* What all evaluations of one job share: their count, the progress, and whether it is to stop. */
#ifndef TASKS_MATH_EVALUATIONS_H
#define TASKS_MATH_EVALUATIONS_H

#include "client/celeriac_task.h"

/* Once a job is stopped every value is NaN, so that numerical methods end. */
struct evaluations {
    struct celeriac_context *ctx;
    int64_t count;
    int64_t expected; /* at most about so many: the progress is told from it; 0: it is not told */
    bool is_stopped;  /* celeriac_cancelled was seen */
};

/* Before each evaluation. False: the job is to stop. */
bool evaluations_count(struct evaluations *e);

#endif
