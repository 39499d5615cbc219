/* Printing results.
 *
 * Each line of input gives exactly one line of output: its result, or `null` with the reason on
 * stderr, or with --json an object. Lines gather in a buffer of our own that is written by whole
 * lines, so that an end by a signal never leaves half a line behind. */
#include "client/cli/map_printer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/interrupt.h"
#include "client/cli/job_view.h"
#include "common/arena.h"
#include "common/json.h"

enum { FLUSH_BYTES = 64 << 10 };

/* One line of input, done. */
struct done {
    uint64_t line;
    const struct map_place *place;
    enum job_state state;
    const struct celeriac_value *result; /* of a success */
    const char *type, *message, *signal;
    const struct outcome *outcome; /* NULL: there is none */
    bool is_alone;                 /* its run time is its own */
    const char *text;              /* of the line, if there is a job log */
    size_t text_len;
};

static bool fetch(struct map_printer *p, const struct map_place *place, struct outcome *o,
                  struct error *err);
static void print_outcome(struct map_printer *p, const struct map_place *place,
                          const struct outcome *o);
static void print_chunk(struct map_printer *p, const struct map_place *place,
                        const struct outcome *o);
static void print_failure(struct map_printer *p, const struct map_place *place, const char *type,
                          const char *message);
static void begin_text(struct done *d);
static void next_line(struct done *d);
static void print_line(struct map_printer *p, const struct done *d);
static void log_line(struct map_printer *p, const struct done *d, size_t received_bytes);
static void print_json(struct map_printer *p, const struct done *d);
static void explain(struct map_printer *p, const struct done *d);
static void set_text(struct celeriac_value *v, const char *key, const char *text);
static bool write_all(int fd, struct buffer *b, struct error *err);

void
map_printer_init(struct map_printer *p, struct broker *broker, struct map_chunk *chunk)
{
    *p = (struct map_printer){.broker = broker, .chunk = chunk, .arena = arena_new()};
}

void
map_printer_clear(struct map_printer *p)
{
    arena_free(p->arena);
    buffer_clear(&p->out);
    buffer_clear(&p->err);
}

bool
map_printer_place(struct map_printer *p, const struct map_place *place, struct error *err)
{
    struct outcome o = OUTCOME_INIT;
    struct error bad = ERROR_INIT;

    switch (place->state) {
    case PLACE_FREE:
    case PLACE_OPEN:
        BUG("not done");
    case PLACE_REFUSED:
        print_failure(p, place, "not_sent", place->bytes);
        break;
    case PLACE_GONE:
        print_failure(p, place, "unknown", "the broker knows nothing of this job any more");
        break;
    case PLACE_ANNOUNCED:
        if (!fetch(p, place, &o, err)) {
            return false;
        }
        print_outcome(p, place, &o);
        break;
    case PLACE_DONE:
        if (outcome_decode(place->bytes, place->len, p->arena, &o, &bad)) {
            print_outcome(p, place, &o);
        } else {
            print_failure(p, place, "unreadable_outcome", bad.message);
        }
        break;
    }
    arena_clear(p->arena);
    return p->out.len < FLUSH_BYTES || map_printer_flush(p, err);
}

bool
map_printer_flush(struct map_printer *p, struct error *err)
{
    bool ok;

    if (p->out.len == 0 && p->err.len == 0) {
        return true;
    }
    progress_hide(p->progress);
    interrupt_block();
    (void)write_all(STDERR_FILENO, &p->err, NULL); /* there is nowhere else to say so */
    ok = write_all(STDOUT_FILENO, &p->out, err) && (!p->joblog || joblog_flush(p->joblog, err));
    interrupt_unblock();
    return ok;
}

/* An outcome that was announced only. */
static bool
fetch(struct map_printer *p, const struct map_place *place, struct outcome *o, struct error *err)
{
    struct broker_record record = {.state = JOB_UNKNOWN};

    if (!broker_find(p->broker, place->watch.queue, &place->watch.id, 1, false, p->arena, &record,
                     err)) {
        return false;
    }
    if (!record.outcome || !outcome_decode(record.outcome, record.outcome_len, p->arena, o, NULL)) {
        o->state = JOB_UNKNOWN;
        o->error_type = "unknown";
        o->error_message = "the result was not kept";
    }
    return true;
}

