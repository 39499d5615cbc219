/* The broker for workers: the same verbs on an event loop. Nothing here blocks.
 *
 * One `struct broker_loop` is one connection that dials, authenticates, checks the version, loads
 * the scripts, and after any anomaly (time-out, protocol error, unexpected answer, READONLY) closes
 * and dials again with back-off and jitter (50 ms doubling to 1 s). Commands are sent in order of
 * the calls; those of one loop round share one write. Every call gets exactly one callback, never
 * from inside the call itself. A callback with `err` != NULL means: outcome unknown (the connection
 * was lost) or refused; err->code tells which. Arguments are copied before the call returns; what
 * callbacks are given is valid until they return. Calls made while the connection is down fail at
 * once (by callback, ERROR_UNAVAILABLE). */
#ifndef BROKER_BROKER_LOOP_H
#define BROKER_BROKER_LOOP_H

#include "broker/types.h"

struct event_base;
struct broker_loop;

struct broker_loop_events {
    void (*on_up)(void *arg); /* ready for calls */
    void (*on_down)(
        void *arg,
        const struct error *err); /* lost, or a try to connect failed; dials again by itself */
    void *arg;
};

/* ERROR_CONFIG for a bad URL; otherwise dials in the background. `arg`s must outlive the
 * connection. */
bool broker_loop_new(struct broker_loop **out, struct event_base *base,
                     const struct broker_settings *settings,
                     const struct broker_loop_events *events, struct error *err);
/* Outstanding callbacks are called with ERROR_UNAVAILABLE first; on_down is not called. */
void broker_loop_free(struct broker_loop *b);
bool broker_loop_is_up(const struct broker_loop *b);
/* Last measured round trip in us; 0 if none. */
int64_t broker_loop_round_trip_us(const struct broker_loop *b);

/* Who is speaking. Strings must outlive the calls in flight. */
struct broker_runner {
    const char *worker; /* "host-4711-x7Qa" */
    const char *runner; /* "<worker>/<number>": names are never used twice */
    int64_t lease_ms;
};

enum broker_registered { IS_REGISTERED, NOT_REGISTERED };

/* ---- runner ---- */

/* Registers runner (and its worker, if new) in the queue. */
typedef void broker_done_fn(void *arg, const struct error *err);
void broker_loop_join(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                      broker_done_fn *done, void *arg);
/* Hands back whatever the runner still owns there and unregisters it. */
void broker_loop_leave(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                       broker_done_fn *done, void *arg);

struct broker_reservation {
    enum broker_registered
        registered; /* NOT_REGISTERED: others took this worker for dead: join under a new name */
    const struct broker_reserved *jobs;
    size_t n;
    int64_t redis_ms;      /* Redis TIME at the reservation */
    bool is_suspect;       /* the one job here must run alone in its runner */
    bool suspects_waiting; /* become idle, and ask with `alone` */
    bool is_paused;
    bool ask_otherwise; /* nothing was looked at, since limits came or went: switch RESERVE_LIMITED
                           and ask again */
};
typedef void broker_reserved_fn(void *arg, const char *queue, const struct broker_reservation *r,
                                const struct error *err);
enum {                    /* how to reserve: flags */
       RESERVE_ALONE = 1, /* the runner is wholly idle and takes a suspect first, if there is one */
       RESERVE_LIMITED = 2, /* the queue has limits: `n` should be no more than there are idle
                               slots, since each job counts as running from now on */
};
/* Up to `n` jobs, now. */
void broker_loop_reserve(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                         size_t n, unsigned how, broker_reserved_fn *done, void *arg);
/* Blocks this connection (nothing else may be sent on it meanwhile) until the bell of one of the
 * queues rings or timeout_ms has passed. With one queue, the reserve script follows in the same
 * write, so that the jobs come with the wake-up; with several, n must be 0 and `r` has no jobs:
 * `queue` is the one that rang, NULL after the time-out. */
void broker_loop_bell(struct broker_loop *b, const char *const *queues, size_t n_queues,
                      int timeout_ms, const struct broker_runner *who, size_t n, unsigned how,
                      broker_reserved_fn *done, void *arg);

typedef void broker_committed_fn(void *arg, const char *queue, const enum finish_status *statuses,
                                 size_t n, const struct error *err);
/* Ends attempts: one script per kind present, in one write. NOT_REGISTERED shows as FINISH_STALE
 * for all. */
void broker_loop_commit(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                        const struct broker_finish *finishes, size_t n, broker_committed_fn *done,
                        void *arg);
