/* One row per kind: its name and its test. Bounds are doubles; they are compared with the number
 * itself, with the bytes of a string or with the items of an array. */
#include "client/signature_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"

/* Gives the number that is compared with min and max; false if the value is of another kind. */
typedef bool measure_fn(const struct celeriac_value *value, double *measure);

static bool
measure_any(const struct celeriac_value *value, double *measure)
{
    (void)value;
    *measure = 0;
    return true;
}

static bool
measure_boolean(const struct celeriac_value *value, double *measure)
{
    *measure = 0;
    return celeriac_type(value) == CELERIAC_BOOLEAN;
}

static bool
measure_integer(const struct celeriac_value *value, double *measure)
{
    int64_t n = 0;
    const bool is_integer = celeriac_get_integer(value, &n);
    *measure = (double)n;
    return is_integer;
}

static bool
measure_number(const struct celeriac_value *value, double *measure)
{
    return celeriac_get_number(value, measure) && isfinite(*measure);
}

static bool
measure_bigint(const struct celeriac_value *value, double *measure)
{
    if (celeriac_type(value) != CELERIAC_BIGINT)
        return measure_integer(value, measure);
    if (!measure_number(value, measure))
        *measure = celeriac_bytes(value, NULL)[0] == '-' ? -INFINITY : INFINITY;
    return true;
}

static bool
measure_string(const struct celeriac_value *value, double *measure)
{
    size_t len = 0;
    if (celeriac_type(value) != CELERIAC_STRING)
        return false;
    (void)celeriac_bytes(value, &len);
    *measure = (double)len;
    return true;
}

static bool
measure_array(const struct celeriac_value *value, double *measure)
{
    *measure = (double)celeriac_size(value);
    return celeriac_type(value) == CELERIAC_ARRAY;
}

static bool
measure_object(const struct celeriac_value *value, double *measure)
{
    *measure = (double)celeriac_size(value);
    return celeriac_type(value) == CELERIAC_OBJECT;
}

static const struct kind {
    const char *name;
    const char *expected;
    const char *counted; /* what the bounds count, or "" */
    measure_fn *measure;
} kinds[] = {
    [CELERIAC_ARG_ANY] = {"any", "any value", "", measure_any},
    [CELERIAC_ARG_BOOLEAN] = {"boolean", "true or false", "", measure_boolean},
    [CELERIAC_ARG_INTEGER] = {"integer", "integer", "", measure_integer},
    [CELERIAC_ARG_BIGINT] = {"bigint", "integer", "", measure_bigint},
    [CELERIAC_ARG_NUMBER] = {"number", "number", "", measure_number},
    [CELERIAC_ARG_STRING] = {"string", "string", " bytes", measure_string},
    [CELERIAC_ARG_ARRAY] = {"array", "array", " items", measure_array},
    [CELERIAC_ARG_OBJECT] = {"object", "object", " members", measure_object},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *
kind_name(enum celeriac_arg_kind kind)
{
    return (size_t)kind < KINDS ? kinds[kind].name : NULL;
}

bool
kind_parse(const char *name, enum celeriac_arg_kind *kind)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = (enum celeriac_arg_kind)i;
            return true;
        }
    return false;
}

bool
kind_is_bounded(const struct celeriac_param *param)
{
    return param->min != 0 || param->max != 0;
}

bool
kind_fits(const struct celeriac_param *param, const struct celeriac_value *value)
{
    double measure = 0;
    if (value == NULL || !kinds[param->kind].measure(value, &measure))
        return false;
    return !kind_is_bounded(param) || (measure >= param->min && measure <= param->max);
}

/* 1e15 rather than 1e+15, 1000000 rather than 1e6: short, and nothing is rounded. */
static const char *
bound_text(double x, char *out, size_t size)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, size, "%.*g", digits, x);
        if (strtod(out, NULL) == x)
            break;
    }
    if (x == trunc(x) && fabs(x) < 1e9)
        snprintf(out, size, "%.0f", x);
    char *plus = strstr(out, "e+");
    if (plus != NULL) {
        const size_t zeros = plus[2] == '0' ? 2 : 1;
        memmove(plus + 1, plus + 1 + zeros, strlen(plus + 1 + zeros) + 1);
    }
    return out;
}

const char *
kind_expected(const struct celeriac_param *param, struct celeriac_arena *arena)
{
    const struct kind *kind = &kinds[param->kind];
    char min[40], max[40];
    if (!kind_is_bounded(param))
        return kind->expected;
    bound_text(param->min, min, sizeof(min));
    bound_text(param->max, max, sizeof(max));
    const char *of = kind->counted[0] != '\0' ? " of" : "";
    if (isinf(param->max))
        return arena_printf(arena, "%s%s at least %s%s", kind->expected, of, min, kind->counted);
    if (isinf(param->min))
        return arena_printf(arena, "%s%s at most %s%s", kind->expected, of, max, kind->counted);
    return arena_printf(arena, "%s%s %s..%s%s", kind->expected, of, min, max, kind->counted);
}
