/* The floor: plain commands through the same connection code as everything else here.
 *
 * A pipeline is kept full: as long as there are commands to write, WINDOW batches are on their way
 * before the answers to the oldest are taken. Answers are checked for errors and otherwise thrown
 * away. The keys are those of a queue, so that sizes and encodings in Redis are the same; only the
 * two lists of floor_ask are of its own. */
#include "broker/floor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/link.h"
#include "common/mem.h"

enum {
    BATCH = 100,
    WINDOW = 8,
    DROP_BYTES = 1024 * 1024,
    SCAN_COUNT = 1000,
    RUNNER_MS = 1700000000, /* a start time as runners write it, in size */
};

struct floor {
    struct link link;
    char *space;
    size_t waiting; /* answers to come */
};

/* Writes the commands of the batch that begins at job `first`; returns how many they are. */
typedef size_t write_batch_fn(struct request *r, const void *arg, size_t first, size_t n);

static bool take(struct floor *f, redisReply **answer, struct error *err);
static bool settle(struct floor *f, size_t most, struct error *err);
static bool pipeline(struct floor *f, size_t n, write_batch_fn *write, const void *arg,
                     struct error *err);
static struct request *out(struct floor *f, size_t n_commands);

bool
floor_open(struct floor **result, const struct broker_settings *settings, struct error *err)
{
    struct link link;

    if (!link_init(&link, settings, err))
        return false;
    if (!link_dial(&link, err)) {
        link_clear(&link);
        return false;
    }
    struct floor *f = mem_zero(sizeof *f);
    f->link = link;
    f->link.may_spin = false; /* a plain client sleeps */
    f->space = mem_text(settings->namespace != NULL ? settings->namespace : NAMESPACE_DEFAULT);
    *result = f;
    return true;
}

void
floor_close(struct floor *f)
{
    if (f == NULL)
        return;
    link_clear(&f->link);
    free(f->space);
    free(f);
}

bool
floor_ping(struct floor *f, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        request_command(out(f, 1), "PING", 1);
        if (!settle(f, 0, err))
            return false;
    }
    return true;
}

/* ---- submitting ---- */

struct submission {
    struct key jobs_key, ready;
    const struct broker_job *jobs;
};

static size_t
write_submit(struct request *r, const void *arg, size_t first, size_t n)
{
    const struct submission *s = arg;
    const struct broker_job *jobs = s->jobs + first;

    request_command(r, "HSET", 2 + 2 * n);
    request_key(r, &s->jobs_key);
    for (size_t i = 0; i < n; i++) {
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
        request_arg(r, jobs[i].message, jobs[i].len);
    }
    request_command(r, "LPUSH", 2 + n);
    request_key(r, &s->ready);
    for (size_t i = 0; i < n; i++)
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
    return 2;
}

bool
floor_submit(struct floor *f, const char *queue, const struct broker_job *jobs, size_t n,
             struct error *err)
{
    struct submission s = {.jobs = jobs};

    key_of_queue(&s.jobs_key, f->space, queue, QUEUE_JOBS);
    key_ready(&s.ready, f->space, queue, 5);
    return pipeline(f, n, write_submit, &s, err);
}

/* ---- draining ---- */

struct drain {
    struct key jobs_key, ready, active, results;
    const struct floor_work *work;
};

static void
write_ids(struct request *r, const char *command, const struct key *key,
          const struct broker_job *jobs, size_t n)
{
    request_command(r, command, 2 + n);
    request_key(r, key);
    for (size_t i = 0; i < n; i++)
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
}

static size_t
write_drain(struct request *r, const void *arg, size_t first, size_t n)
{
    const struct drain *d = arg;
    const struct broker_job *jobs = d->work->jobs + first;

    request_command(r, "RPOP", 3);
    request_key(r, &d->ready);
    request_number(r, (int64_t)n);
    write_ids(r, "HMGET", &d->jobs_key, jobs, n);
    request_command(r, "HSET", 2 + 2 * n);
    request_key(r, &d->active);
    for (size_t i = 0; i < n; i++) {
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
        request_number(r, INT64_C(1000) * RUNNER_MS);
    }
    write_ids(r, "HDEL", &d->active, jobs, n);
    write_ids(r, "HDEL", &d->jobs_key, jobs, n);
    request_command(r, "HSET", 2 + 2 * n);
    request_key(r, &d->results);
    for (size_t i = 0; i < n; i++) {
        request_arg(r, jobs[i].id.text, jobs[i].id.len);
        request_arg(r, d->work->outcome, d->work->len);
    }
    return 6;
}

bool
floor_drain(struct floor *f, const char *queue, const struct floor_work *work, struct error *err)
{
    struct drain d = {.work = work};

    key_of_queue(&d.jobs_key, f->space, queue, QUEUE_JOBS);
    key_ready(&d.ready, f->space, queue, 5);
    key_active(&d.active, f->space, queue, "floor/1");
    key_results_prefix(&d.results, f->space, queue);
    return pipeline(f, work->n, write_drain, &d, err);
}

/* ---- there and back ---- */

static void
write_turn(struct floor *f, const char *to, const char *from, const void *data, size_t len)
{
    struct request *r = out(f, 2);
    struct key key;

    key_feed(&key, f->space, to);
    request_command(r, "LPUSH", 3);
    request_key(r, &key);
    request_arg(r, data, len);
    key_feed(&key, f->space, from);
    request_command(r, "BRPOP", 3);
    request_key(r, &key);
    request_text(r, "0");
}

bool
floor_ask(struct floor *f, const void *data, size_t len, struct error *err)
{
    write_turn(f, "floor-asked", "floor-answered", data, len);
    return settle(f, 0, err);
}

