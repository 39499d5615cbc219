/* What happens, as entries of one capped stream of the namespace: `events`. Ids and names only;
 * never what a job was given or has answered. */
#ifndef BROKER_EVENTS_H
#define BROKER_EVENTS_H

#include "broker/types.h"

struct broker;
struct broker_loop;
struct request;

enum { EVENTS_MAX = 10000 /* entries that are kept, about */ };

/* X(kind, name in the stream) */
#define BROKER_EVENTS(X)                                                                           \
    X(EVENT_WORKER_READY, "worker_ready")                                                          \
    X(EVENT_WORKER_QUIET, "worker_quiet")                                                          \
    X(EVENT_WORKER_RESUMED, "worker_resumed")                                                      \
    X(EVENT_WORKER_STOPPING, "worker_stopping")                                                    \
    X(EVENT_WORKER_ENDED, "worker_ended")                                                          \
    X(EVENT_WORKER_LOST, "worker_lost")                                                            \
    X(EVENT_RUNNER_DIED, "runner_died")                                                            \
    X(EVENT_JOB_SUCCEEDED, "job_succeeded")                                                        \
    X(EVENT_JOB_RETRIED, "job_retried")                                                            \
    X(EVENT_JOB_FAILED, "job_failed")                                                              \
    X(EVENT_JOB_CANCELLED, "job_cancelled")                                                        \
    X(EVENT_JOB_EXPIRED, "job_expired")                                                            \
    X(EVENT_JOB_CRASHED, "job_crashed")                                                            \
    X(EVENT_JOB_DEAD, "job_dead")                                                                  \
    X(EVENT_JOB_REQUEUED, "job_requeued")                                                          \
    X(EVENT_JOB_DISCARDED, "job_discarded")                                                        \
    X(EVENT_QUEUE_PAUSED, "queue_paused")                                                          \
    X(EVENT_QUEUE_RESUMED, "queue_resumed")                                                        \
    X(EVENT_QUEUE_PURGED, "queue_purged")                                                          \
    X(EVENT_QUEUE_LIMITED, "queue_limited")                                                        \
    X(EVENT_LEFT_OUT, "events_left_out")

enum broker_event_kind {
#define X(kind, name) kind,
    BROKER_EVENTS(X)
#undef X
};

struct broker_event {
    enum broker_event_kind kind;
    const char *queue, *worker, *signal; /* NULL: does not apply */
    const struct id *id;                 /* NULL: no job */
    int64_t attempt, count;              /* 0: does not apply */
};

/* Both write it if they can; whoever may not, or cannot reach Redis, goes on without. */
void broker_loop_event(struct broker_loop *b, const struct broker_event *e);
void broker_event(struct broker *b, const struct broker_event *e);
/* The command that writes it. */
void event_request(struct request *r, const char *space, const struct broker_event *e);

/* One entry that was read. */
struct broker_event_field {
    const char *name, *value;
    size_t name_len, value_len;
};
enum { EVENT_CURSOR_MAX = 48, EVENT_FIELDS_MAX = 16 };
struct broker_event_entry {
    const char *cursor; /* its id in the stream */
    int64_t at_ms;      /* Redis TIME */
    struct broker_event_field fields[EVENT_FIELDS_MAX];
    size_t n;
};
typedef void broker_event_fn(void *arg, const struct broker_event_entry *entry);

/* The newest entry's cursor; "0-0" if there is none. */
bool broker_events_last(struct broker *b, char cursor[EVENT_CURSOR_MAX], struct error *err);
/* Hands over what stands behind the cursor, 1,000 entries at most, and moves it; waits up to
 * `wait_ms` (and never for as long as a command may take) if there is nothing. */
bool broker_events_read(struct broker *b, char cursor[EVENT_CURSOR_MAX], int wait_ms,
                        broker_event_fn *each, void *arg, struct error *err);

#endif
