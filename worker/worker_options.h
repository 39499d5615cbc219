/* The options of `celeriac worker`, and how they become settings. */
#ifndef WORKER_WORKER_OPTIONS_H
#define WORKER_WORKER_OPTIONS_H

#include "common/options.h"
#include "worker/worker.h"

struct worker_options {
    struct option_list queues, modules;
    bool is_strict, is_burst, is_check;
    int64_t processes, threads; /* threads 0: half of the cores */
    const char *name, *http;
    int64_t lease_ms, grace_ms, max_jobs, max_memory_bytes, max_result_bytes, max_crashes;
    int log_level, log_format, events;
};

enum { WORKER_OPTION_ROWS = 18 };
extern const struct option worker_option_rows[WORKER_OPTION_ROWS];

/* Fills all settings but `id` and `reload`; copies every string. ERROR_USAGE, ERROR_CONFIG. */
bool worker_settings_read(struct worker_settings *out, const struct worker_options *options,
                          const struct broker_settings *broker, struct error *err);
/* "<name>-<4 characters>", or "<host>-<pid>-<4 characters>" without a name. ERROR_USAGE: the name.
 */
bool worker_make_id(char *out, const char *name, struct error *err);

#endif
