/* `celeriac worker --check`: does a worker on this host, or in this container, answer? Asked and
 * answered over a unix socket, so it costs Redis nothing, and an outage of Redis makes no worker
 * look ill. */
#ifndef WORKER_CHECK_H
#define WORKER_CHECK_H

#include "common/error.h"

#include <stdio.h>

struct check_state {
    const char *worker; /* its id */
    bool is_ready;      /* the steward and at least one runner take part */
    const char *state;  /* "starting", "running", "quiet", "stopping" */
    unsigned processes; /* runners that are ready */
};

/* ---- the master's side ---- */

/* A socket that listens for questions. ERROR_UNAVAILABLE: the worker can go on without. */
bool check_listen(const char *worker, int *fd, struct error *err);
/* Answers those who have asked; never blocks. */
void check_answer(int fd, const struct check_state *state);

/* ---- the other side ---- */

/* Asks every worker on this host, or those whose id is `name` and what is appended to it (NULL:
 * all), and writes each answer to `out`. False with ERROR_UNAVAILABLE unless one of them is ready.
 */
bool check_ask(const char *name, FILE *out, struct error *err);

#endif
