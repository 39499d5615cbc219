/* Submitting: jobs are cut into chunks, a script call each, with several chunks on their way at
 * once, so that Redis works on one while the next is written and the answer to the one before is
 * read.
 *
 * A chunk holds neighbours that share a priority and a bucket and have no delay and no uniqueness
 * key; all others go one by one, in the same pipeline. Fresh ids need no look at what is there;
 * what was sent before the connection broke is fresh no more and takes the way of all others, which
 * checks. A chunk is kept as the range of its jobs: whatever must be sent again (no script, a cut
 * connection, a chunk that did not fit under the queue's cap and is halved) is encoded again from
 * the caller's memory.
 *
 * Fresh jobs whose queue nothing limits need no script at all: plain commands in a transaction do
 * the same for two thirds of Redis' time. That nothing limits it, the answer to a script of the
 * same call has said; so the first chunk of fresh jobs goes as a script, and is short, since all
 * others depend on it.
 *
 * What was sent without an answer before the connection broke may be in Redis or not; then "exists"
 * can only mean our own first try, and counts as done. */
#include <stdlib.h>
#include <string.h>

#include "broker/exchange.h"
#include "common/clock.h"
#include "common/mem.h"

enum {
    CHUNK_JOBS = 250,
    FIRST_JOBS = 32, /* of the first chunk, if more are to follow */
    CHUNK_BYTES = 256 * 1024,
    WINDOW = 8, /* chunks on their way */
    DROP_BYTES = 1024 * 1024,
    ANNOUNCED_MS = 1000,
};

/* longer than what a packed hash holds */
#define TABLE_VALUE "                                                                 "

struct chunk {
    size_t first, n;
    uint64_t at;            /* where its bytes begin in all that was written over this connection */
    bool with_source;       /* as EVAL */
    bool was_sent;          /* over a connection that broke before the answer came */
    bool is_name;           /* not jobs: the queue's name for the set of all queues */
    bool is_plain;          /* as a transaction of plain commands */
    unsigned char n_queued; /* answers to come before the one that counts */
};

struct enqueue {
    struct broker *b;
    const struct broker_stream *stream;
    const char *channel;
    size_t n, next; /* jobs that are ready; the first of them that is in no chunk yet */
    bool has_all;   /* no more will be made ready */
    struct chunk waiting[WINDOW]; /* sent, oldest first, a ring */
    size_t head, count;
    struct chunk *again; /* to be sent before any new one: a stack */
    size_t n_again, again_capacity;
    uint64_t dropped;  /* bytes written and gone from the front of link.out */
    bool is_full;      /* a single job was refused: what is refused from now on is not halved */
    unsigned heard;    /* bits of the scripts that Redis has run during this call */
    enum script asked; /* its first chunk is on its way: none that follows may overtake it, should
                          Redis not have the script; or SCRIPT_NONE */
    bool is_unlimited; /* Redis has said so during this call */
    unsigned tries_left;
    struct key bell, meta, waiters, unique, delayed, control;
};

static void begin(struct enqueue *e);
static bool pump(struct enqueue *e, struct error *err);
static bool has_next(struct enqueue *e);
static bool may_send(struct enqueue *e);
static void send_next(struct enqueue *e);
static void drop_sent(struct enqueue *e);
static struct chunk cut_chunk(struct enqueue *e);
static bool has_heard(const struct enqueue *e, enum script script);
static void write_chunk(struct enqueue *e, struct chunk *c);
static enum script script_of(const struct enqueue *e, const struct chunk *c);
static void write_bulk(struct enqueue *e, struct request *r, const struct chunk *c);
static void write_fresh(struct enqueue *e, struct request *r, const struct chunk *c);
static void write_plain(struct enqueue *e, struct request *r, struct chunk *c);
static void write_jobs(struct request *r, const struct broker_job *jobs, size_t n);
static void write_one(struct enqueue *e, struct request *r, const struct broker_job *job);
static bool take_answer(struct enqueue *e, const redisReply *answer, struct error *err);
static bool take_plain(struct enqueue *e, const struct chunk *c, const redisReply *answer,
                       struct error *err);
