/* The tasks of the module math: one function and one file each; the table is in math.c. */
#ifndef TASKS_MATH_H
#define TASKS_MATH_H

#include "client/celeriac_task.h"

celeriac_task_fn eval_run;
celeriac_task_fn solve_run;

struct expression_cache;

/* The thread state. */
struct math_state {
    struct expression_cache *cache;
};

#endif
