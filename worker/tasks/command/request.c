/* From a job's arguments to an order: words, variables, input, limits. */
#include "worker/tasks/command/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value as text: a string as it is, others as JSON. NULL: it holds a NUL, or is no text. */
static const char *
text_of(struct celeriac_context *ctx, const struct celeriac_value *value)
{
    size_t len;
    if (celeriac_type(value) == CELERIAC_BINARY)
        return NULL;
    if (celeriac_type(value) != CELERIAC_STRING)
        return celeriac_print(celeriac_arena(ctx), value);
    const char *text = celeriac_bytes(value, &len);
    return strlen(text) == len ? text : NULL;
}

/* The kernel's interface wants pointers to what it does not change. */
static char *
unconst(const char *text)
{
    union {
        const char *in;
        char *out;
    } pointer = {text};
    return pointer.out;
}

static bool
read_words(struct celeriac_context *ctx, const struct allowed *a, struct request *r,
           enum celeriac_outcome *end)
{
    const struct celeriac_value *arguments = celeriac_arg(ctx, ARG_ARGUMENTS);
    size_t n = 0;
    for (; a->words[n] != NULL; n++)
        r->words[n] = a->words[n];
    for (size_t i = 0; i < celeriac_size(arguments); i++) {
        const char *text = text_of(ctx, celeriac_at(arguments, i));
        if (text == NULL) {
            *end = celeriac_reject(ctx, "invalid_arguments",
                                   "command %s: argument %zu holds a NUL: no program can get it",
                                   a->name, i + 1);
            return false;
        }
        r->words[n++] = unconst(text);
    }
    return true;
}

static char *
make_variable(struct celeriac_context *ctx, const char *name, const char *value)
{
    char *text = NULL;
    if (asprintf(&text, "%s=%s", name, value) < 0)
        abort();
    const struct celeriac_value *kept = celeriac_text(celeriac_arena(ctx), text);
    free(text);
    return unconst(celeriac_bytes(kept, NULL));
}

/* Nothing of the worker's own environment: it may hold its passwords. */
static void
add_standard_variables(struct celeriac_context *ctx, char **out)
{
    char attempt[16];
    (void)snprintf(attempt, sizeof(attempt), "%u", celeriac_attempt(ctx));
    out[0] = make_variable(ctx, "PATH", "/usr/local/bin:/usr/bin:/bin");
    out[1] = make_variable(ctx, "LANG", "C.UTF-8");
    out[2] = make_variable(ctx, "CELERIAC_JOB_ID", celeriac_job_id(ctx));
    out[3] = make_variable(ctx, "CELERIAC_ATTEMPT", attempt);
}

/* The job's come first: getenv(3) finds the first of two. */
static bool
read_variables(struct celeriac_context *ctx, const struct allowed *a, struct request *r,
               enum celeriac_outcome *end)
{
    const struct celeriac_value *env = celeriac_arg(ctx, ARG_VARIABLES);
    size_t n = 0;
    for (size_t i = 0; i < celeriac_size(env); i++) {
        const char *name = NULL;
        const char *value = text_of(ctx, celeriac_entry(env, i, &name));
        const bool is_allowed = allowed_has_variable(a, name);
        if (!is_allowed || value == NULL) {
            *end = celeriac_reject(ctx, is_allowed ? "invalid_arguments" : "not_allowed",
                                   is_allowed ? "command %s: env: %.64s holds a NUL"
                                              : "command %s: env: jobs may not set %.64s",
                                   a->name, name);
            return false;
        }
        r->variables[n++] = make_variable(ctx, name, value);
    }
    add_standard_variables(ctx, &r->variables[n]);
    return true;
}

static void
read_input(struct celeriac_context *ctx, struct request *r)
{
    const struct celeriac_value *input = celeriac_arg(ctx, ARG_INPUT);
    struct program_order *o = &r->order;
    switch (celeriac_type(input)) {
    case CELERIAC_NULL: /* given or not */
        return;
    case CELERIAC_STRING:
    case CELERIAC_BINARY:
        o->input = celeriac_bytes(input, &o->input_len);
        return;
    case CELERIAC_BOOLEAN:
    case CELERIAC_INTEGER:
    case CELERIAC_BIGINT:
    case CELERIAC_NUMBER:
    case CELERIAC_ARRAY:
    case CELERIAC_OBJECT: {
        const char *json = celeriac_print(celeriac_arena(ctx), input);
        const size_t len = strlen(json);
        char *line = malloc(len + 1);
        if (line == NULL)
            abort();
        memcpy(line, json, len);
        line[len] = '\n';
        o->input =
            celeriac_bytes(celeriac_string(celeriac_arena(ctx), line, len + 1), &o->input_len);
        free(line);
    }
    }
}

bool
request_read(struct celeriac_context *ctx, const struct allowed *a, struct request *r,
             enum celeriac_outcome *end)
{
    const double timeout_s = celeriac_arg_number(ctx, ARG_TIMEOUT);
    const int64_t memory_bytes = celeriac_arg_integer(ctx, ARG_MEMORY);
    const bool is_shorter = timeout_s > 0 && (a->timeout_s <= 0 || timeout_s < a->timeout_s);
    const bool is_less =
        memory_bytes > 0 && (a->memory_bytes == 0 || memory_bytes < a->memory_bytes);
    if (!read_words(ctx, a, r, end) || !read_variables(ctx, a, r, end))
        return false;
    read_input(ctx, r);
    r->order.words = r->words;
    r->order.variables = r->variables;
    r->order.directory = a->directory != NULL ? a->directory : "/";
    r->order.timeout_s = is_shorter ? timeout_s : a->timeout_s;
    r->order.memory_bytes = is_less ? memory_bytes : a->memory_bytes;
    return true;
}
