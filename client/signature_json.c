/* Signatures as workers publish them and clients read them. What is unknown is skipped, so that
 * newer workers can say more; what is missing has its default, so that older ones need not. An
 * infinite bound is left out. */
#include "client/signature.h"

#include <math.h>
#include <string.h>

#include "client/context.h"
#include "client/signature_kind.h"
#include "common/arena.h"

static void
set_text(struct celeriac_value *object, struct celeriac_arena *arena, const char *key,
         const char *text)
{
    if (text != NULL)
        celeriac_set(object, key, celeriac_text(arena, text));
}

static struct celeriac_value *
describe_param(const struct celeriac_param *param, struct celeriac_arena *arena)
{
    struct celeriac_value *object = celeriac_object(arena);
    set_text(object, arena, "name", param->name);
    set_text(object, arena, "kind", kind_name(param->kind));
    if (param->optional)
        celeriac_set(object, "optional", celeriac_boolean(arena, true));
    if (param->fallback != NULL) {
        struct celeriac_value *fallback =
            celeriac_parse(arena, param->fallback, strlen(param->fallback), NULL, 0);
        MUST(fallback != NULL); /* signature_check */
        celeriac_set(object, "default", fallback);
    }
    if (kind_is_bounded(param) && isfinite(param->min))
        celeriac_set(object, "min", celeriac_number(arena, param->min));
    if (kind_is_bounded(param) && isfinite(param->max))
        celeriac_set(object, "max", celeriac_number(arena, param->max));
    set_text(object, arena, "unit", param->unit);
    set_text(object, arena, "help", param->help);
    return object;
}

struct celeriac_value *
signature_describe(const struct celeriac_task *task, struct celeriac_arena *arena)
{
    struct celeriac_value *object = celeriac_object(arena), *params = celeriac_array(arena);
    set_text(object, arena, "name", task->name);
    set_text(object, arena, "help", task->help);
    set_text(object, arena, "returns", task->returns);
    for (size_t i = 0; i < task->n_params; i++)
        celeriac_append(params, describe_param(&task->params[i], arena));
    celeriac_set(object, "params", params);
    if (task->max_retries != NULL)
        celeriac_set(object, "max_retries", celeriac_integer(arena, *task->max_retries));
    return object;
}

/* NULL if it is absent or no string without NUL. */
static const char *
read_text(const struct celeriac_value *object, const char *key, struct celeriac_arena *arena)
{
    const struct celeriac_value *v = celeriac_get(object, key);
    size_t len = 0;
    if (celeriac_type(v) != CELERIAC_STRING)
        return NULL;
    const char *text = celeriac_bytes(v, &len);
    return strlen(text) == len ? arena_text(arena, text, len) : NULL;
}

static void
read_bounds(const struct celeriac_value *object, struct celeriac_param *param)
{
    const bool has_min = celeriac_get_number(celeriac_get(object, "min"), &param->min);
    const bool has_max = celeriac_get_number(celeriac_get(object, "max"), &param->max);
    if (has_min && !has_max)
        param->max = INFINITY;
    if (has_max && !has_min)
        param->min = -INFINITY;
}

static bool
read_param(const struct celeriac_value *object, struct celeriac_arena *arena,
           struct celeriac_param *param)
{
    const char *kind = read_text(object, "kind", arena);
    param->name = read_text(object, "name", arena);
    if (param->name == NULL || kind == NULL || !kind_parse(kind, &param->kind))
        return false;
    (void)celeriac_get_boolean(celeriac_get(object, "optional"), &param->optional);
    const struct celeriac_value *fallback = celeriac_get(object, "default");
    if (fallback != NULL)
        param->fallback = celeriac_print(arena, fallback);
    read_bounds(object, param);
    param->unit = read_text(object, "unit", arena);
    param->help = read_text(object, "help", arena);
    return true;
}

bool
signature_read(const struct celeriac_value *described, struct celeriac_arena *arena,
               struct celeriac_task *task, struct error *err)
{
    const struct celeriac_value *list = celeriac_get(described, "params");
    struct celeriac_task read = {.name = read_text(described, "name", arena),
                                 .help = read_text(described, "help", arena),
                                 .returns = read_text(described, "returns", arena),
                                 .n_params = celeriac_size(list)};
    if (read.name == NULL || read.n_params > CONTEXT_ARGS_MAX)
        return error_set(err, ERROR_DATA,
                         "a task's signature cannot be read: no name, or too many parameters");
    struct celeriac_param *params = arena_alloc(arena, (read.n_params + 1) * sizeof(*params));
    memset(params, 0, (read.n_params + 1) * sizeof(*params));
    for (size_t i = 0; i < read.n_params; i++)
        if (!read_param(celeriac_at(list, i), arena, &params[i]))
            return error_set(err, ERROR_DATA,
                             "the signature of task %.64s: parameter %zu cannot be read", read.name,
                             i + 1);
    read.params = params;
    int64_t retries;
    if (celeriac_get_integer(celeriac_get(described, "max_retries"), &retries) && retries >= 0) {
        int *max_retries = arena_alloc(arena, sizeof(*max_retries));
        *max_retries = retries < 1000000 ? (int)retries : 1000000;
        read.max_retries = max_retries;
    }
    struct error why = ERROR_INIT;
    if (!signature_check(&read, &why))
        return error_set(err, ERROR_DATA, "signature: %s", why.message);
    *task = read;
    return true;
}
