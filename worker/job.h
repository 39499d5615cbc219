/* A job in the hands of a runner: from its reservation until its commit. */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "broker/types.h"
#include "common/arena.h"
#include "worker/pool.h"

#include <sys/queue.h>

struct identity;
struct runner_queue;

enum job_end_kind {
    JOB_ENDS,        /* `finish` says how */
    JOB_HAS_NO_TASK, /* no module here knows the task: somebody else may */
};

struct job {
    struct pool_item item; /* first: in which list it stands says where it is */
    struct runner_queue *queue;
    struct identity *owner; /* the name under which it was reserved */
    LIST_ENTRY(job) held;   /* by its owner */
    struct id id;
    bool is_cancelled, is_suspect;
    bool was_sent;                          /* a commit of it has been sent, and its answer lost */
    int64_t reserved_us, reserved_redis_ms; /* the same moment, CLOCK_MONOTONIC and Redis TIME */
    unsigned runner_k;                      /* of that name */
    const char *queue_name;
    size_t max_result_bytes;
    struct celeriac_arena *arena; /* holds everything below */
    const char *bytes;
    size_t len;
    struct message message;
    /* filled in by the thread that ran it */
    enum job_end_kind end;
    struct broker_finish finish;
    enum job_state state;   /* as offered; JOB_DELAYED: another attempt */
    const char *error_type; /* NULL: none */
    const char *error_message;
    int64_t runtime_us; /* -1: it never started */
};

/* Jobs that are not in use, with their arenas, so that a job costs no allocation. Belongs to the
 * loop. */
struct job_store {
    struct pool_list unused;
    size_t max_result_bytes; /* what the jobs get */
};

struct job *job_take(struct job_store *store);
/* Its owner, if it has one, does not hold it any more. */
void job_give_back(struct job_store *store, struct job *job);
/* Frees all unused jobs but `keep`. */
void job_store_trim(struct job_store *store, size_t keep);

/* What a compute thread has at hand to run jobs. */
struct job_place {
    const struct module_set *modules;
    void **states; /* of the modules, for this thread */
    const char *worker;
    struct scoreboard *board;
    struct scoreboard_slot *slot;
    _Atomic int64_t *look_at_ms; /* earliest moment at which the master should look at the limits */
    struct pool *pool;
    struct buffer scratch;
};

/* Runs one job to its end, in a compute thread. */
void job_run(struct job_place *place, struct job *job);

/* Ends a job with this outcome: what is the same for all (ids, counters, attempt) is filled in, the
 * outcome is encoded, `finish` is set. `scratch` is reused from call to call. */
void job_end(struct job *job, struct outcome *o, const char *worker, struct buffer *scratch);
/* Ends it as dead: it could not be run at all. */
void job_end_dead(struct job *job, const char *type, const char *message, const char *worker,
                  struct buffer *scratch);
/* Another attempt. */
void job_end_retry(struct job *job, int64_t delay_ms, bool is_free);

#endif
