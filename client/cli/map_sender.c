/* Sending.
 *
 *     line --> job (or part of a chunk) --> batch: up to 1,000 jobs or 1 MiB --> one call of
 * broker_enqueue
 *
 * A batch that could not be sent is kept and sent again, with the same ids, so that nothing is sent
 * twice: a job that exists already got there the first time. A chunk is closed when it is full,
 * when the next line does not follow the last one directly (lines are named by number), and when
 * there is no more input for now. */
#include "client/cli/map_sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/arguments.h"
#include "client/client.h"
#include "client/request.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"

enum {
    BATCH_JOBS = 1000,
    BATCH_ROOM =
        BATCH_JOBS + 3, /* one line may close a chunk and be a job, and sending closes another */
    BATCH_BYTES = 1 << 20,
    CHUNK_BYTES = 256 << 10,
    RETRY_FIRST_MS = 50,
    RETRY_MAX_MS = 1000,
    OUTAGE_MS = 60000,
};

struct map_sender {
    struct map_sender_settings set;
    const char *queue;
    struct celeriac_arena *arena; /* of one line, or one chunk */
    char *kwargs_json;            /* or NULL */

    struct celeriac_value *chunk; /* ARRAY, or NULL */
    size_t chunk_bytes;
    uint64_t chunk_line;               /* its first */
    struct buffer text;                /* of its lines, or of the line, for the job log */
    const struct joblog_sent *resumed; /* what is being gathered was sent by an earlier map */

    struct buffer bytes; /* of the batch */
    struct broker_job jobs[BATCH_ROOM];
    size_t offsets[BATCH_ROOM];
    struct map_place *places[BATCH_ROOM];
    bool is_resumed[BATCH_ROOM]; /* it may be there already */
    size_t n;

    int64_t failing_since_ms, retry_at_ms; /* 0: not failing */
    int retry_delay_ms;
};

static bool parse_line(struct map_sender *s, const struct map_line *line, struct argument_line *out,
                       struct error *err);
static bool merge_kwargs(struct map_sender *s, struct argument_line *a, struct error *err);
static void add_to_chunk(struct map_sender *s, const struct map_line *line,
                         const struct argument_line *a);
static void close_chunk(struct map_sender *s);
static void add_job(struct map_sender *s, const struct request_job *what, uint64_t line,
                    uint32_t n_lines);
static void refuse(struct map_sender *s, uint64_t line, uint32_t n_lines, const char *why);
static bool hold_back(struct map_sender *s, const struct error *trouble, struct error *err);
static bool settle(struct map_sender *s, const enum broker_submitted *results, struct error *err);

struct map_sender *
map_sender_new(const struct map_sender_settings *settings)
{
    struct map_sender *s = mem_zero(sizeof *s);
    struct buffer text = BUFFER_INIT;

    s->set = *settings;
    s->queue = client_intern(settings->client, settings->options->queue);
    s->arena = arena_new();
    if (celeriac_size(settings->kwargs)) {
        json_print(settings->kwargs, &text);
        buffer_append(&text, "", 1);
        s->kwargs_json = text.data;
    }
    return s;
}

void
map_sender_free(struct map_sender *s)
{
    if (!s) {
        return;
    }
    buffer_clear(&s->bytes);
    buffer_clear(&s->text);
    arena_free(s->arena);
    free(s->kwargs_json);
    free(s);
}

bool
map_sender_has_room(const struct map_sender *s)
{
    return !s->failing_since_ms && s->n < BATCH_JOBS && s->bytes.len < BATCH_BYTES &&
           s->set.window->n_free > 1;
}

/* A chunk that was sent before is gathered again as a whole, whatever of it is done. */
static bool
is_within_resumed(const struct map_sender *s, uint64_t line)
{
    return s->chunk && s->resumed && line < s->resumed->line + s->resumed->n_lines;
}

bool
map_sender_is_done(const struct map_sender *s, uint64_t line)
{
    return s->set.joblog && !is_within_resumed(s, line) && !joblog_find(s->set.joblog, line) &&
           joblog_has(s->set.joblog, line);
}

/* Lines of one chunk, or the line that travels alone. */
static void
keep_text(struct map_sender *s, const struct map_line *line)
{
    if (!s->set.joblog) {
        return;
    }
    if (s->chunk) {
        buffer_append(&s->text, "\n", 1);
    } else {
        s->text.len = 0;
    }
    buffer_append(&s->text, line->text, line->len);
}

