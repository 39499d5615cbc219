/* Matching arguments to parameters. Positions first, then names; what is left gets its fallback. A
 * null for an optional parameter counts as left out, unless the parameter takes any value. Messages
 * are written for the person who typed the arguments: task, parameter, value, what was expected. */
#include "client/signature.h"

#include <string.h>

#include "client/signature_kind.h"
#include "common/arena.h"

enum { SHOWN_MAX = 60 };

static bool bind_positions(const struct celeriac_task *task, const struct celeriac_value *args,
                           const struct celeriac_value **bound, struct error *err);
static bool bind_names(const struct celeriac_task *task, const struct celeriac_value *kwargs,
                       const struct celeriac_value **bound, struct error *err);
static bool bind_check(const struct celeriac_task *task, const struct celeriac_param *param,
                       struct celeriac_arena *arena, const struct celeriac_value **bound,
                       struct error *err);

bool
signature_bind(const struct celeriac_task *task, const struct celeriac_value *args,
               const struct celeriac_value *kwargs, struct celeriac_arena *arena,
               const struct celeriac_value **bound, struct error *err)
{
    for (size_t i = 0; i < task->n_params; i++)
        bound[i] = NULL;
    if (!bind_positions(task, args, bound, err) || !bind_names(task, kwargs, bound, err))
        return false;
    for (size_t i = 0; i < task->n_params; i++)
        if (!bind_check(task, &task->params[i], arena, &bound[i], err))
            return false;
    return true;
}

static bool
bind_positions(const struct celeriac_task *task, const struct celeriac_value *args,
               const struct celeriac_value **bound, struct error *err)
{
    if (args == NULL)
        return true;
    if (celeriac_type(args) != CELERIAC_ARRAY)
        return error_set(err, ERROR_USAGE,
                         "%s: the list of arguments is of another type: expected an array",
                         task->name);
    const size_t n = celeriac_size(args);
    if (n > task->n_params)
        return error_set(err, ERROR_USAGE, "%s: %zu arguments: expected at most %zu", task->name, n,
                         task->n_params);
    for (size_t i = 0; i < n; i++)
        bound[i] = celeriac_at(args, i);
    return true;
}

static size_t
find_param(const struct celeriac_task *task, const char *name)
{
    size_t i = 0;
    while (i < task->n_params && strcmp(task->params[i].name, name) != 0)
        i++;
    return i;
}

static bool
unknown_name(const struct celeriac_task *task, const char *name, struct error *err)
{
    char known[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < task->n_params; i++) {
        const char *param = task->params[i].name;
        if (len + strlen(param) + 3 > sizeof(known))
            break;
        len += (size_t)(stpcpy(stpcpy(known + len, i > 0 ? ", " : ""), param) - (known + len));
    }
    return error_set(err, ERROR_USAGE, "%s: no parameter is called \"%.60s\": expected %s",
                     task->name, name, len > 0 ? known : "none");
}

static bool
bind_names(const struct celeriac_task *task, const struct celeriac_value *kwargs,
           const struct celeriac_value **bound, struct error *err)
{
    if (kwargs == NULL)
        return true;
    if (celeriac_type(kwargs) != CELERIAC_OBJECT)
        return error_set(err, ERROR_USAGE,
                         "%s: the keyword arguments are of another type: expected an object",
                         task->name);
    for (size_t i = 0; i < celeriac_size(kwargs); i++) {
        const char *name = NULL;
        const struct celeriac_value *value = celeriac_entry(kwargs, i, &name);
        const size_t at = find_param(task, name);
        if (at == task->n_params)
            return unknown_name(task, name, err);
        if (bound[at] != NULL)
            return error_set(err, ERROR_USAGE, "%s: %s is given twice, by position and by name",
                             task->name, name);
        bound[at] = value;
    }
    return true;
}

/* The value as it was typed, cut short; large ones by their size, so that nothing long is printed
 * to be thrown away. */
static const char *
shown(const struct celeriac_value *value, struct celeriac_arena *arena)
{
    size_t len = 0;
    switch (celeriac_type(value)) {
    case CELERIAC_ARRAY:
        return arena_printf(arena, "an array of %zu", celeriac_size(value));
    case CELERIAC_OBJECT:
        return arena_printf(arena, "an object of %zu", celeriac_size(value));
    case CELERIAC_STRING:
    case CELERIAC_BIGINT:
    case CELERIAC_BINARY: {
        const char *bytes = celeriac_bytes(value, &len);
        if (len <= SHOWN_MAX)
            break;
        return celeriac_type(value) == CELERIAC_BINARY
                   ? arena_printf(arena, "%zu bytes", len)
                   : arena_printf(arena, "%.20s... (%zu bytes)", bytes, len);
    }
    case CELERIAC_NULL:
    case CELERIAC_BOOLEAN:
    case CELERIAC_INTEGER:
    case CELERIAC_NUMBER:
        break;
    }
    return celeriac_print(arena, value);
}

static bool
bind_check(const struct celeriac_task *task, const struct celeriac_param *param,
           struct celeriac_arena *arena, const struct celeriac_value **bound, struct error *err)
{
    const bool is_null = *bound != NULL && celeriac_type(*bound) == CELERIAC_NULL;
    if (is_null && param->optional && param->kind != CELERIAC_ARG_ANY)
        *bound = NULL;
    if (*bound != NULL) {
        if (kind_fits(param, *bound))
            return true;
        return error_set(err, ERROR_USAGE, "%s: %s = %s: expected %s", task->name, param->name,
                         shown(*bound, arena), kind_expected(param, arena));
    }
    if (!param->optional)
        return error_set(err, ERROR_USAGE, "%s: argument %s is missing: expected %s", task->name,
                         param->name, kind_expected(param, arena));
    if (param->fallback != NULL)
        *bound = celeriac_parse(arena, param->fallback, strlen(param->fallback), NULL, 0);
    return true;
}
