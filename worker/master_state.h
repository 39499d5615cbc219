/* The inside of the master, shared by the master_*.c files. One thread, no event loop, no
 * connection. */
#ifndef WORKER_MASTER_STATE_H
#define WORKER_MASTER_STATE_H

#include "client/module_trial.h"
#include "worker/metrics.h"
#include "worker/notify.h"
#include "worker/process.h"
#include "worker/supervise.h"
#include "worker/wire.h"

enum {
    MASTER_RUNNERS_MAX = 2 * WORKER_PROCESSES_MAX, /* old and new ones during a reload */
    MASTER_SEATS_MAX = 2 * MASTER_RUNNERS_MAX,     /* and the dead whose jobs are not back yet */
};

struct runner_child {
    pid_t pid; /* 0: this entry is free */
    int fd;
    uint32_t number;
    struct scoreboard *board;
    const struct worker_settings *settings;
    enum runner_state
        state; /* as the master knows it: STARTING until it said READY, DRAINING once told to */
    bool was_ready, is_stale; /* stale: to be replaced by a new one */
    int64_t started_ms;
    int64_t silent_since_ms;
    /* set when the master kills it */
    bool is_killed, is_dumping;
    enum death_reason reason;
    uint32_t slot;
    uint64_t generation;
};

struct steward_child {
    pid_t pid;
    int fd;
    int64_t started_ms, restart_ms; /* restart_ms: not before that */
    bool was_ready, is_killed, is_dumping;
};

/* --http. It is started again five seconds after it ended, as often as it takes. */
struct http_child {
    pid_t pid;
    int fd;
    int64_t restart_ms;
    bool is_dumping;
};

/* What is being written into the log. */
struct master_dump {
    int64_t deadline_ms; /* 0: nothing is */
    uint32_t request;
};

/* A runner's death, until the steward has given its jobs back. */
struct death {
    struct death *next;
    struct wire wire;
    struct scoreboard *board;
};

struct master {
    const struct worker_settings *settings; /* for new runners */
    const struct worker_settings
        *settings_before;                /* during a reload, until a new runner has been ready */
    const struct worker_settings *tried; /* before that, while their modules are tried */
    struct module_trial trial;
    const struct worker_settings
        *steward_settings; /* with the queues of all runners there have been */
    struct scoreboards *boards;
    struct metrics *metrics;
    int signal_fd;
    int check_fd; /* --check is answered there; -1: nowhere */
    struct notify notify;
    struct runner_child runners[MASTER_RUNNERS_MAX];
    struct steward_child steward;
    struct http_child http;
    struct master_dump dump;
    struct death *deaths;
    struct supervise_history runner_history, steward_history;
    uint32_t last_number;
    unsigned wanted;        /* runners */
    unsigned wanted_before; /* as settings_before */
    int64_t next_start_ms, next_look_ms, next_resend_ms, next_memory_ms;
    struct worker_settings
        *kept; /* all settings that were made here: children may use them to the end */
    int64_t awake_since_ms;
    enum worker_state state;
    bool is_announced; /* worker_ready was logged */
    bool is_hard;      /* stopping: everything goes back now */
    bool has_flagged, has_left;
    int64_t stop_ms, leave_ms; /* deadlines of stopping */
    bool is_over;
    int exit_code;
};

/* master_children.c */
void children_reconcile(struct master *m,
                        int64_t now_ms); /* starts and drains until there are as many as wanted */
void children_reap(struct master *m, int64_t now_ms);
void children_kill(struct runner_child *c, enum death_reason reason);
void children_tell_all(struct master *m, enum wire_kind kind);
size_t children_count(const struct master *m);
void children_start_steward(struct master *m, int64_t now_ms);
void children_start_http(struct master *m, int64_t now_ms);
void children_on_message(struct master *m, struct runner_child *c, const struct wire *w);

/* master_deaths.c */
void deaths_add(struct master *m, const struct runner_child *c, const struct wire_death *death);
void deaths_resend(struct master *m); /* all that are not acknowledged */
void deaths_acknowledge(struct master *m, uint32_t number);

/* master_limits.c */
void limits_look(struct master *m, int64_t now_ms);

/* master_signals.c */
bool signals_open(struct master *m, struct error *err);
void signals_take(struct master *m, int64_t now_ms);
enum control_result master_stop(struct master *m, bool is_hard, int64_t now_ms);
void master_tell_state(const struct master *m); /* to the steward, which publishes it */
enum control_result master_quiet(struct master *m, bool is_quiet);
enum control_result master_scale(struct master *m, int64_t wanted);

/* master_dump.c */
/* `request` is answered when all is written; 0: nobody asked from afar. False: a dump is being
 * written already. */
bool dump_begin(struct master *m, uint32_t request, int64_t now_ms);
void dump_look(struct master *m, int64_t now_ms); /* whether it is complete, or took too long */

/* master_control.c */
void control_tell(struct master *m, uint32_t request, enum control_result result);
void control_obey(struct master *m, const struct wire *w, int64_t now_ms);

/* master_reload.c */
/* Before any fork: tries them, and makes `settings` with copies of their files those of the master.
 */
bool modules_accept(struct master *m, const struct worker_settings *settings, struct error *err);
/* Nobody will be started with these settings any more. */
void modules_release(struct master *m, const struct worker_settings *settings);
enum control_result master_reload(struct master *m); /* done: it has begun */
void reload_tried(struct master *m, int status);     /* the trial's process has ended */
void reload_watch(struct master *m, int64_t now_ms);

#endif