void
map_sender_add(struct map_sender *s, const struct map_line *line)
{
    struct argument_line a = {NULL, NULL};
    struct error err = ERROR_INIT;

    if (s->chunk && s->chunk_line + celeriac_size(s->chunk) != line->number) {
        close_chunk(s);
    }
    if (s->set.joblog && joblog_find(s->set.joblog, line->number)) {
        close_chunk(s);
        s->resumed = joblog_find(s->set.joblog, line->number);
    }
    if (!parse_line(s, line, &a, &err)) {
        close_chunk(s);
        keep_text(s, line);
        refuse(s, line->number, 1, err.message);
    } else if (s->resumed ? s->resumed->chunk > 0 : s->set.chunk->size > 0) {
        keep_text(s, line);
        add_to_chunk(s, line, &a);
        return;
    } else {
        keep_text(s, line);
        add_job(s, &(struct request_job){.task = s->set.task, .args = a.args, .kwargs = a.kwargs},
                line->number, 1);
    }
    arena_clear(s->arena);
}

bool
map_sender_send(struct map_sender *s, struct error *err)
{
    enum broker_submitted *results;
    struct error trouble = ERROR_INIT;
    struct celeriac_client *c = s->set.client;
    bool ok;

    if (s->failing_since_ms && clock_mono_ms() < s->retry_at_ms) {
        return true;
    }
    close_chunk(s);
    if (s->n == 0) {
        return true;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->jobs[i].message = s->bytes.data + s->offsets[i];
    }
    if (s->set.joblog && !joblog_flush_sent(s->set.joblog, err)) {
        return false;
    }
    results = mem_array(s->n, sizeof *results);
    ok = watcher_start(&c->watcher, &trouble) &&
         broker_enqueue(c->broker, s->queue, s->jobs, s->n, watcher_channel(&c->watcher), results,
                        &trouble);
    ok = ok ? settle(s, results, err) : hold_back(s, &trouble, err);
    free(results);
    return ok;
}

int
map_sender_retry_ms(const struct map_sender *s)
{
    int64_t left = s->retry_at_ms - clock_mono_ms();

    return !s->failing_since_ms ? -1 : left < 0 ? 0 : (int)left;
}

static bool
parse_line(struct map_sender *s, const struct map_line *line, struct argument_line *out,
           struct error *err)
{
    if (line->is_too_long) {
        return error_set(err, ERROR_DATA, "the line has more than %zu bytes", line->len);
    }
    if (!argument_line_parse(s->arena, line->text, line->len, out, err) ||
        !merge_kwargs(s, out, err)) {
        return false;
    }
    catalogue_refresh(s->set.client->catalogue, s->queue, s->set.task);
    return catalogue_check(s->set.client->catalogue, s->queue, s->set.task, out->args, out->kwargs,
                           err);
}

/* What a line says itself wins over -k. */
static bool
merge_kwargs(struct map_sender *s, struct argument_line *a, struct error *err)
{
    struct celeriac_value *all;

    if (!s->kwargs_json) {
        return true;
    }
    all = json_parse(s->arena, s->kwargs_json, strlen(s->kwargs_json), err);
    if (!all) {
        return false;
    }
    for (size_t i = 0; i < celeriac_size(a->kwargs); i++) {
        const char *key;
        const struct celeriac_value *v = celeriac_entry(a->kwargs, i, &key);
        celeriac_set(all, key,
                     (struct celeriac_value *)(uintptr_t)v); /* same arena; nobody writes */
    }
    a->kwargs = all;
    return true;
}

static void
add_to_chunk(struct map_sender *s, const struct map_line *line, const struct argument_line *a)
{
    const struct celeriac_value *item = a->args ? a->args : a->kwargs;

    if (!s->chunk) {
        s->chunk = celeriac_array(s->arena);
        s->chunk_line = line->number;
        s->chunk_bytes = 0;
    }
    celeriac_append(s->chunk,
                    (struct celeriac_value *)(uintptr_t)item); /* same arena; nobody writes */
    s->chunk_bytes += line->len;
    if (s->resumed
            ? celeriac_size(s->chunk) >= s->resumed->n_lines
            : celeriac_size(s->chunk) >= s->set.chunk->size || s->chunk_bytes >= CHUNK_BYTES) {
        close_chunk(s);
    }
}

static void
close_chunk(struct map_sender *s)
{
    struct request_job what = {.task = s->set.task, .args = s->chunk};
    uint32_t n = (uint32_t)celeriac_size(s->chunk);

    if (!s->chunk) {
        return;
    }
    what.chunk = n;
    s->chunk = NULL;
    add_job(s, &what, s->chunk_line, n);
    arena_clear(s->arena);
}

