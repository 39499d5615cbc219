/* A runner: the process that runs tasks. */
#ifndef WORKER_RUNNER_H
#define WORKER_RUNNER_H

#include "worker/process.h"

/* Runs until the master says drain, or its socket closes. Returns the exit code: ERROR_CONFIG if a
 * module does not load. */
int runner_main(struct heritage *h);

#endif
