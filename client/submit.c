/* Submitting.
 *
 * Every job is checked and encoded first, into one buffer. Then the jobs go out, those of one queue
 * in one call; the feed's channel goes along, so that the outcome is pushed without another
 * command. Jobs that nobody waits for take no channel. Errors are kept job by job: one bad job does
 * not hold the others back. */
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/request.h"
#include "common/arena.h"
#include "common/json.h"
#include "common/mem.h"

/* One call of submit_jobs. */
struct batch {
    struct celeriac_client *client;
    const struct celeriac_job *jobs;
    size_t n;
    struct error *errors;
    struct broker_job *out; /* as encoded */
    size_t *offsets;        /* in `bytes` */
    const char **queues;    /* interned; NULL: the job was refused, or has been sent */
    struct buffer bytes;
    struct celeriac_arena *arena; /* arguments given as text */
};

static void encode_job(struct batch *b, size_t i);
static bool parse_arguments(struct batch *b, const struct celeriac_job *job,
                            struct request_job *what, struct error *err);
static bool parse_one(struct batch *b, const char *json, enum celeriac_type type,
                      const struct celeriac_value **out, struct error *err);
static void send_queue(struct batch *b, size_t first, struct celeriac_future **futures);
static void settle(struct batch *b, size_t i, enum broker_submitted result,
                   struct celeriac_future **future);

bool
celeriac_submit(struct celeriac_client *client, const struct celeriac_job *job,
                struct celeriac_future **future, struct celeriac_error *error)
{
    struct error err = ERROR_INIT;

    return submit_jobs(client, job, 1, future, &err) || client_fail(error, &err);
}

bool
celeriac_submit_many(struct celeriac_client *client, const struct celeriac_job *jobs, size_t n,
                     struct celeriac_future **futures, struct celeriac_error *error)
{
    struct error *errors = mem_array(n ? n : 1, sizeof *errors);
    bool ok = submit_jobs(client, jobs, n, futures, errors);

    for (size_t i = 0; !ok && i < n; i++) {
        if (errors[i].code != ERROR_NONE) {
            if (n > 1) {
                error_prefix(&errors[i], "job %zu of %zu", i + 1, n);
            }
            client_fail(error, &errors[i]);
            break;
        }
    }
    free(errors);
    return ok;
}

bool
submit_jobs(struct celeriac_client *c, const struct celeriac_job *jobs, size_t n,
            struct celeriac_future **futures, struct error *errors)
{
    struct batch b = {.client = c, .jobs = jobs, .n = n, .errors = errors};
    bool ok = true;

    b.out = mem_array(n + 1, sizeof *b.out);
    b.offsets = mem_array(n + 1, sizeof *b.offsets);
    b.queues = mem_array(n + 1, sizeof *b.queues);
    b.arena = arena_new();
    for (size_t i = 0; i < n; i++) {
        if (futures) {
            futures[i] = NULL;
        }
        errors[i].code = ERROR_NONE;
        encode_job(&b, i);
    }
    for (size_t i = 0; i < n; i++) {
        if (b.queues[i]) {
            send_queue(&b, i, futures);
        }
        ok &= errors[i].code == ERROR_NONE;
    }
    free(b.out);
    free(b.offsets);
    free(b.queues);
    buffer_clear(&b.bytes);
    arena_free(b.arena);
    return ok;
}

static void
encode_job(struct batch *b, size_t i)
{
    const struct celeriac_job *job = &b->jobs[i];
    struct error *err = &b->errors[i];
    struct request_job what = {.task = job->task};
    struct request r;
    int64_t now_ms = 0;

    if (job->options && job->options->expires_ms && !client_redis_ms(b->client, &now_ms, err)) {
        return;
    }
    if (!request_init(&r, job->options, now_ms, err) || !parse_arguments(b, job, &what, err) ||
        !request_encode(&r, &what, &b->bytes, &b->offsets[i], &b->out[i], err)) {
        return;
    }
    if (b->client->catalogue &&
        !catalogue_check(b->client->catalogue, r.queue, job->task, what.args, what.kwargs, err)) {
        return;
    }
    b->queues[i] = client_intern(b->client, r.queue);
}

