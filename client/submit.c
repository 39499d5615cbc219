/* Submitting.
 *
 * Jobs go out queue by queue, each queue in one call of the broker, which takes them as they are
 * made: Redis works on the first while the last are still being encoded. What needs an answer of
 * its own (the signatures of the tasks, Redis' clock) is asked for before. The feed's channel goes
 * along, so that the outcome is pushed without another command; jobs that nobody waits for take no
 * channel. Refusals are kept job by job: one bad job does not hold the others back. */
#include "client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/request.h"
#include "common/arena.h"
#include "common/json.h"
#include "common/mem.h"

enum { AT_ONCE = 250 }; /* jobs made ready between two looks at the connection */

/* One call of submit_jobs. */
struct batch {
    struct celeriac_client *client;
    const struct celeriac_job *jobs;
    size_t n;
    struct celeriac_future **futures; /* or NULL */
    struct refusals *refusals;
    int64_t now_ms; /* by Redis' clock, if a job expires */

    const char *queue;      /* that jobs are made ready for */
    size_t next;            /* the first job that was not looked at for this queue */
    bool *is_taken;         /* [n]: made ready or refused */
    struct broker_job *out; /* [n]: ready, of this queue */
    size_t *which;          /* [n]: out[k] is jobs[which[k]] */
    size_t n_out;

    struct request request;                 /* from these options: */
    const struct celeriac_options *options; /* NULL: the defaults */
    bool has_request;
    struct buffer scratch;             /* a message that is being made */
    struct celeriac_arena *messages;   /* those that are made */
    struct celeriac_arena *of_one_job; /* arguments given as text */
};

static const char *queue_of(const struct celeriac_job *job);
static void send_queue(struct batch *b, size_t first);
static bool ask_first(struct batch *b, struct error *err);
static bool is_left(const struct batch *b, size_t i);
static size_t make_more(void *arg);
static bool make_job(struct batch *b, size_t i, struct error *err);
static bool parse_arguments(struct batch *b, const struct celeriac_job *job,
                            struct request_job *what, struct error *err);
static bool parse_one(struct batch *b, const char *json, enum celeriac_type type,
                      const struct celeriac_value **out, struct error *err);
static void settle(struct batch *b, size_t k, enum broker_submitted result);
static void refuse(struct batch *b, size_t i, const struct error *err);

bool
celeriac_submit(struct celeriac_client *client, const struct celeriac_job *job,
                struct celeriac_future **future, struct celeriac_error *error)
{
    return celeriac_submit_many(client, job, 1, future, error);
}

bool
celeriac_submit_many(struct celeriac_client *client, const struct celeriac_job *jobs, size_t n,
                     struct celeriac_future **futures, struct celeriac_error *error)
{
    struct refusals refusals = REFUSALS_INIT;
    struct refusal *first = NULL;

    submit_jobs(client, jobs, n, futures, &refusals);
    for (size_t i = 0; i < refusals.n; i++) {
        if (!first || refusals.list[i].job < first->job) {
            first = &refusals.list[i];
        }
    }
    if (first && n > 1) {
        error_prefix(&first->error, "job %zu of %zu", first->job + 1, n);
    }
    if (first) {
        client_fail(error, &first->error);
    }
    free(refusals.list);
    return !first;
}

void
submit_jobs(struct celeriac_client *c, const struct celeriac_job *jobs, size_t n,
            struct celeriac_future **futures, struct refusals *refusals)
{
    struct batch b = {.client = c, .jobs = jobs, .n = n, .futures = futures, .refusals = refusals};

    b.is_taken = mem_zero(n + 1);
    b.out = mem_array(n + 1, sizeof *b.out);
    b.which = mem_array(n + 1, sizeof *b.which);
    b.messages = arena_new();
    b.of_one_job = arena_new();
    for (size_t i = 0; futures && i < n; i++) {
        futures[i] = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (!b.is_taken[i]) {
            send_queue(&b, i);
        }
    }
    free(b.is_taken);
    free(b.out);
    free(b.which);
    buffer_clear(&b.scratch);
    arena_free(b.messages);
    arena_free(b.of_one_job);
}

static const char *
queue_of(const struct celeriac_job *job)
{
    return job->options && job->options->queue ? job->options->queue : QUEUE_DEFAULT;
}

