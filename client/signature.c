/* Signatures: is a declaration in order, and its one line for people. Binding arguments is in
 * signature_bind.c, the published form in signature_json.c, the kinds in signature_kind.c. Pure
 * functions; any thread. */
#include "client/signature.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "client/context.h"
#include "client/signature_kind.h"
#include "common/arena.h"
#include "common/json.h"

static bool param_check(const struct celeriac_task *task, size_t i, struct error *err);
static bool fallback_check(const struct celeriac_task *task, const struct celeriac_param *param,
                           struct error *err);

static bool
is_task_name(const char *name)
{
    if (name == NULL || name[0] == '\0' || strlen(name) > TASK_NAME_MAX)
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("_.-", *c) == NULL)
            return false;
    return true;
}

static bool
is_param_name(const char *name)
{
    if (name == NULL || name[0] == '\0' || strlen(name) > TASK_NAME_MAX ||
        isdigit((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '_')
            return false;
    return true;
}

bool
signature_check(const struct celeriac_task *task, struct error *err)
{
    if (!is_task_name(task->name))
        return error_set(err, ERROR_CONFIG,
                         "task name \"%.80s\": expected 1 to 64 letters, digits, '_', '.' or '-'",
                         task->name != NULL ? task->name : "");
    if (task->n_params > CONTEXT_ARGS_MAX || (task->n_params > 0 && task->params == NULL))
        return error_set(err, ERROR_CONFIG, "task %s: %zu parameters: expected at most %d",
                         task->name, task->n_params, CONTEXT_ARGS_MAX);
    if (task->max_retries != NULL && *task->max_retries < 0)
        return error_set(err, ERROR_CONFIG, "task %s: max_retries = %d: expected 0 or more",
                         task->name, *task->max_retries);
    for (size_t i = 0; i < task->n_params; i++)
        if (!param_check(task, i, err))
            return false;
    return true;
}

static bool
param_check(const struct celeriac_task *task, size_t i, struct error *err)
{
    const struct celeriac_param *param = &task->params[i];
    if (!is_param_name(param->name))
        return error_set(err, ERROR_CONFIG,
                         "task %s: parameter %zu: name \"%.80s\": expected a letter or '_', then "
                         "letters, digits, '_'",
                         task->name, i + 1, param->name != NULL ? param->name : "");
    for (size_t k = 0; k < i; k++)
        if (strcmp(task->params[k].name, param->name) == 0)
            return error_set(err, ERROR_CONFIG, "task %s: two parameters are called %s", task->name,
                             param->name);
    if (kind_name(param->kind) == NULL)
        return error_set(err, ERROR_CONFIG, "task %s: parameter %s: kind %d does not exist",
                         task->name, param->name, (int)param->kind);
    if (!(param->min <= param->max))
        return error_set(err, ERROR_CONFIG, "task %s: parameter %s: min %g is above max %g",
                         task->name, param->name, param->min, param->max);
    if (!param->optional && i > 0 && task->params[i - 1].optional)
        return error_set(err, ERROR_CONFIG,
                         "task %s: parameter %s is required but follows the optional %s",
                         task->name, param->name, task->params[i - 1].name);
    return param->fallback == NULL || fallback_check(task, param, err);
}

static bool
fallback_check(const struct celeriac_task *task, const struct celeriac_param *param,
               struct error *err)
{
    if (!param->optional)
        return error_set(err, ERROR_CONFIG, "task %s: parameter %s is required and has a fallback",
                         task->name, param->name);
    struct celeriac_arena *arena = arena_new();
    struct error why = ERROR_INIT;
    const struct celeriac_value *value =
        json_parse(arena, param->fallback, strlen(param->fallback), &why);
    bool is_good = true;
    if (value == NULL)
        is_good = error_set(err, ERROR_CONFIG, "task %s: parameter %s: fallback %.80s: %s",
                            task->name, param->name, param->fallback, why.message);
    else if (!kind_fits(param, value))
        is_good = error_set(err, ERROR_CONFIG, "task %s: parameter %s: fallback %.80s: expected %s",
                            task->name, param->name, param->fallback, kind_expected(param, arena));
    arena_free(arena);
    return is_good;
}

const char *
signature_text(const struct celeriac_task *task, struct celeriac_arena *arena)
{
    const char *text = arena_printf(arena, "%s(", task->name);
    for (size_t i = 0; i < task->n_params; i++) {
        const struct celeriac_param *param = &task->params[i];
        text = arena_printf(arena, param->optional ? "%s%s[%s]" : "%s%s%s", text, i > 0 ? ", " : "",
                            param->name);
    }
    return arena_printf(arena, "%s)", text);
}

const char *
signature_type(const struct celeriac_param *param, struct celeriac_arena *arena)
{
    return kind_expected(param, arena);
}