static bool take_results(struct enqueue *e, const struct chunk *c, const redisReply *answer);
static void push_again(struct enqueue *e, struct chunk c);
static bool redial(struct enqueue *e, struct error *err);

bool
broker_enqueue(struct broker *b, const char *queue, const struct broker_job *jobs, size_t n,
               const char *channel, enum broker_submitted *results, struct error *err)
{
    struct broker_stream all = {
        .queue = queue, .channel = channel, .jobs = jobs, .n = n, .results = results};
    return broker_enqueue_stream(b, &all, err);
}

bool
broker_enqueue_stream(struct broker *b, const struct broker_stream *stream, struct error *err)
{
    struct enqueue e = {.b = b,
                        .stream = stream,
                        .channel = stream->channel != NULL ? stream->channel : "",
                        .n = stream->n,
                        .has_all = stream->more == NULL,
                        .asked = SCRIPT_NONE,
                        .tries_left = 1};
    struct error why = ERROR_INIT;
    if (!key_queue_name_is_valid(stream->queue))
        return error_set(err, ERROR_USAGE, "queue \"%.80s\": not a valid name", stream->queue);
    if (!has_next(&e))
        return true;
    exchange_reset(b);
    bool ok = exchange_ready(b, &why);
    if (ok) {
        begin(&e);
        ok = pump(&e, &why);
        if (!ok)
            link_close(&b->link); /* answers may be on their way */
    }
    free(e.again);
    exchange_reset(b);
    if (!ok && err != NULL)
        *err = why;
    return ok;
}

static void
begin(struct enqueue *e)
{
    const char *space = e->b->space;
    key_of_queue(&e->bell, space, e->stream->queue, QUEUE_BELL);
    key_of_queue(&e->meta, space, e->stream->queue, QUEUE_META);
    key_of_queue(&e->waiters, space, e->stream->queue, QUEUE_WAITERS);
    key_of_queue(&e->unique, space, e->stream->queue, QUEUE_UNIQUE);
    key_of_queue(&e->delayed, space, e->stream->queue, QUEUE_DELAYED);
    key_of_queue(&e->control, space, e->stream->queue, QUEUE_CONTROL);
    if (strcmp(e->b->announced, e->stream->queue) != 0 ||
        clock_mono_ms() > e->b->announced_until_ms)
        push_again(e, (struct chunk){.is_name = true});
}

/* As long as there is room for another chunk nothing is waited for; a chunk goes out as soon as it
 * is written, so that Redis has it while the next one is made. */
static bool
pump(struct enqueue *e, struct error *err)
{
    struct link *link = &e->b->link;
    while (has_next(e) || e->count > 0) {
        if (may_send(e))
            send_next(e);
        bool is_open = link_send(link, err), goes_on = may_send(e);
        redisReply *answer;
        enum link_event event = LINK_LOST;
        if (is_open)
            event = link_wait(link, goes_on ? 0 : link->command_timeout_ms, &answer, err);
        if (event == LINK_TIMEOUT && goes_on)
            continue;
        if (event == LINK_TIMEOUT) {
            err->code = ERROR_UNAVAILABLE;
            return false;
        }
        if (event == LINK_LOST) {
            if (!redial(e, err))
                return false;
            continue;
        }
        bool ok = take_answer(e, answer, err);
        freeReplyObject(answer);
        if (!ok)
            return false;
    }
    return true;
}

/* Is there anything to be sent? Has more made ready when all that was is on its way. */
static bool
has_next(struct enqueue *e)
{
    if (e->n_again > 0 || e->next < e->n)
        return true;
    if (e->has_all)
        return false;
    size_t n = e->stream->more(e->stream->arg);
    e->has_all = n == e->n;
    e->n = n;
    return !e->has_all;
}

static bool
may_send(struct enqueue *e)
{
    return has_next(e) && e->count < WINDOW && (e->n_again > 0 || has_heard(e, e->asked));
}