static bool
parse_arguments(struct batch *b, const struct celeriac_job *job, struct request_job *what,
                struct error *err)
{
    what->args = job->args;
    what->kwargs = job->kwargs;
    if (!what->args && job->args_json &&
        !parse_one(b, job->args_json, CELERIAC_ARRAY, &what->args, err)) {
        return error_prefix(err, "arguments");
    }
    if (!what->kwargs && job->kwargs_json &&
        !parse_one(b, job->kwargs_json, CELERIAC_OBJECT, &what->kwargs, err)) {
        return error_prefix(err, "arguments by name");
    }
    if (what->args && celeriac_type(what->args) != CELERIAC_ARRAY) {
        return error_set(err, ERROR_USAGE, "arguments: expected an array");
    }
    if (what->kwargs && celeriac_type(what->kwargs) != CELERIAC_OBJECT) {
        return error_set(err, ERROR_USAGE, "arguments by name: expected an object");
    }
    return true;
}

static bool
parse_one(struct batch *b, const char *json, enum celeriac_type type,
          const struct celeriac_value **out, struct error *err)
{
    const struct celeriac_value *v = json_parse(b->arena, json, strlen(json), err);

    if (!v) {
        return false;
    }
    if (celeriac_type(v) != type) {
        return error_set(err, ERROR_USAGE, "%.60s: expected %s", json,
                         type == CELERIAC_ARRAY ? "a JSON array" : "a JSON object");
    }
    *out = v;
    return true;
}

/* Sends all jobs that go to the same queue as job `first`. */
static void
send_queue(struct batch *b, size_t first, struct celeriac_future **futures)
{
    struct celeriac_client *c = b->client;
    const char *queue = b->queues[first];
    struct broker_job *jobs = mem_array(b->n - first, sizeof *jobs);
    enum broker_submitted *results = mem_array(b->n - first, sizeof *results);
    size_t *which = mem_array(b->n - first, sizeof *which);
    size_t n = 0;
    struct error err = ERROR_INIT;
    bool ok;

    for (size_t i = first; i < b->n; i++) {
        if (b->queues[i] == queue) {
            jobs[n] = b->out[i];
            jobs[n].message = b->bytes.data + b->offsets[i];
            which[n++] = i;
            b->queues[i] = NULL;
        }
    }
    ok = (!futures || watcher_start(&c->watcher, &err)) &&
         broker_enqueue(c->broker, queue, jobs, n, futures ? watcher_channel(&c->watcher) : NULL,
                        results, &err);
    for (size_t i = 0; i < n; i++) {
        if (!ok) {
            b->errors[which[i]] = err;
            continue;
        }
        b->queues[which[i]] = queue;
        settle(b, which[i], results[i], futures ? &futures[which[i]] : NULL);
        b->queues[which[i]] = NULL;
    }
    free(jobs);
    free(results);
    free(which);
}

static void
settle(struct batch *b, size_t i, enum broker_submitted result, struct celeriac_future **future)
{
    const struct id *id = &b->out[i].id;
    struct error *err = &b->errors[i];
    char text[ID_MAX + 1];

    switch (result) {
    case SUBMIT_DONE:
        if (future) {
            *future = future_new(b->client, id, b->queues[i]);
            watcher_add(&b->client->watcher, future_watch(*future));
        }
        return;
    case SUBMIT_EXISTS:
        error_set(err, ERROR_EXISTS, "id %s exists already", id_print(id, text));
        return;
    case SUBMIT_TAKEN:
        error_set(err, ERROR_EXISTS, "another unfinished job holds this uniqueness key");
        return;
    case SUBMIT_FULL:
        error_set(err, ERROR_TRY_LATER, "queue %s is full", b->queues[i]);
        return;
    }
}
