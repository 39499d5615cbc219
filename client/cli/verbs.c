/* The table of verbs, in the order of the help. */
#include "client/cli/verbs.h"

size_t
cli_client_commands(const struct command **out)
{
    static const struct command *const all[] = {
        &cmd_run,    &cmd_map,     &cmd_submit,  &cmd_wait,       &cmd_result,   &cmd_status,
        &cmd_cancel, &cmd_retry,   &cmd_discard, &cmd_jobs,       &cmd_explain,  &cmd_events,
        &cmd_queues, &cmd_workers, &cmd_tasks,   &cmd_pause,      &cmd_resume,   &cmd_purge,
        &cmd_limit,  &cmd_control, &cmd_stats,   &cmd_top,        &cmd_schedule, &cmd_doctor,
        &cmd_bench,  &cmd_up,      &cmd_config,  &cmd_completion, &cmd_version,  &cmd_help};
    size_t n = sizeof all / sizeof *all;

    for (size_t i = 0; i < n; i++) {
        out[i] = all[i];
    }
    return n;
}
