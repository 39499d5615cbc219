/* From option texts to a job. What the rows can check, options_read has checked; here are the forms
 * with two parts (DUR,MAX and KEY,TTL), the time, and what options say together.
 *
 * --kill-after counts from the end of --timeout, as in timeout(1); the message's hard limit counts
 * from the start. */
#include "client/cli/job_options.h"

#include <string.h>

#include "client/cli/arguments.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/message.h"

enum { RESULT_TTL_DEFAULT_MS = 86400000 };

static bool read_backoff(const char *text, struct celeriac_options *out, struct error *err);
static bool read_unique(const char *text, struct celeriac_arena *arena,
                        struct celeriac_options *out, struct error *err);
static bool read_pairs(const struct option_list *list, bool as_text, const char *option,
                       struct celeriac_value *object, struct error *err);

bool
job_options_read(const struct job_options *o, struct celeriac_arena *arena,
                 struct celeriac_options *out, struct error *err)
{
    static const struct celeriac_options defaults = CELERIAC_OPTIONS_INIT;

    *out = defaults;
    out->queue = o->queue;
    out->priority = (int)o->priority;
    out->delay_ms = o->in_ms;
    out->expires_ms = o->expires_ms;
    out->retries = (int)o->retries;
    out->soft_limit_ms = o->timeout_ms;
    out->hard_limit_ms = o->kill_after_ms ? o->timeout_ms + o->kill_after_ms : 0;
    out->id = o->id;
    out->limit_key = o->limit_key;
    out->result_ttl_ms = o->result_ttl_ms == RESULT_TTL_DEFAULT_MS ? -1 : o->result_ttl_ms;
    if (o->at && o->in_ms) {
        return error_set(err, ERROR_USAGE, "--in and --at cannot both be given");
    }
    if (o->at && !clock_parse(o->at, &out->due_at_ms)) {
        return error_set(err, ERROR_USAGE, "--at \"%s\": expected a time like 2026-11-23T16:00:00Z",
                         o->at);
    }
    if (o->tags.count) {
        struct celeriac_value *tags = celeriac_object(arena);
        if (!read_pairs(&o->tags, true, "--tag", tags, err)) {
            return false;
        }
        out->tags = tags;
    }
    return read_backoff(o->backoff, out, err) &&
           (!o->unique || read_unique(o->unique, arena, out, err));
}

bool
job_options_job(const struct job_options *o, const struct option_operands *operands,
                struct celeriac_arena *arena, struct celeriac_job *out, struct error *err)
{
    struct celeriac_value *args = celeriac_array(arena);
    struct celeriac_value *kwargs = celeriac_object(arena);

    if (operands->count == 0) {
        return error_set(err, ERROR_USAGE, "expected TASK [ARG...]");
    }
    for (size_t i = 1; i < operands->count; i++) {
        struct celeriac_value *v =
            argument_parse(arena, operands->items[i], strlen(operands->items[i]), err);
        if (!v) {
            return false;
        }
        celeriac_append(args, v);
    }
    if (!read_pairs(&o->kwargs, false, "-k", kwargs, err)) {
        return false;
    }
    *out = (struct celeriac_job){.task = operands->items[0],
                                 .args = celeriac_size(args) ? args : NULL,
                                 .kwargs = celeriac_size(kwargs) ? kwargs : NULL};
    return true;
}

static bool
read_backoff(const char *text, struct celeriac_options *out, struct error *err)
{
    const char *comma = strchr(text, ',');
    char first[64];
    size_t len = comma ? (size_t)(comma - text) : strlen(text);

    if (strcmp(text, "1s,10m") == 0) {
        return true; /* what a worker does by itself need not be sent */
    }
    if (len < sizeof first) {
        memcpy(first, text, len);
        first[len] = '\0';
        if (option_parse_duration(first, &out->backoff_ms) && out->backoff_ms > 0 &&
            (!comma || option_parse_duration(comma + 1, &out->backoff_max_ms))) {
            return true;
        }
    }
    return error_set(err, ERROR_USAGE, "--backoff \"%.80s\": expected DUR[,MAX] like 1s,10m", text);
}

/* The TTL is what stands behind the last comma, if that is a duration: keys may hold commas. */
static bool
read_unique(const char *text, struct celeriac_arena *arena, struct celeriac_options *out,
            struct error *err)
{
    const char *comma = strrchr(text, ',');
    size_t len = strlen(text);

    if (comma && option_parse_duration(comma + 1, &out->unique_ttl_ms)) {
        len = (size_t)(comma - text);
    }
    if (len > UNIQUE_KEY_MAX) {
        return error_set(err, ERROR_USAGE, "--unique: %zu bytes: expected a key of at most %d", len,
                         UNIQUE_KEY_MAX);
    }
    out->unique = arena_text(arena, text, len);
    return true;
}

static bool
read_pairs(const struct option_list *list, bool as_text, const char *option,
           struct celeriac_value *object, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!argument_pair(object, list->items[i], as_text, option, err)) {
            return false;
        }
    }
    return true;
}
