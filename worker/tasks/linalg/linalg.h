/* The tasks of the module linalg: one function and one file each; the table is in linalg.c. */
#ifndef TASKS_LINALG_H
#define TASKS_LINALG_H

#include "client/celeriac_task.h"

celeriac_task_fn eigenvalues_run;
celeriac_task_fn linear_large_run;
celeriac_task_fn svd_run;

/* Sides. The first factorization can be interrupted; the others cannot, and take longer. */
enum { LINALG_LINEAR_MAX = 4000, LINALG_SPECTRUM_MAX = 1500 };

#endif
