/* The inside of a runner, shared by the runner_*.c files. All of it belongs to the loop thread. */
#ifndef WORKER_RUNNER_STATE_H
#define WORKER_RUNNER_STATE_H

#include "broker/broker_loop.h"
#include "common/log.h"
#include "worker/job.h"
#include "worker/lookahead.h"
#include "worker/metrics.h"
#include "worker/process.h"
#include "worker/queue_order.h"

struct event;
struct event_base;
struct module_set;

enum identity_state { IDENTITY_NEW, IDENTITY_JOINING, IDENTITY_JOINED, IDENTITY_LEAVING };

/* One name of this runner in one queue. Whenever it is uncertain what a name owns in Redis (an
 * answer was lost) or the name has been taken for dead, a new one is joined; the old one disowns
 * what it may own unknown to us, stays until its jobs have ended, then leaves. */
struct identity {
    struct identity *next; /* in runner_queue.retired */
    struct runner_queue *queue;
    char name[RUNNER_NAME_MAX];
    unsigned k;
    struct broker_runner who;
    LIST_HEAD(held_jobs, job)
    held;         /* jobs in hand, at any stage before their commit or hand-back is sent */
    size_t jobs;  /* reserved under this name and not committed or handed back */
    size_t calls; /* in flight under this name */
    enum identity_state state;
    bool is_doubtful; /* may own jobs that are not in `held` */
};

struct runner_queue {
    struct runner *runner;
    const char *name;
    struct identity *current;
    struct identity *retired;
    bool is_limited;             /* as Redis last said: no look-ahead */
    int64_t empty_until_us;      /* found empty a moment ago: not asked again before */
    struct pool_list finished;   /* wait for the next commit */
    struct pool_list committing; /* in the commit that is in flight */
    bool is_commit_in_flight;
};

/* Jobs that go back unstarted; resent until it is certain. */
struct handback {
    struct handback *next;
    struct identity *owner;
    int64_t delay_ms;
    bool is_in_flight;
    size_t n;
    struct id ids[];
};

struct runner {
    const struct heritage *heritage;
    struct metrics_seat *metrics; /* NULL without --http */
    const struct worker_settings *settings;
    struct event_base *base;
    struct event *control_event, *pool_event, *stamp_timer, *hold_timer, *again_timer,
        *publish_timer;
    struct broker_loop *command, *bell;
    struct module_set *modules;
    struct pool *pool;
    struct job_place *places; /* one a thread */
    _Atomic int64_t look_at_ms;
    struct job_store store;
    struct buffer scratch;

    struct runner_queue queues[WORKER_QUEUES_MAX];
    size_t n_queues;
    unsigned last_k;

    /* claiming */
    struct queue_order order;
    size_t round[WORKER_QUEUES_MAX],
        round_at; /* the claim round under way: order, and who is next */
    bool is_round_open;
    size_t asked; /* by the reserve that is in flight; 0: none is */
    bool is_bell_in_flight;
    size_t bell_asked;
    size_t in_pool;              /* given to the pool and not taken back */
    uint64_t reserved;           /* jobs ever begun or about to be */
    int64_t mean_us, mean_bytes; /* of the latest jobs: run time, message */
    bool holds_back; /* what was reserved ahead had to go back: no look-ahead until a job ends */
    bool runs_suspect, waits_for_suspect;

    struct handback *handbacks;
    size_t n_lookups;      /* unknown tasks that are being asked for */
    int64_t not_before_us; /* after an error that was not a lost connection */
    int exit_code;
    bool is_publishing, is_ready, is_quiet, is_draining, is_leaving;
    struct broker_finish *finishes; /* scratch for commits */
    size_t finishes_room;
    struct events events;
    struct log_limit up_limit, down_limit, commit_limit, stale_limit;
};

/* runner.c */
void runner_round(struct runner *r); /* whatever can be done now: names, commits, claims, the end */
void runner_back_off(struct runner *r); /* nothing for a moment, then a round */
void runner_refuse(struct runner *r, const struct error *err); /* ends with the code of the error */
void runner_submit(struct runner *r, struct pool_list *jobs);
void runner_drain(struct runner *r, bool takes_back);

/* runner_identity.c */
void identity_upkeep(struct runner *r); /* joins what is new, leaves what is done with */
bool identity_all_joined(const struct runner *r);
void identity_retire(struct identity *id); /* takes a new name if it was the current one */
void identity_leave_all(struct runner *r);
bool identity_none_left(const struct runner *r);

/* runner_claim.c */
void claim_round(struct runner *r);
void claim_ring(struct runner *r); /* the wait at the bell, if slots idle */

/* runner_finish.c */
void finish_take(struct runner *r);  /* what the pool has done */
void finish_flush(struct runner *r); /* commits and hand-backs that can go out */
void finish_hand_back(struct runner *r, struct pool_list *jobs, int64_t delay_ms);
bool finish_is_idle(const struct runner *r); /* nothing waits to be told to Redis */

/* runner_publish.c */
void publish_tasks(struct runner *r, broker_done_fn *done);

#endif
