/* Changing jobs one by one and printing "ID state" for each: cancel, retry, discard. */
#ifndef CLIENT_CLI_JOB_CHANGE_H
#define CLIENT_CLI_JOB_CHANGE_H

#include "broker/broker.h"
#include "client/cli/command.h"

struct job_change {
    enum job_state state; /* in which it is now */
    bool is_discarded;    /* it was a dead letter, and is gone */
};
typedef bool job_change_fn(struct broker *b, const struct id *id, const void *arg,
                           struct job_change *done, struct error *err);

/* One job. Returns the exit code: 66 for a job that nobody knows. */
int job_change_one(const struct cli *cli, struct broker *b, const struct id *id,
                   job_change_fn *change, const void *arg);
/* All operands. */
int job_change_operands(const struct cli *cli, job_change_fn *change, const void *arg);

#endif
