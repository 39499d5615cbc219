/* The broker for clients: everything that is said to Redis, call by call, with a deadline each.
 *
 * One `struct broker` is one connection and belongs to one thread at a time. After any anomaly the
 * connection is closed and the next call dials a new one; calls that are safe to repeat are
 * repeated once by themselves. Errors: ERROR_UNAVAILABLE (no connection, time-out), ERROR_TRY_LATER
 * (LOADING, OOM, READONLY, MISCONF, paused, full), ERROR_DENIED (password, ACL), ERROR_CONFIG (URL,
 * Redis older than 6.2), ERROR_INTERNAL (an answer that should not be). Results that hold pointers
 * live in the arena that is passed. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include "broker/types.h"
#include "common/arena.h"

struct broker;

/* Reads the URL (ERROR_CONFIG names what is wrong with it, without showing the password) and dials.
 */
bool broker_open(struct broker **out, const struct broker_settings *settings, struct error *err);
void broker_close(struct broker *b);

bool broker_queue_name_is_valid(
    const char *name); /* letters, digits, '_', '.', '-'; 1..QUEUE_NAME_MAX */

/* ---- submitting ---- */

/* Jobs on their way into one queue: any number, in chunks that share one round trip. */
struct broker_stream {
    const char *queue;
    const char *channel; /* is told each job's outcome, as by broker_watch; may be NULL */
    const struct broker_job *jobs;
    size_t n;                       /* how many of them are ready */
    enum broker_submitted *results; /* [i]: the fate of job i; room for all that will be */
    /* Makes more of `jobs` ready, and returns how many are now; as many as before: there are no
     * more. Called while Redis works on those before, so it must not use this broker. May be NULL.
     */
    size_t (*more)(void *arg);
    void *arg;
};

/* Idempotent by id: what a cut connection left without an answer is sent again, and jobs that the
 * first try put in count as SUBMIT_DONE. */
bool broker_enqueue_stream(struct broker *b, const struct broker_stream *stream, struct error *err);
/* The same for `n` jobs that are all ready. */
bool broker_enqueue(struct broker *b, const char *queue, const struct broker_job *jobs, size_t n,
                    const char *channel, enum broker_submitted *results, struct error *err);

/* ---- outcomes ---- */

/* Called for an outcome; `outcome` NULL: it exists but is too large to push, read it with
 * broker_find. */
typedef void broker_outcome_fn(void *arg, const struct id *id, const char *outcome, size_t len);

/* A feed is a second connection, subscribed to a channel of its own. */
struct broker_feed;
bool broker_feed_open(struct broker_feed **out, const struct broker_settings *settings,
                      struct error *err);
void broker_feed_close(struct broker_feed *f);
const char *broker_feed_channel(const struct broker_feed *f);
int broker_feed_fd(
    const struct broker_feed *f); /* readable when broker_feed_wait has work; -1 when lost */
/* Delivers what arrives within timeout_ms (0: only what is there; -1: no limit, still noticing a
 * dead connection). Returns after the first delivery. false with ERROR_TIMEOUT: nothing came;
 * ERROR_UNAVAILABLE: the connection is lost: call broker_feed_reopen, then broker_watch again for
 * all ids that are still open. */
bool broker_feed_wait(struct broker_feed *f, int timeout_ms, broker_outcome_fn *each, void *arg,
                      struct error *err);
bool broker_feed_reopen(struct broker_feed *f, struct error *err);

/* Registers `channel` for the outcomes of these jobs of one queue and delivers those that exist
 * already, in one script, so that nothing is missed. missing[i] (may be NULL) is set for ids of
 * which the queue knows nothing. */
bool broker_watch(struct broker *b, const char *queue, const struct id *ids, size_t n,
                  const char *channel, broker_outcome_fn *each, void *arg, bool *missing,
                  struct error *err);

/* ---- looking ---- */

