/* The client library of Celeriac: hand jobs to workers through Redis, and get the outcomes.
 *
 *     struct celeriac_error error;
 *     struct celeriac_client *client = celeriac_connect(NULL, &error);
 *     struct celeriac_job job = CELERIAC_JOB_INIT;
 *     struct celeriac_future *future;
 *
 *     job.task = "factorial";
 *     job.args_json = "[24]";
 *     if (celeriac_submit(client, &job, &future, &error) && celeriac_wait(future, 10000, &error)) {
 *         puts(celeriac_result_json(future, &error));
 *     }
 *     celeriac_close(client);
 *
 * Threads: a client, its futures and their values belong to one thread at a time. The library has
 * no state besides them, so any number of threads may each have a client of their own. It starts no
 * threads and installs no signal handlers. Callbacks run inside celeriac_wait, celeriac_wait_all,
 * celeriac_poll and celeriac_map of their own client, in the calling thread, and may call the
 * library again, but for celeriac_close.
 *
 * Errors: functions that may fail return false or NULL and fill `error` (which may be NULL): a
 * code, equal to the exit code of the command line, and one line of text. Running out of memory
 * ends the process with a message.
 *
 * Lost connections: waiting survives them, and a restart of Redis; open futures are watched again
 * on the new connection. Submitting is tried twice; after CELERIAC_ERROR_UNAVAILABLE submit again
 * with the same id (see celeriac_new_id), and the job runs once, whatever the first try did. */
#ifndef CELERIAC_H
#define CELERIAC_H

#include "celeriac_value.h"

