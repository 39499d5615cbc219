/* Fuzzing of argument checking. The input is JSON, or one binary argument if it is none; it is
 * offered to each signature as the list of arguments, as the arguments by name, and, where it is an
 * array of two, as both. What is refused comes with one line; what is accepted fits the
 * declaration, by a second opinion that shares no code with the first. */
#include "client/signature.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/context.h"
#include "common/arena.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct celeriac_param all_kinds[] = {
    {.name = "boolean", .kind = CELERIAC_ARG_BOOLEAN},
    {.name = "integer", .kind = CELERIAC_ARG_INTEGER, .min = -5, .max = 1e15},
    {.name = "bigint", .kind = CELERIAC_ARG_BIGINT, .min = 0, .max = INFINITY},
    {.name = "number", .kind = CELERIAC_ARG_NUMBER, .min = -1, .max = 1},
    {.name = "string", .kind = CELERIAC_ARG_STRING, .min = 1, .max = 8},
    {.name = "array", .kind = CELERIAC_ARG_ARRAY, .max = 3},
    {.name = "object", .kind = CELERIAC_ARG_OBJECT, .min = 1, .max = 2},
    {.name = "any", .kind = CELERIAC_ARG_ANY}};
static const struct celeriac_param optional_ones[] = {
    {.name = "a", .kind = CELERIAC_ARG_ANY, .optional = true},
    {.name = "b", .kind = CELERIAC_ARG_NUMBER, .optional = true, .fallback = "0.5"},
    {.name = "c", .kind = CELERIAC_ARG_ARRAY, .optional = true, .fallback = "[1,2]"},
    {.name = "d",
     .kind = CELERIAC_ARG_STRING,
     .optional = true,
     .fallback = "\"x\"",
     .min = 1,
     .max = 1},
    {.name = "e", .kind = CELERIAC_ARG_BIGINT, .optional = true}};
static const struct celeriac_param one[] = {{.name = "n", .kind = CELERIAC_ARG_INTEGER}};

#define TASK(rows)                                                                                 \
    {                                                                                              \
        .name = #rows, .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])                \
    }
static const struct celeriac_task tasks[] = {
    TASK(all_kinds), TASK(optional_ones), TASK(one), {.name = "none"}};

static bool
is_integer(const struct celeriac_value *v, double x)
{
    return celeriac_type(v) == CELERIAC_INTEGER || /* 3.0 counts as 3 */
           (celeriac_type(v) == CELERIAC_NUMBER && floor(x) == x && x >= -0x1p63 && x < 0x1p63);
}

/* The number that bounds are about; NAN: the value is of another kind. */
static double
measure(enum celeriac_arg_kind kind, const struct celeriac_value *v)
{
    const enum celeriac_type type = celeriac_type(v);
    double x = 0;
    size_t len = 0;

    switch (kind) {
    case CELERIAC_ARG_ANY:
        return 0;
    case CELERIAC_ARG_BOOLEAN:
        return type == CELERIAC_BOOLEAN ? 0 : NAN;
    case CELERIAC_ARG_INTEGER:
        return celeriac_get_number(v, &x) && is_integer(v, x) ? x : NAN;
    case CELERIAC_ARG_BIGINT:
        if (type == CELERIAC_BIGINT && !celeriac_get_number(v, &x))
            return *celeriac_bytes(v, &len) == '-' ? -INFINITY : INFINITY;
        if (type == CELERIAC_BIGINT)
            return x;
        return celeriac_get_number(v, &x) && is_integer(v, x) ? x : NAN;
    case CELERIAC_ARG_NUMBER:
        return celeriac_get_number(v, &x) ? x : NAN;
    case CELERIAC_ARG_STRING:
        (void)celeriac_bytes(v, &len);
        return type == CELERIAC_STRING ? (double)len : NAN;
    case CELERIAC_ARG_ARRAY:
        return type == CELERIAC_ARRAY ? (double)celeriac_size(v) : NAN;
    case CELERIAC_ARG_OBJECT:
        return type == CELERIAC_OBJECT ? (double)celeriac_size(v) : NAN;
    }
    abort();
}

static void
check_bound(const struct celeriac_param *p, const struct celeriac_value *v)
{
    if (v == NULL) {
        MUST(p->optional && p->fallback == NULL);
        return;
    }
    const double x = measure(p->kind, v);
    MUST(!isnan(x));
    MUST((p->min == 0 && p->max == 0) || (x >= p->min && x <= p->max));
}

static void
offer(const struct celeriac_task *task, const struct celeriac_value *args,
      const struct celeriac_value *kwargs, struct celeriac_arena *arena)
{
    const struct celeriac_value *bound[CONTEXT_ARGS_MAX];
    struct error err = ERROR_INIT;

    if (!signature_bind(task, args, kwargs, arena, bound, &err)) {
        MUST(err.code == ERROR_USAGE && strncmp(err.message, task->name, strlen(task->name)) == 0);
        MUST(strchr(err.message, '\n') == NULL);
        return;
    }
    for (size_t i = 0; i < task->n_params; i++)
        check_bound(&task->params[i], bound[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct celeriac_arena *arena = arena_new();
    struct error err = ERROR_INIT;
    char *text = malloc(size > 0 ? size : 1); /* ends where the sanitizer watches */

    memcpy(text, data, size);
    const struct celeriac_value *v = json_parse(arena, text, size, &err);
    if (v == NULL) {
        struct celeriac_value *args = celeriac_array(arena);
        celeriac_append(args, celeriac_binary(arena, text, size));
        v = args;
    }
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        offer(&tasks[i], v, NULL, arena);
        offer(&tasks[i], NULL, v, arena);
        if (celeriac_type(v) == CELERIAC_ARRAY && celeriac_size(v) == 2)
            offer(&tasks[i], celeriac_at(v, 0), celeriac_at(v, 1), arena);
    }
    free(text);
    arena_free(arena);
    return 0;
}