/* Reserved but not started (or aborted without fault): back to the head of the queue in the given
 * order, uncharged; after `delay_ms` > 0 through `delayed`. */
void broker_loop_release(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                         const struct id *ids, size_t n, int64_t delay_ms, broker_done_fn *done,
                         void *arg);
/* Hands back, to the head, all that `who` owns but these: an answer to its reserve was lost. From
 * then on the name may commit and release, but a reserve under it is refused (as NOT_REGISTERED).
 */
void broker_loop_disown(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                        const struct id *known, size_t n, broker_done_fn *done, void *arg);
/* Does a live worker of this queue know the task? Reads the published signature tables. */
typedef void broker_known_fn(void *arg, bool known, const struct error *err);
void broker_loop_task_known(struct broker_loop *b, const char *queue, const char *task,
                            broker_known_fn *done, void *arg);

/* ---- steward ---- */

struct broker_peer {
    const char *name;  /* a worker, or a runner */
    const char *value; /* worker: "<beat> <lease_ms>"; runner: its worker's name */
};
typedef void broker_beat_fn(void *arg, const char *queue, enum broker_registered registered,
                            const struct broker_peer *peers, size_t n,
                            int64_t next_due_in_ms /* -1: none, -2: not looked at */,
                            const struct error *err);
/* Proof of life: sets the worker's beat (a number that only grows) and tells the others. Every beat
 * that 3 divides returns the registry and the next due time; others return neither. */
void broker_loop_beat(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                      uint64_t beat, broker_beat_fn *done, void *arg);

typedef void broker_promoted_fn(void *arg, const char *queue, size_t moved, int64_t next_due_in_ms,
                                const struct error *err);
/* Moves due jobs from `delayed` to ready, up to 1,000 a call. */
void broker_loop_promote(struct broker_loop *b, const char *queue, broker_promoted_fn *done,
                         void *arg);

typedef void broker_recovered_fn(void *arg, const char *queue, size_t moved, size_t buried,
                                 bool was_refused, const struct error *err);
/* Gives back what a dead runner owned, and unregisters it. */
void broker_loop_recover(struct broker_loop *b, const char *queue, const struct broker_recovery *r,
                         broker_recovered_fn *done, void *arg);
/* Unregisters a worker without runners, if its registry value is still `expected` (NULL: whatever
 * it is). */
void broker_loop_forget(struct broker_loop *b, const char *queue, const char *worker,
                        const char *expected, broker_done_fn *done, void *arg);

/* Publishes the worker's state (JSON; NULL: removes it) and its signature table under its hash. */
void broker_loop_publish(struct broker_loop *b, const char *worker, const char *json,
                         int64_t ttl_ms, broker_done_fn *done, void *arg);
void broker_loop_publish_tasks(struct broker_loop *b, const char *hash, const char *json,
                               int64_t ttl_ms, broker_done_fn *done, void *arg);
/* Publishes the answer (JSON) to a command on the feed of this token. */
void broker_loop_answer(struct broker_loop *b, const char *token, const char *json,
                        broker_done_fn *done, void *arg);
/* Ids of running jobs that are marked as cancelled; force[i]: without grace. */
typedef void broker_marks_fn(void *arg, const char *queue, const struct id *ids, const bool *force,
                             size_t n, const struct error *err);
void broker_loop_marks(struct broker_loop *b, const char *queue, broker_marks_fn *done, void *arg);

/* Turns this connection into a listener: from now on it hears of the queues' cancellations and
 * earlier due times, and of commands for the worker. After a reconnect (on_up) call it again. */
struct broker_notice {
    enum { NOTICE_CANCEL, NOTICE_DUE, NOTICE_BEAT, NOTICE_COMMAND } kind;
    const char *queue;  /* CANCEL, DUE, BEAT */
    struct id id;       /* CANCEL */
    bool force;         /* CANCEL */
    int64_t due_in_ms;  /* DUE: a job is due then, earlier than any before */
    const char *worker; /* BEAT: its name, worker_len bytes */
    size_t worker_len;
    const char *value;   /* BEAT: as in the registry */
    const char *command; /* COMMAND: any bytes, command_len of them */
    size_t command_len;
};
typedef void broker_notice_fn(void *arg, const struct broker_notice *notice);
void broker_loop_listen(struct broker_loop *b, const char *const *queues, size_t n,
                        const char *worker, broker_notice_fn *each, void *arg);

#endif