static void
send_next(struct enqueue *e)
{
    drop_sent(e);
    struct chunk c = e->n_again > 0 ? e->again[--e->n_again] : cut_chunk(e);
    c.at = e->dropped + e->b->link.out.bytes.len;
    write_chunk(e, &c);
    e->waiting[(e->head + e->count++) % WINDOW] = c;
}

/* What has gone makes room, so that the storage stays as small as what is on its way. */
static void
drop_sent(struct enqueue *e)
{
    struct link *l = &e->b->link;
    struct buffer *bytes = &l->out.bytes;
    if (l->sent == 0 || (l->sent < bytes->len && l->sent < DROP_BYTES))
        return;
    memmove(bytes->data, bytes->data + l->sent, bytes->len - l->sent);
    bytes->len -= l->sent;
    e->dropped += l->sent;
    l->sent = 0;
}

static bool
goes_alone(const struct broker_job *job)
{
    return job->has_unique || job->delay_ms > 0 || job->due_at_ms > 0 || !id_has_bucket(&job->id);
}

/* May the job stand in one chunk with `first`? */
static bool
goes_with(const struct broker_job *first, const struct broker_job *job)
{
    return job->priority == first->priority && job->is_fresh == first->is_fresh &&
           !goes_alone(job) && id_same_bucket(&first->id, &job->id);
}

static struct chunk
cut_chunk(struct enqueue *e)
{
    const struct broker_job *first = &e->stream->jobs[e->next];
    struct chunk c = {.first = e->next, .n = 1};
    size_t bytes = first->len;
    bool is_alone = goes_alone(first), more_follow = !e->has_all || e->n > CHUNK_JOBS;
    bool is_first = first->is_fresh && more_follow && !has_heard(e, SCRIPT_ENQUEUE_FRESH);
    size_t most = is_alone ? 1 : is_first ? FIRST_JOBS : CHUNK_JOBS;
    for (; c.first + c.n < e->n && c.n < most; c.n++) {
        const struct broker_job *job = &e->stream->jobs[c.first + c.n];
        bytes += job->len;
        if (bytes > CHUNK_BYTES || !goes_with(first, job))
            break;
    }
    e->next += c.n;
    e->asked = script_of(e, &c);
    return c;
}

static bool
has_heard(const struct enqueue *e, enum script script)
{
    return script == SCRIPT_NONE || (e->heard >> script & 1) != 0;
}

static void
write_chunk(struct enqueue *e, struct chunk *c)
{
    struct request *out = &e->b->link.out, call = REQUEST_INIT;
    c->is_plain = false;
    if (c->is_name) {
        struct key queues;
        key_queues(&queues, e->b->space);
        request_command(out, "SADD", 3);
        request_key(out, &queues);
        request_text(out, e->stream->queue);
        return;
    }
    enum script script = script_of(e, c);
    struct request *r = c->with_source ? &call : out;
    if (script == SCRIPT_ENQUEUE_FRESH && e->is_unlimited) {
        write_plain(e, out, c);
        return;
    }
    if (script == SCRIPT_ENQUEUE_FRESH)
        write_fresh(e, r, c);
    else if (script == SCRIPT_ENQUEUE_BULK)
        write_bulk(e, r, c);
    else
        write_one(e, r, &e->stream->jobs[c->first]);
    if (c->with_source)
        request_as_eval(out, script, call.bytes.data, call.bytes.len);
    request_clear(&call);
}

static enum script
script_of(const struct enqueue *e, const struct chunk *c)
{
    const struct broker_job *first = &e->stream->jobs[c->first];
    if (goes_alone(first))
        return SCRIPT_ENQUEUE;
    return first->is_fresh && !c->was_sent ? SCRIPT_ENQUEUE_FRESH : SCRIPT_ENQUEUE_BULK;
}

