/* What run, wait and result print of a job that is done. */
#ifndef CLIENT_CLI_JOB_REPORT_H
#define CLIENT_CLI_JOB_REPORT_H

#include "client/celeriac.h"
#include "client/cli/command.h"

/* The result to stdout, or the failure to stderr; with --json the job's fields. `job` (may be NULL)
 * tells what was asked for. Returns the exit code: 0, 1, or 66 for a job that nobody knows. */
int job_report_print(const struct cli *cli, struct celeriac_future *future,
                     const struct celeriac_job *job, bool raw);

#endif