/* Sends all jobs that go to the same queue as job `first`. */
static void
send_queue(struct batch *b, size_t first)
{
    struct celeriac_client *c = b->client;
    enum broker_submitted *results = mem_array(b->n - first, sizeof *results);
    struct broker_stream stream = {.jobs = b->out, .results = results, .arg = b};
    struct error err = ERROR_INIT;
    bool ok;

    b->queue = queue_of(&b->jobs[first]);
    b->next = first;
    b->n_out = 0;
    arena_clear(b->messages);
    ok = ask_first(b, &err) && (!b->futures || watcher_start(&c->watcher, &err));
    stream.n = make_more(b);
    stream.more = b->next < b->n ? make_more : NULL;
    stream.queue = b->queue;
    stream.channel = ok && b->futures ? watcher_channel(&c->watcher) : NULL;
    ok = ok && (stream.n == 0 || broker_enqueue_stream(c->broker, &stream, &err));
    while (!ok && b->next < b->n) {
        make_more(b); /* those that never came to the broker's turn share its refusal */
    }
    for (size_t k = 0; k < b->n_out; k++) {
        if (!ok) {
            refuse(b, b->which[k], &err);
        } else if (b->futures || results[k] != SUBMIT_DONE) {
            settle(b, k, results[k]);
        }
    }
    free(results);
}

/* What cannot be asked for while the connection is busy: signatures and time. */
static bool
ask_first(struct batch *b, struct error *err)
{
    struct catalogue *catalogue = b->client->catalogue;
    const char *asked = ""; /* the last task */

    for (size_t i = b->next; i < b->n; i++) {
        const struct celeriac_job *job = &b->jobs[i];
        if (!is_left(b, i)) {
            continue;
        }
        if (!b->now_ms && job->options && job->options->expires_ms &&
            !client_redis_ms(b->client, &b->now_ms, err)) {
            return false;
        }
        if (catalogue && job->task && job->task != asked && strcmp(asked, job->task) != 0) {
            asked = job->task;
            catalogue_refresh(catalogue, b->queue, asked);
        }
    }
    return true;
}

/* Goes to this queue, and was not there before? */
static bool
is_left(const struct batch *b, size_t i)
{
    const char *queue = queue_of(&b->jobs[i]);

    return !b->is_taken[i] && (queue == b->queue || strcmp(queue, b->queue) == 0);
}

/* Makes some more jobs of this queue ready. Returns how many are, in all. */
static size_t
make_more(void *arg)
{
    struct batch *b = arg;
    size_t enough = b->n_out + AT_ONCE;
    struct error err;

    for (; b->next < b->n && b->n_out < enough; b->next++) {
        if (!is_left(b, b->next)) {
            continue;
        }
        b->is_taken[b->next] = true;
        if (make_job(b, b->next, &err)) {
            b->which[b->n_out++] = b->next;
        } else {
            refuse(b, b->next, &err);
        }
    }
    return b->n_out;
}

static bool
make_job(struct batch *b, size_t i, struct error *err)
{
    const struct celeriac_job *job = &b->jobs[i];
    struct broker_job *out = &b->out[b->n_out];
    struct request_job what = {.task = job->task};
    struct catalogue *catalogue = b->client->catalogue;
    size_t offset;
    bool ok;

    if (!b->has_request || job->options != b->options) {
        b->has_request = request_init(&b->request, job->options, b->now_ms, err);
        b->request.max_bytes = b->client->max_message_bytes;
        b->options = job->options;
    }
    b->scratch.len = 0;
    ok = b->has_request && parse_arguments(b, job, &what, err) &&
         request_encode(&b->request, &what, &b->scratch, &offset, out, err) &&
         (!catalogue ||
          catalogue_check(catalogue, b->queue, job->task, what.args, what.kwargs, err));
    if (ok) {
        out->message = arena_copy(b->messages, b->scratch.data + offset, out->len);
    }
    arena_clear(b->of_one_job);
    return ok;
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
    const struct celeriac_value *v = json_parse(b->of_one_job, json, strlen(json), err);

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

static void
settle(struct batch *b, size_t k, enum broker_submitted result)
{
    const struct id *id = &b->out[k].id;
    struct error err = ERROR_INIT;
    struct celeriac_future *future;
    char text[ID_MAX + 1];

    switch (result) {
    case SUBMIT_DONE:
        future = future_new(b->client, id, client_intern(b->client, b->queue));
        watcher_add(&b->client->watcher, future_watch(future));
        b->futures[b->which[k]] = future;
        return;
    case SUBMIT_EXISTS:
        error_set(&err, ERROR_EXISTS, "id %s exists already", id_print(id, text));
        break;
    case SUBMIT_TAKEN:
        error_set(&err, ERROR_EXISTS, "another unfinished job holds this uniqueness key");
        break;
    case SUBMIT_FULL:
        error_set(&err, ERROR_TRY_LATER, "queue %s is full", b->queue);
        break;
    }
    refuse(b, b->which[k], &err);
}

static void
refuse(struct batch *b, size_t i, const struct error *err)
{
    struct refusals *r = b->refusals;

    if (r->n == r->room) {
        r->room = r->room ? 2 * r->room : 4;
        r->list = mem_grow(r->list, r->room, sizeof *r->list);
    }
    r->list[r->n++] = (struct refusal){i, *err};
}
