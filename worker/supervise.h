/* Whether and when a child that ended is started again: policy, pure. */
#ifndef WORKER_SUPERVISE_H
#define WORKER_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SUPERVISE_FIRST_DELAY_MS = 100,
    SUPERVISE_MAX_DELAY_MS = 10000,
    SUPERVISE_SETTLED_MS = 60000, /* a child that lived that long starts the count afresh */
};

/* How one child ended. */
struct child_exit {
    int code;          /* exit code; -1 if a signal ended it */
    int signal;        /* 0: none */
    bool was_ready;    /* it had reported for work */
    bool was_expected; /* the master had asked for it (drained, or killed over a limit) */
    bool blames_a_job; /* a job ran, or was named by the fault handler: the charge on the job bounds
                          repetition */
    int64_t alive_ms;
};

/* One per kind of child. */
struct supervise_history {
    unsigned early_deaths; /* in a row */
    bool was_ever_ready;   /* a child of this kind has been ready once */
};

struct supervise_decision {
    bool restart, give_up;
    int64_t delay_ms;
    int exit_code; /* for the worker, if it gives up */
};

struct supervise_decision supervise_on_exit(struct supervise_history *h,
                                            const struct child_exit *e);

#endif