/* What is known of each id, asked in every queue in one pipeline (or in `queue` alone if not NULL).
 * An id that nobody knows: state JOB_UNKNOWN. `with_ahead` also computes how many jobs stand before
 * it (O(queue length)). */
bool broker_find(struct broker *b, const char *queue, const struct id *ids, size_t n,
                 bool with_ahead, struct celeriac_arena *arena, struct broker_record *records,
                 struct error *err);

/* Of a record that has a queue. A lock that has ended already is told, too. */
bool broker_find_ties(struct broker *b, const struct broker_record *record, struct broker_ties *out,
                      struct error *err);

struct broker_listing {
    const char *queue;    /* NULL: all */
    enum job_state state; /* JOB_UNKNOWN: all */
    size_t limit;
};
typedef bool broker_record_fn(void *arg, const struct broker_record *record); /* false: enough */
/* Running first, then queued in order, delayed, dead letters and failures, then outcomes, newest
 * bucket first. */
bool broker_list(struct broker *b, const struct broker_listing *listing,
                 struct celeriac_arena *arena, broker_record_fn *each, void *arg,
                 struct error *err);

/* The latest of the dead letters and failures of all queues, or of `queue` alone; newest first. */
bool broker_failures(struct broker *b, const char *queue, size_t limit,
                     struct celeriac_arena *arena, struct broker_failure **failures, size_t *n,
                     struct error *err);

/* All queues by name, or `queue` alone. */
bool broker_queues(struct broker *b, const char *queue, struct celeriac_arena *arena,
                   struct broker_queue **queues, size_t *n, struct error *err);
/* Published states (JSON text) of the workers that serve `queue`, or any queue if NULL. A worker
 * that is registered but whose published state has expired is left out. */
bool broker_workers(struct broker *b, const char *queue, struct celeriac_arena *arena,
                    const char ***json, size_t *n, struct error *err);
/* The signature table (JSON text) with this hash, as a worker's state names it in "tasks"; NULL if
 * expired. */
bool broker_tasks(struct broker *b, const char *hash, struct celeriac_arena *arena,
                  const char **json, struct error *err);
/* Counters of a queue as name/value pairs. */
struct broker_counter {
    const char *name;
    int64_t value;
};
bool broker_stats(struct broker *b, const char *queue, struct celeriac_arena *arena,
                  struct broker_counter **counters, size_t *n, struct error *err);
bool broker_redis_time(struct broker *b, int64_t *wall_ms, struct error *err);

/* ---- changing ---- */

/* Cancels wherever it is. *state afterwards: CANCELLED (it waited; its outcome is stored), RUNNING
 * (marked: it will end as cancelled), a final state (too late), or UNKNOWN. `force`: running jobs
 * get no grace. */
bool broker_cancel(struct broker *b, const struct id *id, bool force, enum job_state *state,
                   struct error *err);
/* Dead letters again, with fresh counters. *state: QUEUED; else the state it is in; or UNKNOWN. */
bool broker_retry(struct broker *b, const struct id *id, enum job_state *state, struct error *err);
/* Removes dead letters for good. *is_done: it is gone, *state: UNKNOWN; else the state it is in. */
bool broker_discard(struct broker *b, const struct id *id, bool *is_done, enum job_state *state,
                    struct error *err);
bool broker_pause(struct broker *b, const char *queue, bool pause,
                  struct error *err); /* ERROR_NOT_FOUND: no queue */
/* Sets the limits of a queue, which need not exist yet: a number below 0 leaves a limit as it is, 0
 * removes it. */
bool broker_limit(struct broker *b, const char *queue, const struct broker_limits *limits,
                  struct error *err);
/* Removes all ready and delayed jobs. ERROR_NOT_FOUND: no queue. */
bool broker_purge(struct broker *b, const char *queue, int64_t *removed, struct error *err);
/* Sends a control command to a worker ("quiet", "stop", ...): how many processes heard it. */
bool broker_control(struct broker *b, const char *worker, const char *command, int64_t *heard,
                    struct error *err);

#endif
