/* The tasks of the module math: one function and one file each; the table is in math.c. */
#ifndef TASKS_MATH_H
#define TASKS_MATH_H

#include "client/celeriac_task.h"

celeriac_task_fn eval_run;
celeriac_task_fn fit_run;
celeriac_task_fn integrate_run;
celeriac_task_fn linear_run;
celeriac_task_fn minimize_run;
celeriac_task_fn montecarlo_run;
celeriac_task_fn ode_run;
celeriac_task_fn roots_run;
celeriac_task_fn solve_run;
celeriac_task_fn system_run;
celeriac_task_fn table_run;

struct expression_cache;

/* The thread state. */
struct math_state {
    struct expression_cache *cache;
};

#endif
