/* A worker: one master process that forks a steward and runners. docs/threads.md says who owns
 * what. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "broker/types.h"
#include "worker/events.h"
#include "worker/scoreboard.h"

enum {
    WORKER_PROCESSES_MAX = 64,
    WORKER_THREADS_MAX = SCOREBOARD_SLOTS_MAX,
    WORKER_QUEUES_MAX = 64,
    WORKER_MODULES_MAX = 64,
    WORKER_NAME_MAX = 64,
    WORKER_ID_MAX = 96,                   /* "<name>-<pid>-<4 characters>" */
    RUNNER_NAME_MAX = WORKER_ID_MAX + 24, /* "<worker>/<number>.<k>" */
};

struct metrics;
struct module_copies;

struct worker_queue {
    const char *name;
    unsigned weight; /* at least 1 */
};

struct worker_settings {
    struct broker_settings broker;
    char id[WORKER_ID_MAX];
    struct worker_queue queues[WORKER_QUEUES_MAX];
    size_t n_queues;
    bool is_strict; /* queues in the order given, else by weight */
    unsigned processes, threads;
    const char *modules[WORKER_MODULES_MAX];
    size_t n_modules;
    const char
        *module_dir; /* where module names are looked for; NULL: the environment alone says */
    struct module_copies *copies; /* of their files, as they were accepted; the master's */
    int64_t lease_ms, grace_ms;
    int64_t max_jobs;         /* a runner is replaced after so many; 0: never */
    int64_t max_memory_bytes; /* private memory of a runner; 0: unlimited */
    size_t max_result_bytes;  /* of an outcome, encoded; a larger result is a failure */
    unsigned max_crashes, max_lost;
    bool is_burst;
    enum events_level events;
    const char *http; /* where metrics and health are served; NULL: nowhere */
    /* Reads the settings anew, for SIGHUP; `id` is kept by the caller. NULL: what is here stays. */
    bool (*reload)(struct worker_settings *out, struct error *err);
    struct worker_settings *kept; /* the master's list of all that it has read anew */
};

/* Runs until a signal or the end of the burst, and ends the process with the exit code. Call it
 * while the process has one thread. */
void worker_main(const struct worker_settings *settings) __attribute__((noreturn));

/* "<worker>/<number>", with ".<k>" behind it for k > 0. `out` holds RUNNER_NAME_MAX. Returns out.
 */
const char *worker_runner_name(char *out, const char *worker, unsigned number, unsigned k);

#endif