bool
floor_serve(struct floor *f, const void *data, size_t len, struct error *err)
{
    redisReply *answer;
    struct key asked;
    bool is_end = false;

    key_feed(&asked, f->space, "floor-asked");
    request_command(out(f, 1), "BRPOP", 3);
    request_key(&f->link.out, &asked);
    request_text(&f->link.out, "0");
    while (!is_end) {
        if (!take(f, &answer, err))
            return false;
        is_end = answer_is_array(answer, 2) && answer->element[1]->len == 0;
        bool is_question = answer_is_array(answer, 2);
        freeReplyObject(answer);
        if (is_question && !is_end)
            write_turn(f, "floor-answered", "floor-asked", data, len);
    }
    return true;
}

/* ---- looking ---- */

bool
floor_counter(struct floor *f, const char *queue, const char *name, int64_t *value,
              struct error *err)
{
    redisReply *answer;
    struct key stats;

    key_of_queue(&stats, f->space, queue, QUEUE_STATS);
    request_command(out(f, 1), "HGET", 3);
    request_key(&f->link.out, &stats);
    request_text(&f->link.out, name);
    if (!take(f, &answer, err))
        return false;
    if (!answer_integer(answer, value))
        *value = 0;
    freeReplyObject(answer);
    return true;
}

bool
floor_info(struct floor *f, const char *field, int64_t *value, struct error *err)
{
    redisReply *answer;
    const char *at, *text;
    char line[80];
    size_t len;
    double number;

    request_command(out(f, 1), "INFO", 2);
    request_text(&f->link.out, "everything");
    if (!take(f, &answer, err))
        return false;
    snprintf(line, sizeof line, "\n%s:", field);
    at = answer_bytes(answer, &text, &len) ? strstr(text, line) : NULL;
    bool ok = at != NULL && sscanf(at + strlen(line), "%lf", &number) == 1;
    if (ok)
        *value = (int64_t)(strncmp(field, "used_cpu", 8) == 0 ? number * 1e6 : number);
    freeReplyObject(answer);
    return ok || error_set(err, ERROR_NOT_FOUND, "INFO of Redis has no %s", field);
}

/* ---- cleaning up ---- */

static bool
delete_keys(struct floor *f, const redisReply *keys, struct error *err)
{
    for (size_t i = 0; i < keys->elements; i++) {
        request_command(out(f, 1), "DEL", 2);
        request_arg(&f->link.out, keys->element[i]->str, keys->element[i]->len);
    }
    return settle(f, 0, err);
}

bool
floor_clean(struct floor *f, struct error *err)
{
    char cursor[32] = "0";
    char *pattern = mem_printf("%s:*", f->space);
    bool ok = true;

    do {
        redisReply *answer;
        struct request *r = out(f, 1);
        request_command(r, "SCAN", 6);
        request_text(r, cursor);
        request_text(r, "MATCH");
        request_text(r, pattern);
        request_text(r, "COUNT");
        request_number(r, SCAN_COUNT);
        ok = take(f, &answer, err);
        if (!ok)
            break;
        ok = answer_is_array(answer, 2) && answer_is_array(answer->element[1], 0) &&
             answer->element[0]->len < sizeof cursor;
        if (ok) {
            strcpy(cursor, answer->element[0]->str);
            ok = delete_keys(f, answer->element[1], err);
        } else {
            answer_unexpected(answer, "scan", err);
        }
        freeReplyObject(answer);
    } while (ok && strcmp(cursor, "0") != 0);
    free(pattern);
    return ok;
}

bool
floor_purge(struct floor *f, struct error *err)
{
    redisReply *answer;

    request_command(out(f, 1), "MEMORY", 2);
    request_text(&f->link.out, "PURGE");
    if (link_wait(&f->link, f->link.command_timeout_ms, &answer, err) != LINK_ANSWER)
        return false;
    f->waiting--;
    freeReplyObject(answer);
    return true;
}

/* ---- the pipeline ---- */

/* Where the next commands are written; what has gone makes room. */
static struct request *
out(struct floor *f, size_t n_commands)
{
    struct link *l = &f->link;
    struct buffer *bytes = &l->out.bytes;

    if (l->sent > 0 && (l->sent == bytes->len || l->sent >= DROP_BYTES)) {
        memmove(bytes->data, bytes->data + l->sent, bytes->len - l->sent);
        bytes->len -= l->sent;
        l->sent = 0;
    }
    f->waiting += n_commands;
    return &l->out;
}

/* The next answer, never an error answer; the caller frees it. */
static bool
take(struct floor *f, redisReply **answer, struct error *err)
{
    if (link_wait(&f->link, f->link.command_timeout_ms, answer, err) != LINK_ANSWER)
        return false;
    f->waiting--;
    if (answer_check(*answer, err))
        return true;
    freeReplyObject(*answer);
    return false;
}

/* Until at most so many answers are to come. */
static bool
settle(struct floor *f, size_t most, struct error *err)
{
    redisReply *answer;

    while (f->waiting > most) {
        if (!take(f, &answer, err))
            return false;
        freeReplyObject(answer);
    }
    return true;
}

static bool
pipeline(struct floor *f, size_t n, write_batch_fn *write, const void *arg, struct error *err)
{
    for (size_t first = 0; first < n; first += BATCH) {
        size_t some = n - first < BATCH ? n - first : BATCH;
        f->waiting += write(out(f, 0), arg, first, some);
        if (!settle(f, 6 * WINDOW, err))
            return false;
    }
    return settle(f, 0, err);
}
