/* The inside of the steward, shared by the steward_*.c files. One thread, one event loop. */
#ifndef WORKER_STEWARD_STATE_H
#define WORKER_STEWARD_STATE_H

#include "broker/broker_loop.h"
#include "common/log.h"
#include "worker/observer.h"
#include "worker/process.h"
#include "worker/wire.h"

struct broker;
struct event;
struct event_base;
struct own_recovery;
struct control_request;
struct steward;

struct steward_queue {
    struct steward *steward;
    const char *name;
    struct observer *observer;
    struct event *due_timer; /* a delayed job is due */
    int64_t beat_sent_ms, beat_sent_us;
    unsigned registry_epoch; /* in which the registry was read last */
    bool is_beating, is_promoting, is_rejoining, is_forgetting;
    size_t recovering; /* dead workers whose jobs are being given back */
};

/* A job that runs somewhere and is to end as cancelled. */
struct mark {
    struct mark *next;
    struct steward_queue *queue;
    struct id id;
    bool is_forced, is_listed; /* listed: in the answer that is being read */
    int64_t seen_ms;
};

struct steward {
    const struct heritage *heritage;
    const struct worker_settings *settings;
    struct event_base *base;
    struct broker_loop *command, *listener;
    struct event *control_event, *beat_timer, *stamp_timer, *marks_timer, *again_timer,
        *burst_timer, *late_timer;
    struct steward_queue queues[WORKER_QUEUES_MAX];
    size_t n_queues;
    const char *queue_names[WORKER_QUEUES_MAX];
    struct broker_runner who;
    char phantom_name[RUNNER_NAME_MAX];
    uint64_t beat;
    unsigned epoch; /* of both connections: observation of others starts afresh with it */
    struct events events;
    unsigned phantoms; /* names used to register the worker anew */
    enum worker_state state;
    int64_t started_ms; /* wall clock */
    struct mark *marks;
    bool should_read_marks; /* a notice may have been missed */
    struct own_recovery *recoveries;
    struct control_request *requests; /* commands that the master has not answered yet */
    uint32_t last_request;
    bool is_ready, has_to_leave, is_leaving;
    int exit_code;
    size_t leaving_calls;
    struct broker *burst_broker;
    struct log_limit up_limit, down_limit, answer_limit, unknown_limit;
};

/* steward.c */
/* In the stream of events. */
void steward_tell(struct steward *s, struct broker_event event);
void steward_again(struct steward *s); /* retries shortly what has failed */

/* steward_beat.c */
void beat_all(struct steward *s);
void beat_fully(struct steward *s); /* also reads the registry and the delayed jobs */
void beat_heard(struct steward *s, const struct broker_notice *notice);
void promote_in(struct steward_queue *q, int64_t ms);

/* steward_recover.c */
void recover_own(struct steward *s, const struct wire *w); /* a runner of this worker died */
void recover_retry(struct steward *s);
void recover_foreign(struct steward_queue *q, const struct broker_peer *worker,
                     const struct broker_peer *peers, size_t n);

/* steward_marks.c */
void marks_notice(struct steward *s, const struct broker_notice *notice);
void marks_read(struct steward *s); /* asks Redis for all marks */
void marks_apply(struct steward *s);

/* steward_control.c */
void control_notice(struct steward *s, const struct broker_notice *notice);
void control_answer(struct steward *s, const struct wire *w);

/* steward_publish.c */
void publish_state(struct steward *s);

#endif