static void
print_outcome(struct map_printer *p, const struct map_place *place, const struct outcome *o)
{
    struct done d = {
        .place = place, .outcome = o, .line = place->line, .is_alone = !place->is_chunk};

    if (place->is_chunk && o->state == JOB_SUCCESS && celeriac_size(o->result) == place->n_lines) {
        map_chunk_observe(p->chunk, place->n_lines, o->runtime_us);
        print_chunk(p, place, o);
        return;
    }
    d.state = o->state;
    d.result = o->result;
    d.type = o->error_type;
    d.message = o->error_message;
    d.signal = o->error_signal;
    begin_text(&d);
    for (uint32_t i = 0; i < place->n_lines; i++, next_line(&d)) {
        print_line(p, &d);
    }
}

/* The result is an array: {"result": ...} or {"error": {...}} for each line. */
static void
print_chunk(struct map_printer *p, const struct map_place *place, const struct outcome *o)
{
    struct done d = {
        .place = place, .outcome = o, .line = place->line, .is_alone = place->n_lines == 1};

    begin_text(&d);
    for (uint32_t i = 0; i < place->n_lines; i++, next_line(&d)) {
        const struct celeriac_value *entry = celeriac_at(o->result, i);
        const struct celeriac_value *error = celeriac_get(entry, "error");
        d.state = error ? JOB_FAILURE : JOB_SUCCESS;
        d.result = celeriac_get(entry, "result");
        d.type = error ? job_view_text(error, "type") : NULL;
        d.message = error ? job_view_text(error, "message") : NULL;
        print_line(p, &d);
    }
}

static void
print_failure(struct map_printer *p, const struct map_place *place, const char *type,
              const char *message)
{
    struct done d = {.place = place,
                     .line = place->line,
                     .state = JOB_UNKNOWN,
                     .type = type,
                     .message = message};

    begin_text(&d);
    for (uint32_t i = 0; i < place->n_lines; i++, next_line(&d)) {
        print_line(p, &d);
    }
}

/* The lines of a place stand one behind the other in its text. */
static void
begin_text(struct done *d)
{
    const struct map_place *place = d->place;
    const char *end = place->text ? memchr(place->text, '\n', place->text_len) : NULL;

    d->text = place->text ? place->text : "";
    d->text_len = end ? (size_t)(end - place->text) : place->text_len;
}

static void
next_line(struct done *d)
{
    const struct map_place *place = d->place;
    const size_t behind = place->text ? (size_t)(d->text - place->text) + d->text_len + 1 : 0;

    d->line++;
    if (place->text && behind < place->text_len) {
        const char *begin = place->text + behind;
        const char *end = memchr(begin, '\n', place->text_len - behind);
        d->text = begin;
        d->text_len = end ? (size_t)(end - begin) : place->text_len - behind;
    }
}

static void
print_line(struct map_printer *p, const struct done *d)
{
    size_t len, begin = p->out.len;
    bool is_success = d->state == JOB_SUCCESS && d->result;

    if (p->joblog && joblog_has(p->joblog, d->line)) {
        return; /* of a chunk that was printed in part before it was resumed */
    }
    p->n_done++;
    p->n_failed += !is_success;
    p->n_cancelled += d->state == JOB_CANCELLED;
    if (p->is_json) {
        print_json(p, d);
        log_line(p, d, p->out.len - begin - 1);
        return;
    }
    if (!is_success) {
        buffer_append(&p->out, "null", 4);
        explain(p, d);
    } else if (p->is_raw && celeriac_type(d->result) == CELERIAC_STRING) {
        const char *text = celeriac_bytes(d->result, &len);
        buffer_append(&p->out, text, len);
    } else {
        json_print(d->result, &p->out);
    }
    log_line(p, d, p->out.len - begin);
    buffer_append(&p->out, "\n", 1);
}

