/* What travels between the broker and its callers: plain records, no Redis in them. */
#ifndef BROKER_TYPES_H
#define BROKER_TYPES_H

#include "common/error.h"
#include "common/id.h"
#include "common/message.h"

struct broker_settings {
    const char *url;           /* NULL: redis://127.0.0.1:6379/0 */
    const char *namespace;     /* NULL: "celeriac" */
    const char *password_file; /* NULL: none; its first line replaces the URL's password */
    int connect_timeout_ms;    /* 0: 5,000 */
    int command_timeout_ms;    /* 0: 10,000; a blocking command gets its own time on top */
};

/* One job on its way in. */
struct broker_job {
    struct id id;
    const void *message; /* from message_encode */
    size_t len;
    uint8_t priority;      /* as in the message */
    int64_t delay_ms;      /* 0: at once; counted on Redis' clock */
    int64_t due_at_ms;     /* 0: none; else an absolute time, instead of delay_ms */
    int64_t unique_ttl_ms; /* 0: the lock lives as long as the job */
    bool has_unique;       /* the message has a uniqueness key */
    /* The id was made by id_new in this process and no call of broker_enqueue has had it before: it
     * cannot exist, and is not looked up. */
    bool is_fresh;
};

enum broker_submitted {
    SUBMIT_DONE,
    SUBMIT_EXISTS, /* a job or an outcome with this id is there: nothing changed */
    SUBMIT_TAKEN,  /* another unfinished job holds the uniqueness key */
    SUBMIT_FULL,   /* the queue is at its length cap */
};

/* How an attempt ends. */
enum finish_kind {
    FINISH_STORE, /* success, cancelled, expired: the message goes, the outcome is kept for ttl_ms
                   */
    FINISH_BURY,  /* failure, dead: outcome kept, message becomes a dead letter */
    FINISH_RETRY, /* back through `delayed` after delay_ms, charged unless is_free */
};

struct broker_finish {
    struct id id;
    enum finish_kind kind;
    const void *outcome; /* STORE, BURY: from outcome_encode */
    size_t len;
    int64_t ttl_ms;      /* STORE, BURY: -1 the default; 0: the bare state alone is kept */
    int64_t delay_ms;    /* RETRY */
    bool is_free;        /* RETRY: the attempt is not charged */
    int64_t reserved_ms; /* RETRY: the reservation that ends, by Redis time; 0: whichever it is */
    bool has_unique;     /* the message has a uniqueness key, to be released */
    /* STORE, BURY: the state in `outcome`; JOB_UNKNOWN: it is read from there, which takes its time
     */
    enum job_state state;
};

enum finish_status {
    FINISHED,
    FINISH_STALE,     /* this runner does not own the job (any more): nothing changed */
    FINISH_CANCELLED, /* the job was marked: it ended as cancelled, whatever was offered */
};

/* A reserved job; bytes valid until the callback returns. */
struct broker_reserved {
    struct id id;
    const char *message; /* NULL: the id had no message; it has been dropped from the queue */
    size_t len;
    bool is_cancelled; /* marked while it ran before: commit it unstarted, it ends as cancelled */
};

/* A victim that was a suspect before is charged with the crash in both cases, since it ran alone.
 */
enum victim_charge {
    VICTIM_CRASHED,
    VICTIM_SUSPECT
}; /* all others that the runner owned go back uncharged */
struct broker_victim {
    struct id id;
    enum victim_charge charge;
    const void *outcome; /* stored if this was one crash too many */
    size_t len;
};
struct broker_recovery {
    const char *worker, *runner;
    const char *expected; /* the registry value of the worker that was seen too long; NULL: the
                             runner is our own */
    const struct broker_victim *victims;
    size_t n_victims;
    unsigned max_crashes, max_lost;
    const void *lost_outcome; /* stored for a job that was lost with its host once too often */
    size_t lost_len;
};

/* What is known about one id. */
struct broker_record {
    struct id id;
    enum job_state state;
    const char *queue;   /* NULL if unknown */
    const char *message; /* NULL once the job is done */
    size_t message_len;
    const char *outcome; /* final states; dead letters too */
    size_t outcome_len;
    const char *runner;        /* running; its worker is the part before '/' */
    int64_t started_at_ms;     /* running: when it was reserved */
    int64_t due_at_ms;         /* delayed */
    const char *waits_for_key; /* queued, and parked: the limit key that bars it */
    int64_t ahead; /* queued: jobs before it in its queue, parked: with its key; -1 not known */
};

/* What is kept about a job beside its message. */
enum broker_mark { BROKER_MARK_NONE, BROKER_MARK_GRACE, BROKER_MARK_FORCE };
struct broker_ties {
    enum broker_mark mark;  /* it was cancelled while it ran */
    bool has_holder;        /* another job took its uniqueness key, */
    struct id holder;       /* this one, */
    int64_t holder_ends_ms; /* until then; 0: as long as it has no outcome */
};

/* Limits of a queue. Rates are buckets of `burst` tokens that fill at `rate` tokens every
 * `rate_ms`; each start of a job takes one. Those that begin with KEY hold for every limit key by
 * itself. */
enum broker_limit {
    LIMIT_MAX_LENGTH, /* jobs without an outcome; dead letters do not count */
    LIMIT_CONCURRENCY,
    LIMIT_RATE,
    LIMIT_RATE_MS,
    LIMIT_BURST,
    LIMIT_KEY_CONCURRENCY,
    LIMIT_KEY_RATE,
    LIMIT_KEY_RATE_MS,
    LIMIT_KEY_BURST,
    LIMIT_COUNT,
};
struct broker_limits {
    int64_t of[LIMIT_COUNT]; /* 0: none */
};

/* A dead letter or a failure. */
struct broker_failure {
    struct broker_record record; /* without its message */
    int64_t at_ms;               /* when it ended */
};

struct broker_queue {
    const char *name;
    int64_t ready, running, delayed, dead;
    int64_t parked;     /* barred by their limit keys; not in `ready` */
    int64_t latency_ms; /* age of the oldest ready job; 0 if none */
    int64_t processed, failed;
    bool is_paused;
    struct broker_limits limits;
};

#endif
