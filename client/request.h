/* From what the caller asks for to what the broker takes: options checked once, messages made from
 * them job by job. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "broker/types.h"
#include "client/celeriac.h"

#define QUEUE_DEFAULT "default"

/* Options that have been checked. Strings and tags are borrowed. */
struct request {
    struct message message; /* without task, arguments, key */
    const char *queue;
    const char *unique; /* NULL: none; "": made from task and arguments */
    int64_t delay_ms, due_at_ms, unique_ttl_ms;
    const char *id;   /* NULL: a fresh one for each job */
    size_t max_bytes; /* of a message; the caller may change it from the default */
};

/* `redis_ms` is now, for the expiry; any number if options->expires_ms is 0. ERROR_USAGE names the
 * field. */
bool request_init(struct request *r, const struct celeriac_options *options, int64_t redis_ms,
                  struct error *err);

struct request_job {
    const char *task;
    const struct celeriac_value *args, *kwargs;
    uint32_t chunk;
};
/* Appends the message to `out` and describes it in `job`, but for job->message, which is to be set
 * once `out` does not grow any more: the message begins at *offset. ERROR_USAGE, ERROR_DATA. */
bool request_encode(const struct request *r, const struct request_job *what, struct buffer *out,
                    size_t *offset, struct broker_job *job, struct error *err);

/* The key of `--unique` without one: the same task with the same arguments. `key` holds
 * UNIQUE_KEY_MAX + 1. */
void request_unique_key(const struct request_job *what, char *key);
bool request_task_is_valid(const char *task);

#endif