/* What was cancelled, or is not known any more, is left for whoever resumes. */
static void
log_line(struct map_printer *p, const struct done *d, size_t received_bytes)
{
    const struct outcome *o = d->outcome;
    struct joblog_row row = {.line = d->line,
                             .sent_bytes = d->text_len,
                             .received_bytes = received_bytes,
                             .has_failed = d->state != JOB_SUCCESS || !d->result,
                             .signal = d->signal,
                             .task = p->task,
                             .text = d->text,
                             .text_len = d->text_len};

    if (!p->joblog) {
        return;
    }
    if (d->state == JOB_CANCELLED || d->place->state == PLACE_GONE) {
        joblog_note_forgotten(p->joblog, d->place->line);
        return;
    }
    if (o && o->started_at_ms) {
        row.host = o->worker;
        row.started_at_ms = o->started_at_ms;
        row.runtime_us = d->is_alone ? o->runtime_us : o->runtime_us / d->place->n_lines;
    }
    joblog_add(p->joblog, &row);
}

static void
print_json(struct map_printer *p, const struct done *d)
{
    struct celeriac_value *v = celeriac_object(p->arena);
    bool was_sent = d->place->state != PLACE_REFUSED;
    char id[ID_MAX + 1];

    celeriac_set(v, "line", celeriac_integer(p->arena, (int64_t)d->line));
    if (was_sent) {
        set_text(v, "id", id_print(&d->place->watch.id, id));
    }
    set_text(v, "state", was_sent ? job_state_name(d->state) : "failure");
    if (d->result && d->state == JOB_SUCCESS) {
        celeriac_set(v, "result",
                     (struct celeriac_value *)(uintptr_t)d->result); /* same arena; nobody writes */
    }
    if (d->type || d->message) {
        struct celeriac_value *error = celeriac_object(p->arena);
        set_text(error, "type", d->type);
        set_text(error, "message", d->message);
        set_text(error, "signal", d->signal);
        celeriac_set(v, "error", error);
    }
    if (d->outcome && d->outcome->started_at_ms) {
        if (d->is_alone) {
            celeriac_set(v, "runtime_ms",
                         celeriac_number(p->arena, (double)d->outcome->runtime_us / 1000));
        }
        celeriac_set(v, "attempt", celeriac_integer(p->arena, d->outcome->attempt));
        set_text(v, "worker", d->outcome->worker);
    }
    json_print(v, &p->out);
    buffer_append(&p->out, "\n", 1);
}

static void
explain(struct map_printer *p, const struct done *d)
{
    char line[ERROR_MESSAGE_MAX + 256];
    int len;

    if (d->state == JOB_CANCELLED && p->hides_cancelled) {
        return;
    }
    len = snprintf(line, sizeof line - 1, "celeriac: line %llu: %s%s%s%s%s%s%s%s",
                   (unsigned long long)d->line, d->outcome ? job_state_name(d->state) : "",
                   d->outcome && d->type ? ": " : "", d->type ? d->type : "",
                   d->message && (d->type || d->outcome) ? ": " : "", d->message ? d->message : "",
                   d->signal ? " (signal " : "", d->signal ? d->signal : "", d->signal ? ")" : "");
    len = len < (int)sizeof line - 1 ? len : (int)sizeof line - 2;
    line[len++] = '\n';
    buffer_append(&p->err, line, (size_t)len);
}

static void
set_text(struct celeriac_value *v, const char *key, const char *text)
{
    if (text) {
        celeriac_set(v, key, celeriac_text(v->arena, text));
    }
}

static bool
write_all(int fd, struct buffer *b, struct error *err)
{
    size_t at = 0;

    while (at < b->len) {
        ssize_t n = write(fd, b->data + at, b->len - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            b->len = 0;
            return error_set_errno(err, errno == EPIPE ? ERROR_NONE : ERROR_INTERNAL,
                                   "cannot write the output");
        }
        at += (size_t)n;
    }
    b->len = 0;
    return true;
}
