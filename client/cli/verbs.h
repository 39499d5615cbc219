/* The verbs that live here, and the headings that the help groups them by. */
#ifndef CLIENT_CLI_VERBS_H
#define CLIENT_CLI_VERBS_H

#include "client/cli/command.h"

#define GROUP_JOBS "Jobs"
#define GROUP_QUEUES "Queues and workers"
#define GROUP_PROGRAM "The program"

extern const struct command cmd_run, cmd_map, cmd_submit, cmd_wait, cmd_result, cmd_status,
    cmd_cancel, cmd_retry, cmd_discard, cmd_jobs, cmd_queues, cmd_workers, cmd_tasks, cmd_pause,
    cmd_resume, cmd_purge, cmd_limit, cmd_stats, cmd_config, cmd_completion, cmd_version, cmd_help;
extern const struct command cmd_explain, cmd_control, cmd_schedule, cmd_events, cmd_top, cmd_doctor,
    cmd_bench, cmd_up;

#endif
