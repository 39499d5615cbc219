/* The inside of a client: one connection of the public library, for client/ alone. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "broker/broker.h"
#include "client/catalogue.h"
#include "client/celeriac.h"
#include "client/watch.h"

struct queue_name; /* an interned name */
struct waiting;

struct celeriac_client {
    char *url, *namespace, *password_file; /* own copies, or NULL */
    struct broker *broker;
    struct watcher watcher;
    struct catalogue *catalogue; /* NULL: arguments are not checked */
    struct queue_name *queues;
    size_t max_message_bytes;
    int64_t clock_offset_ms; /* Redis' clock minus ours */
    int64_t clock_read_ms;   /* when it was measured, monotonic; 0: never */

    struct celeriac_future *futures;            /* all that are not freed */
    struct celeriac_future *large;              /* outcomes to be fetched */
    struct celeriac_future *ready, **ready_end; /* done, callback still to be called; in order */
    struct waiting *waiting;                    /* innermost celeriac_wait */
    size_t n_finished;                          /* futures that became done, ever */
};

/* Redis' time in ms since 1970, from a measurement at most a minute old. */
bool client_redis_ms(struct celeriac_client *c, int64_t *wall_ms, struct error *err);
/* The same name in memory that lives as long as the client. */
const char *client_intern(struct celeriac_client *c, const char *queue);

/* Fills the public error from ours; returns false. */
bool client_fail(struct celeriac_error *error, const struct error *err);
bool client_fail_with(struct celeriac_error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- client/future.c ---- */

/* A future for a job that is about to be watched. */
struct celeriac_future *future_new(struct celeriac_client *c, const struct id *id,
                                   const char *queue);
struct watch *future_watch(struct celeriac_future *f);

/* ---- client/submit.c ---- */

struct refusal {
    size_t job; /* its index */
    struct error error;
};
/* In no order. The caller frees `list`. */
struct refusals {
    struct refusal *list;
    size_t n, room;
};
#define REFUSALS_INIT ((struct refusals){NULL, 0, 0})

/* As celeriac_submit_many; tells of each job that was not taken, and why. */
void submit_jobs(struct celeriac_client *c, const struct celeriac_job *jobs, size_t n,
                 struct celeriac_future **futures, struct refusals *refusals);

#endif
