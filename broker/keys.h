/* The names of all keys and channels, in one place. Keys of a queue carry the hash tag "{queue}".
 */
#ifndef BROKER_KEYS_H
#define BROKER_KEYS_H

#include "common/error.h"
#include "common/id.h"

enum {
    NAMESPACE_MAX = 64,
    RUNNER_NAME_MAX = 192, /* "<host>-<pid>-<random>/<number>" */
    KEY_MAX = 512,
    PRIORITY_COUNT = 10,
};

#define NAMESPACE_DEFAULT "celeriac"

struct key {
    char text[KEY_MAX + 1];
    size_t len;
};

/* Keys of one queue that need nothing but its name. */
enum queue_key {
    QUEUE_JOBS,      /* what the names of all hashes of messages begin with: key_jobs */
    QUEUE_DELAYED,   /* zset id, due ms */
    QUEUE_SUSPECTS,  /* list of ids that must run alone */
    QUEUE_WORKERS,   /* hash: registry */
    QUEUE_DEAD,      /* zset id, time */
    QUEUE_REASONS,   /* hash id -> outcome of a dead letter */
    QUEUE_BELL,      /* list, at most 1 */
    QUEUE_CANCELLED, /* hash id -> mark */
    QUEUE_UNIQUE,    /* hash key -> id, or the prefix of one key per lock */
    QUEUE_WAITERS,   /* hash id -> channel */
    QUEUE_META,      /* hash: pause, limits */
    QUEUE_STATS,     /* hash: counters */
    QUEUE_CONTROL,   /* channel: cancellations and due times */
    /* Used in queues with limits alone. */
    QUEUE_PERMITS, /* zset "<limit key> NUL <id>", 0: what runs and is counted */
    QUEUE_PARKED,  /* zset "<limit key> NUL <9 - priority> NUL <id>", 0: jobs barred by their key */
    QUEUE_BARRED,  /* zset limit key ("": the queue), ms: who waits, and when to try again */
    QUEUE_BUCKETS, /* zset limit key ("": the queue), us: when its bucket is full again */
};

/* ERROR_CONFIG: 1..NAMESPACE_MAX letters, digits, '_', '.', '-', ':'. */
bool key_check_namespace(const char *space, struct error *err);
bool key_queue_name_is_valid(const char *name);

/* `space` and names are valid and within their limits: checked where they come in. */
void key_of_queue(struct key *out, const char *space, const char *queue, enum queue_key which);
void key_ready(struct key *out, const char *space, const char *queue, unsigned priority);
void key_active(struct key *out, const char *space, const char *queue, const char *runner);
/* The hash id -> message of a job's bucket; ids without a bucket share one. */
void key_jobs(struct key *out, const char *space, const char *queue, const struct id *id);
/* Outcomes by bucket; an id that has none gets a key of its own. */
void key_results_prefix(struct key *out, const char *space,
                        const char *queue); /* what all of those begin with */
void key_result_own(struct key *out, const char *space, const char *queue, const struct id *id);
void key_results(struct key *out, const char *space, const char *queue, const struct id *id);

void key_queues(struct key *out, const char *space);                     /* set of names */
void key_events(struct key *out, const char *space);                     /* stream */
void key_worker(struct key *out, const char *space, const char *worker); /* published state */
void key_worker_control(struct key *out, const char *space, const char *worker); /* channel */
void key_tasks(struct key *out, const char *space, const char *hash);  /* signature table */
void key_feed(struct key *out, const char *space, const char *random); /* channel */

#endif
