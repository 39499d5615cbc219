/* What the files of the module share. */
#ifndef MYTASK_H
#define MYTASK_H

#include <celeriac.h>
#include <celeriac_task.h>

/* The state of one thread: what thread_setup makes and celeriac_thread_state gives back. */
struct mytask_thread {
    struct celeriac_client *client; /* connected when a task first needs it */
};

celeriac_task_fn fan_out_run;

#endif