static void
write_bulk(struct enqueue *e, struct request *r, const struct chunk *c)
{
    const struct broker_job *first = &e->stream->jobs[c->first];
    struct key jobs, ready, results;
    key_jobs(&jobs, e->b->space, e->stream->queue, &first->id);
    key_ready(&ready, e->b->space, e->stream->queue, first->priority);
    key_results(&results, e->b->space, e->stream->queue, &first->id);
    request_script(r, SCRIPT_ENQUEUE_BULK, 6, 1 + 2 * c->n);
    request_key(r, &jobs);
    request_key(r, &ready);
    request_key(r, &e->bell);
    request_key(r, &e->meta);
    request_key(r, &e->waiters);
    request_key(r, &results);
    request_text(r, e->channel);
    write_jobs(r, first, c->n);
}

static void
write_fresh(struct enqueue *e, struct request *r, const struct chunk *c)
{
    const struct broker_job *first = &e->stream->jobs[c->first];
    struct key jobs, ready;
    key_jobs(&jobs, e->b->space, e->stream->queue, &first->id);
    key_ready(&ready, e->b->space, e->stream->queue, first->priority);
    request_script(r, SCRIPT_ENQUEUE_FRESH, 5, 1 + 2 * c->n);
    request_key(r, &jobs);
    request_key(r, &ready);
    request_key(r, &e->bell);
    request_key(r, &e->meta);
    request_key(r, &e->waiters);
    request_text(r, e->channel);
    write_jobs(r, first, c->n);
}

/* What enqueue_fresh.lua does, with commands that cannot fail once they are queued. The empty field
 * with its long value makes a table of a new hash at once, see prelude.lua. */
static void
write_plain(struct enqueue *e, struct request *r, struct chunk *c)
{
    const struct broker_job *jobs = &e->stream->jobs[c->first];
    struct key key, ready;
    key_jobs(&key, e->b->space, e->stream->queue, &jobs->id);
    key_ready(&ready, e->b->space, e->stream->queue, jobs->priority);
    request_command(r, "MULTI", 1);
    request_command(r, "HSET", 4 + 2 * c->n);
    request_key(r, &key);
    request_text(r, "");
    request_text(r, TABLE_VALUE);
    write_jobs(r, jobs, c->n);
    request_command(r, "HDEL", 3);
    request_key(r, &key);
    request_text(r, "");
    if (*e->channel) {
        request_command(r, "HSET", 2 + 2 * c->n);
        request_key(r, &e->waiters);
        for (size_t i = 0; i < c->n; i++) {
            request_arg(r, jobs[i].id.text, jobs[i].id.len);
            request_text(r, e->channel);
        }
    }
    request_command(r, "LPUSH", 2 + c->n);
    request_key(r, &ready);
    for (size_t i = 0; i < c->n; i++)
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
    request_command(r, "LPUSH", 3);
    request_key(r, &e->bell);
    request_text(r, "1");
    request_command(r, "LTRIM", 4);
    request_key(r, &e->bell);
    request_text(r, "0");
    request_text(r, "0");
    request_command(r, "EXEC", 1);
    c->is_plain = true;
    c->n_queued = *e->channel ? 7 : 6;
}

static void
write_jobs(struct request *r, const struct broker_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
        request_arg(r, jobs[i].message, jobs[i].len);
    }
}

static void
write_one(struct enqueue *e, struct request *r, const struct broker_job *job)
{
    struct key jobs, ready, results;
    key_jobs(&jobs, e->b->space, e->stream->queue, &job->id);
    key_ready(&ready, e->b->space, e->stream->queue, job->priority);
    key_results(&results, e->b->space, e->stream->queue, &job->id);
    const struct key *keys[] = {&jobs,       &ready,   &e->bell,   &e->meta,
                                &e->waiters, &results, &e->unique, &e->delayed};
    request_script(r, SCRIPT_ENQUEUE, 8, 8);
    for (size_t i = 0; i < 8; i++)
        request_key(r, keys[i]);
    request_text(r, e->channel);
    request_text(r, id_has_bucket(&job->id) ? "0" : "1");
    request_arg(r, job->id.text, job->id.len);
    request_arg(r, job->message, job->len);
    request_number(r, job->delay_ms);
    request_number(r, job->due_at_ms);
    request_number(r, job->unique_ttl_ms);
    request_key(r, &e->control);
}