#ifdef __cplusplus
extern "C" {
#endif

enum celeriac_code {
    CELERIAC_OK = 0,
    CELERIAC_ERROR_FAILED = 1,       /* the job failed, died, expired or was cancelled */
    CELERIAC_ERROR_USAGE = 64,       /* wrong arguments, of a call or of a task */
    CELERIAC_ERROR_DATA = 65,        /* cannot be read, or too large */
    CELERIAC_ERROR_NOT_FOUND = 66,   /* no such job */
    CELERIAC_ERROR_UNAVAILABLE = 69, /* Redis is out of reach */
    CELERIAC_ERROR_INTERNAL = 70,    /* an answer that should not be */
    CELERIAC_ERROR_EXISTS = 73,      /* the id is in use, or the uniqueness key is taken */
    CELERIAC_ERROR_TRY_LATER =
        75, /* not done yet; Redis or the queue is full, or Redis is loading or read-only */
    CELERIAC_ERROR_DENIED = 77,   /* password or ACL */
    CELERIAC_ERROR_CONFIG = 78,   /* URL, configuration file, Redis older than 6.2 */
    CELERIAC_ERROR_TIMEOUT = 124, /* the wait timed out */
};

struct celeriac_error {
    int code; /* enum celeriac_code */
    char message[512];
};

/* ---- connecting ---- */

struct celeriac_client;

struct celeriac_settings {
    const char *broker;        /* URL; NULL: redis://127.0.0.1:6379/0 */
    const char *namespace_;    /* NULL: "celeriac" */
    const char *password_file; /* its first line replaces the URL's password; NULL: none */
    int connect_timeout_ms;    /* 0: 5,000 */
    int command_timeout_ms;    /* 0: 10,000 */
    int outage_ms; /* how long waiting bears an unreachable Redis; 0: 60,000; -1: for ever */
    size_t max_message_bytes; /* of a job with its arguments, 1 KiB to 64 MiB; 0: 1 MiB */
    bool skip_checks; /* do not check arguments against the signatures that workers publish */
    /* Told in one line when the connection is lost while waiting, and when it is back. NULL:
     * silent. */
    void (*on_outage)(void *arg, const char *line);
    void *arg;
};

#define CELERIAC_SETTINGS_INIT                                                                     \
    {                                                                                              \
        NULL, NULL, NULL, 0, 0, 0, 0, false, NULL, NULL                                            \
    }

/* NULL: the settings of the environment (CELERIAC_BROKER, REDIS_URL, CELERIAC_NAMESPACE,
 * CELERIAC_PASSWORD_FILE, CELERIAC_MAX_MESSAGE) and of ./celeriac.conf,
 * $XDG_CONFIG_HOME/celeriac/celeriac.conf and /etc/celeriac/celeriac.conf. */
CELERIAC_API struct celeriac_client *celeriac_connect(const struct celeriac_settings *settings,
                                                      struct celeriac_error *error);
/* Also frees all futures of the client. The jobs go on. NULL is fine. */
CELERIAC_API void celeriac_close(struct celeriac_client *client);

/* ---- jobs ---- */

struct celeriac_options {
    const char *queue;  /* NULL: "default" */
    int priority;       /* 0..9, higher first */
    int64_t delay_ms;   /* 0: at once */
    int64_t due_at_ms;  /* ms since 1970, instead of delay_ms; 0: none */
    int64_t expires_ms; /* not started within: expired; 0: never */
    int retries;        /* after the first attempt; -1: the task's default, else 3 */
    int64_t backoff_ms, backoff_max_ms;   /* 0: 1 s doubling to 10 min, with full jitter */
    int64_t soft_limit_ms, hard_limit_ms; /* of run time: the task is asked to stop; its process is
                                             replaced. 0: none */
    const char *unique;    /* one unfinished job per key; "": task and arguments are the key */
    int64_t unique_ttl_ms; /* 0: the key is held as long as the job is unfinished */
    const char *id;        /* UUID; NULL: a new one */
    int64_t result_ttl_ms; /* -1: 1 day; 0: the result is not kept, only pushed */
    const struct celeriac_value *tags; /* OBJECT, or NULL */
    const char *limit_key; /* what the queue's limits per key count the job under; NULL: none */
};

#define CELERIAC_OPTIONS_INIT                                                                      \
    {                                                                                              \
        NULL, 5, 0, 0, 0, -1, 0, 0, 0, 0, NULL, 0, NULL, -1, NULL, NULL                            \
    }

/* Arguments as values or as JSON text: a value wins. */
struct celeriac_job {
    const char *task;
    const struct celeriac_value *args;      /* ARRAY: positional */
    const struct celeriac_value *kwargs;    /* OBJECT: by name */
    const char *args_json, *kwargs_json;    /* the same as text */
    const struct celeriac_options *options; /* NULL: CELERIAC_OPTIONS_INIT */
};

#define CELERIAC_JOB_INIT                                                                          \
    {                                                                                              \
        NULL, NULL, NULL, NULL, NULL, NULL                                                         \
    }

enum { CELERIAC_ID_SIZE = 65 };
/* A fresh id. Choosing it before submitting lets the caller write it down first, and submit again
 * after an error. */
CELERIAC_API const char *celeriac_new_id(char id[CELERIAC_ID_SIZE]);

struct celeriac_future;

/* Puts one job into its queue: one round trip. `future` NULL: nobody waits for the outcome here.
 * Arguments are checked first (CELERIAC_ERROR_USAGE) if a live worker of the queue has published
 * the task's signature. */
CELERIAC_API bool celeriac_submit(struct celeriac_client *client, const struct celeriac_job *job,
                                  struct celeriac_future **future, struct celeriac_error *error);
/* `n` jobs in one round trip for each queue among them. All are checked before the first is sent.
 * `futures` has room for n, or is NULL. False if any job was not taken: its future is NULL, the
 * error is the first one's; the others are submitted. */
CELERIAC_API bool celeriac_submit_many(struct celeriac_client *client,
                                       const struct celeriac_job *jobs, size_t n,
                                       struct celeriac_future **futures,
                                       struct celeriac_error *error);
/* A future for a job that was submitted elsewhere. `queue` NULL: all queues are asked.
 * CELERIAC_ERROR_NOT_FOUND. */
CELERIAC_API struct celeriac_future *celeriac_attach(struct celeriac_client *client,
                                                     const char *queue, const char *id,
                                                     struct celeriac_error *error);

enum celeriac_state {
    CELERIAC_STATE_UNKNOWN, /* nobody knows the job: its result has expired, or Redis has lost it */
    CELERIAC_STATE_DELAYED,
    CELERIAC_STATE_QUEUED,
    CELERIAC_STATE_RUNNING,
    CELERIAC_STATE_SUCCESS,
    CELERIAC_STATE_FAILURE, /* the task failed, and no retry is left */
    CELERIAC_STATE_CANCELLED,
    CELERIAC_STATE_EXPIRED,
    CELERIAC_STATE_DEAD, /* crashed too often, or cannot be run at all */
};
CELERIAC_API const char *celeriac_state_name(enum celeriac_state state);

/* Cancels a job wherever it is. *state (may be NULL): CANCELLED (it waited), RUNNING (it is told,
 * and will end as cancelled; with `force` its process is replaced at once), or the final state it
 * had already. */
CELERIAC_API bool celeriac_cancel(struct celeriac_client *client, const char *id, bool force,
                                  enum celeriac_state *state, struct celeriac_error *error);
/* Where the job is now. UNKNOWN is no error. */
CELERIAC_API bool celeriac_look(struct celeriac_client *client, const char *id,
                                enum celeriac_state *state, struct celeriac_error *error);

/* ---- futures ---- */

CELERIAC_API const char *
celeriac_id(const struct celeriac_future *future); /* UUID text; dies with the future */
CELERIAC_API const char *celeriac_future_queue(const struct celeriac_future *future);
/* Is the outcome here? Looks only at what has arrived: celeriac_poll takes in more. */
CELERIAC_API bool celeriac_done(const struct celeriac_future *future);
/* Until done. timeout_ms -1: no limit. CELERIAC_ERROR_TIMEOUT, CELERIAC_ERROR_UNAVAILABLE: wait
 * again if you like. True does not mean success: see celeriac_result. */
CELERIAC_API bool celeriac_wait(struct celeriac_future *future, int timeout_ms,
                                struct celeriac_error *error);
/* Until all futures of the client are done. */
CELERIAC_API bool celeriac_wait_all(struct celeriac_client *client, int timeout_ms,
                                    struct celeriac_error *error);

/* What became of the job. Strings and values live as long as the future (in celeriac_map: until the
 * callback returns); NULL: none. */
struct celeriac_report {
    enum celeriac_state state;
    const struct celeriac_value *result;
    const char *error_type, *error_message, *error_signal;
    const char *worker;
    int64_t started_at_ms, finished_at_ms; /* ms since 1970; 0: never started */
    int64_t runtime_us;
    unsigned attempt, crashes;
};
/* NULL: not done. */
CELERIAC_API const struct celeriac_report *
celeriac_future_report(const struct celeriac_future *future);
/* The result of a job that succeeded. NULL otherwise: CELERIAC_ERROR_TRY_LATER (not done yet),
 * CELERIAC_ERROR_NOT_FOUND (UNKNOWN), CELERIAC_ERROR_FAILED (message: what it failed with). */
CELERIAC_API const struct celeriac_value *celeriac_result(struct celeriac_future *future,
                                                          struct celeriac_error *error);
/* The same as one line of JSON. */
CELERIAC_API const char *celeriac_result_json(struct celeriac_future *future,
                                              struct celeriac_error *error);
/* Calls `on_done` once; if the future is done already, then within the next wait or poll. */
typedef void celeriac_done_fn(struct celeriac_future *future, void *arg);
CELERIAC_API void celeriac_on_done(struct celeriac_future *future, celeriac_done_fn *on_done,
                                   void *arg);
/* Cancels the job of the future (see celeriac_cancel); the future becomes done as any other. */
CELERIAC_API bool celeriac_future_cancel(struct celeriac_future *future, bool force,
                                         struct celeriac_error *error);
/* The job goes on. Allowed in the future's own callback. NULL is fine. */
CELERIAC_API void celeriac_future_free(struct celeriac_future *future);

/* ---- event loops ---- */

/* Readable when celeriac_poll has work to do; -1 while the connection is lost (then poll now and
 * again). May change with every call of the library: ask again after each. */
CELERIAC_API int celeriac_fd(struct celeriac_client *client);
/* Takes in outcomes and calls callbacks; waits up to timeout_ms (0: not at all; -1: no limit) for
 * the first. *n_done (may be NULL): how many futures became done. Nothing arrived in time, or
 * nothing is open: true, with 0. */
CELERIAC_API bool celeriac_poll(struct celeriac_client *client, int timeout_ms, size_t *n_done,
                                struct celeriac_error *error);

/* ---- map ---- */

/* Called for every input, in input order (or as they come). The report of an input that could not
 * be submitted has state UNKNOWN and the reason as its error. False: enough; the jobs under way are
 * cancelled. */
typedef bool celeriac_map_fn(void *arg, size_t index, const struct celeriac_report *report);

struct celeriac_map {
    const char *task;
    const struct celeriac_value *inputs; /* ARRAY; an ARRAY in it is a list of arguments, an OBJECT
                                            keyword arguments, anything else one argument */
    const struct celeriac_options *options; /* NULL: defaults; `id` and `unique` must be NULL */
    size_t window; /* jobs under way, from the oldest unreported; 0: 1,000 */
    bool unordered;
    int timeout_ms; /* for the whole; 0 or -1: no limit */
    celeriac_map_fn *each;
    void *arg;
};

#define CELERIAC_MAP_INIT                                                                          \
    {                                                                                              \
        NULL, NULL, NULL, 0, false, 0, NULL, NULL                                                  \
    }

/* One job per input, with bounded memory. False for trouble with the broker and for the time-out,
 * not for jobs that fail. */
CELERIAC_API bool celeriac_map(struct celeriac_client *client, const struct celeriac_map *map,
                               struct celeriac_error *error);

#ifdef __cplusplus
}
#endif
#endif