/* Under the id that it had, if it was sent before; otherwise its id is noted. */
static void
note_job(struct map_sender *s, struct broker_job *job, uint32_t chunk, uint64_t line,
         uint32_t n_lines)
{
    const struct joblog_sent sent = {line, n_lines, chunk, job->id};

    if (s->resumed) {
        job->id = s->resumed->id;
        job->is_fresh = false;
        s->resumed = NULL;
    } else if (s->set.joblog) {
        joblog_note_sent(s->set.joblog, &sent);
    }
}

static void
add_job(struct map_sender *s, const struct request_job *what, uint64_t line, uint32_t n_lines)
{
    const struct celeriac_options *o = s->set.options;
    struct broker_job *job = &s->jobs[s->n];
    struct request r;
    struct error err = ERROR_INIT;
    int64_t now_ms = 0;

    if ((o->expires_ms && !client_redis_ms(s->set.client, &now_ms, &err)) ||
        !request_init(&r, o, now_ms, &err)) {
        refuse(s, line, n_lines, err.message);
        return;
    }
    r.max_bytes = s->set.client->max_message_bytes;
    if (!request_encode(&r, what, &s->bytes, &s->offsets[s->n], job, &err)) {
        refuse(s, line, n_lines, err.message);
        return;
    }
    s->is_resumed[s->n] = s->resumed != NULL;
    note_job(s, job, what->chunk, line, n_lines);
    s->places[s->n] = map_window_take(s->set.window, &job->id, s->queue);
    MUST(s->places[s->n]); /* map_sender_has_room has seen to it */
    if (s->set.joblog) {
        map_window_keep_text(s->places[s->n], s->text.data, s->text.len);
    }
    s->places[s->n]->line = line;
    s->places[s->n]->n_lines = n_lines;
    s->places[s->n]->is_chunk = what->chunk > 0;
    s->n++;
}

static void
refuse(struct map_sender *s, uint64_t line, uint32_t n_lines, const char *why)
{
    struct id none = {.len = 0};
    struct map_place *p = map_window_take(s->set.window, &none, s->queue);

    MUST(p);
    p->line = line;
    p->n_lines = n_lines;
    s->resumed = NULL;
    if (s->set.joblog) {
        map_window_keep_text(p, s->text.data, s->text.len);
    }
    map_window_refuse(p, why);
}

/* Keeps the batch for another try, if that may help. */
static bool
hold_back(struct map_sender *s, const struct error *trouble, struct error *err)
{
    int64_t now_ms = clock_mono_ms();
    bool may_pass = trouble->code == ERROR_UNAVAILABLE || trouble->code == ERROR_TRY_LATER;

    if (!s->failing_since_ms) {
        s->failing_since_ms = now_ms;
        s->retry_delay_ms = RETRY_FIRST_MS;
    }
    for (size_t i = 0; i < s->n; i++) {
        s->jobs[i].is_fresh = false; /* it may be there, in spite of the error */
    }
    if (!may_pass || now_ms - s->failing_since_ms > OUTAGE_MS) {
        return error_set(err, trouble->code, "%s", trouble->message);
    }
    s->retry_at_ms = now_ms + s->retry_delay_ms;
    s->retry_delay_ms = s->retry_delay_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : s->retry_delay_ms * 2;
    return true;
}

/* Watches what was taken; what found the queue full stays for another try. */
static bool
settle(struct map_sender *s, const enum broker_submitted *results, struct error *err)
{
    struct watcher *watcher = &s->set.client->watcher;
    bool is_again = s->failing_since_ms != 0;
    struct error full = ERROR_INIT;
    size_t kept = 0, n = s->n;

    for (size_t i = 0; i < s->n; i++) {
        struct map_place *p = s->places[i];
        if (results[i] == SUBMIT_FULL) {
            s->jobs[kept] = s->jobs[i];
            s->offsets[kept] = s->offsets[i];
            s->is_resumed[kept] = s->is_resumed[i];
            s->places[kept++] = p;
        } else if (results[i] == SUBMIT_TAKEN) {
            map_window_refuse(p, "another unfinished job holds this uniqueness key");
        } else if (results[i] == SUBMIT_EXISTS && !is_again && !s->is_resumed[i]) {
            map_window_refuse(p, "a job with this id exists already");
        } else if (is_again || s->is_resumed[i]) {
            watcher_add_late(watcher,
                             &p->watch); /* an earlier try may have lost its registration */
        } else {
            watcher_add(watcher, &p->watch);
        }
    }
    s->n = kept;
    if (kept) {
        s->failing_since_ms = kept < n ? 0 : s->failing_since_ms;
        error_set(&full, ERROR_TRY_LATER, "queue %s is full", s->queue);
        return hold_back(s, &full, err);
    }
    s->failing_since_ms = 0;
    s->bytes.len = 0;
    return true;
}
