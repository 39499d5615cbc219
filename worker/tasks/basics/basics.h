/* The tasks of the module basics: one function and one file each; the table is in basics.c. */
#ifndef TASKS_BASICS_H
#define TASKS_BASICS_H

#include "client/celeriac_task.h"

celeriac_task_fn allocate_run;
celeriac_task_fn countdown_run;
celeriac_task_fn crash_run;
celeriac_task_fn echo_run;
celeriac_task_fn fail_run;
celeriac_task_fn random_run;
celeriac_task_fn sleep_run;
celeriac_task_fn spin_run;
celeriac_task_fn sum_range_run;

/* Lets so many seconds pass, but ends within 100 ms of a cancellation: false. */
bool sleep_for(struct celeriac_context *ctx, double seconds);

/* The thread state: a generator of random numbers per thread (random.c). */
struct basics_state {
    uint64_t random[4];
};
/* Seeds from the kernel; false if that has no randomness to give. */
bool random_seed(struct basics_state *state);

#endif