static bool
take_answer(struct enqueue *e, const redisReply *answer, struct error *err)
{
    struct chunk *oldest = &e->waiting[e->head], c = *oldest;
    if (!answer_is_noscript(answer) && !answer_check(answer, err))
        return false;
    if (c.is_plain && c.n_queued > 0) {
        oldest->n_queued--;
        return answer->type == REDIS_REPLY_STATUS || answer_unexpected(answer, "enqueue", err);
    }
    e->head = (e->head + 1) % WINDOW;
    e->count--;
    if (answer_is_noscript(answer)) {
        if (c.with_source)
            return answer_check(answer, err);
        c.with_source = true;
        push_again(e, c);
        return true;
    }
    if (!c.is_name)
        e->heard |= 1u << script_of(e, &c);
    if (c.is_plain)
        return take_plain(e, &c, answer, err);
    if (!c.is_name)
        return take_results(e, &c, answer) || answer_unexpected(answer, "enqueue", err);
    strcpy(e->b->announced, e->stream->queue);
    e->b->announced_until_ms = clock_mono_ms() + ANNOUNCED_MS;
    return true;
}

/* The answer to EXEC. */
static bool
take_plain(struct enqueue *e, const struct chunk *c, const redisReply *answer, struct error *err)
{
    size_t n_commands = *e->channel ? 6 : 5;
    if (!answer_is_array(answer, n_commands))
        return answer_unexpected(answer, "enqueue", err);
    for (size_t i = 0; i < n_commands; i++)
        if (!answer_check(answer->element[i], err))
            return false;
    for (size_t i = 0; i < c->n; i++)
        e->stream->results[c->first + i] = SUBMIT_DONE;
    return true;
}

static bool
take_results(struct enqueue *e, const struct chunk *c, const redisReply *answer)
{
    bool is_bulk = !goes_alone(&e->stream->jobs[c->first]);
    enum broker_submitted exists = c->was_sent ? SUBMIT_DONE : SUBMIT_EXISTS;
    int64_t status = answer_status(answer);
    bool has_list = is_bulk && status == 1;
    int64_t is_unlimited;
    if (status < 0 || status > (is_bulk ? 2 : 3))
        return false;
    if (has_list && !answer_is_array(answer, 1 + c->n))
        return false;
    if (status == 0 && answer_integer(answer_at(answer, 1), &is_unlimited))
        e->is_unlimited = is_unlimited == 1;
    if (status == 2 && c->n > 1 && !e->is_full) {
        struct chunk left = *c, right = *c;
        left.n = c->n / 2;
        right.first += left.n;
        right.n -= left.n;
        push_again(e, right);
        push_again(e, left);
        return true;
    }
    e->is_full = e->is_full || status == 2;
    for (size_t i = 0; i < c->n; i++) {
        int64_t one = status;
        if (has_list && (!answer_integer(answer->element[1 + i], &one) || one < 0 || one > 1))
            return false;
        enum broker_submitted fates[] = {SUBMIT_DONE, exists, SUBMIT_FULL, SUBMIT_TAKEN};
        e->stream->results[c->first + i] = fates[one];
    }
    return true;
}

static void
push_again(struct enqueue *e, struct chunk c)
{
    if (e->n_again == e->again_capacity) {
        e->again_capacity = e->again_capacity == 0 ? 2 * WINDOW : 2 * e->again_capacity;
        e->again = mem_grow(e->again, e->again_capacity, sizeof *e->again);
    }
    e->again[e->n_again++] = c;
}

/* All that is unanswered goes again, in the same order. */
static bool
redial(struct enqueue *e, struct error *err)
{
    if (err->code != ERROR_UNAVAILABLE || e->tries_left == 0)
        return false;
    e->tries_left--;
    *err = ERROR_INIT;
    for (; e->count > 0; e->count--) {
        struct chunk c = e->waiting[(e->head + e->count - 1) % WINDOW];
        c.was_sent = c.was_sent || c.at < e->dropped + e->b->link.sent;
        push_again(e, c);
    }
    request_reset(&e->b->link.out);
    e->b->link.sent = 0;
    e->dropped = 0;
    return link_dial(&e->b->link, err);
}
