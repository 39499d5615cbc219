/* The steward: the worker's clock and voice. */
#ifndef WORKER_STEWARD_H
#define WORKER_STEWARD_H

#include "worker/process.h"

/* Runs until the master lets it leave, or its socket closes. Returns the exit code. */
int steward_main(struct heritage *h);

#endif
