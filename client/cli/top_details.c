/* Details are read anew with every look, from Redis, not from what the screen shows. */
#include "client/cli/top_details.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/explain.h"
#include "client/cli/job_view.h"
#include "client/cli/limit_text.h"
#include "common/json.h"
#include "common/mem.h"

enum { VALUE_MAX = 1000 }; /* characters of a field: arguments may be a megabyte */

static bool write_queue(struct broker *b, const char *name, struct celeriac_arena *arena,
                        struct buffer *out, struct error *err);
static bool write_job(struct broker *b, const char *name, struct celeriac_arena *arena,
                      struct buffer *out, struct error *err);
static void write_field(struct buffer *out, const char *name, const struct celeriac_value *v,
                        struct celeriac_arena *arena);
static void line(struct buffer *out, const char *name, const char *text);

void
top_details(struct broker *b, enum top_kind kind, const char *name, struct buffer *out)
{
    struct celeriac_arena *arena = arena_new();
    struct error err = ERROR_INIT;

    out->len = 0;
    if (!(kind == TOP_QUEUE ? write_queue(b, name, arena, out, &err)
                            : write_job(b, name, arena, out, &err))) {
        out->len = 0;
        line(out, "error", err.message);
    }
    arena_free(arena);
}

static bool
write_queue(struct broker *b, const char *name, struct celeriac_arena *arena, struct buffer *out,
            struct error *err)
{
    struct broker_queue *queues;
    struct broker_counter *counters;
    char limits[LIMIT_TEXT_MAX];
    size_t n, n_counters;

    if (!broker_queues(b, name, arena, &queues, &n, err) ||
        !broker_stats(b, name, arena, &counters, &n_counters, err)) {
        return false;
    }
    line(out, "queue", name);
    line(out, "paused", n && queues->is_paused ? "yes" : "no");
    line(out, "limits", n ? limit_text_print(&queues->limits, limits) : "");
    buffer_append_text(out, "\nCounters since the queue was made:\n");
    for (size_t i = 0; i < n_counters; i++) {
        line(out, counters[i].name, arena_printf(arena, "%lld", (long long)counters[i].value));
    }
    return true;
}

static bool
write_job(struct broker *b, const char *name, struct celeriac_arena *arena, struct buffer *out,
          struct error *err)
{
    const struct celeriac_value *reasons;
    struct explain_facts facts;
    struct id id;

    if (!id_parse(&id, name, strlen(name)) && !id_from_redis(&id, name, strlen(name))) {
        return error_set(err, ERROR_INTERNAL, "%s is no id", name);
    }
    if (!explain_read(b, &id, arena, &facts, err)) {
        return false;
    }
    for (size_t i = 0; i < celeriac_size(facts.view); i++) {
        const char *key;
        const struct celeriac_value *v = celeriac_entry(facts.view, i, &key);
        if (strcmp(key, "v") != 0) {
            write_field(out, key, v, arena);
        }
    }
    buffer_append_char(out, '\n');
    reasons = explain(&facts, arena);
    for (size_t i = 0; i < celeriac_size(reasons); i++) {
        line(out, "", job_view_text(celeriac_at(reasons, i), "text"));
    }
    return true;
}

static void
write_field(struct buffer *out, const char *name, const struct celeriac_value *v,
            struct celeriac_arena *arena)
{
    struct buffer json = BUFFER_INIT;

    if (strcmp(name, "error") == 0) {
        line(out, name, job_view_error(v, arena));
    } else if (celeriac_type(v) == CELERIAC_STRING) {
        line(out, name, celeriac_bytes(v, NULL));
    } else {
        json_print(v, &json);
        buffer_append_char(&json, '\0');
        line(out, name, json.data);
    }
    buffer_clear(&json);
}

/* Whatever is in the text, it stays one line. */
static void
line(struct buffer *out, const char *name, const char *text)
{
    char head[32];
    size_t len = strlen(text), begin;

    snprintf(head, sizeof head, *name ? "%-12s " : "%s", name);
    buffer_append_text(out, head);
    begin = out->len;
    buffer_append(out, text, len < VALUE_MAX ? len : VALUE_MAX);
    buffer_append_text(out, len < VALUE_MAX ? "" : "...");
    for (size_t i = begin; i < out->len; i++) {
        out->data[i] = out->data[i] == '\n' ? ' ' : out->data[i];
    }
    buffer_append_char(out, '\n');
}
