/* Objects have each key once, so names need no check for that. */
#include "worker/tasks/math/named_numbers.h"

#include <math.h>
#include <stdio.h>

bool
named_numbers_read(struct named_numbers *out, const struct celeriac_value *object, size_t max,
                   struct why *why)
{
    const size_t n = out->names.n = celeriac_size(object);
    if (n > max) {
        snprintf(why->text, sizeof(why->text), "%zu names: expected at most %zu", n, max);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const char *name;
        const struct celeriac_value *value = celeriac_entry(object, i, &name);
        const bool is_number =
            celeriac_get_number(value, &out->values[i]) && isfinite(out->values[i]);
        out->names.items[i] = name;
        if (is_number && expression_is_name(name))
            continue;
        snprintf(why->text, sizeof(why->text), "\"%.64s\": expected %s", name,
                 is_number ? "a name of letters, digits and '_'" : "a number as its value");
        return false;
    }
    return true;
}

struct celeriac_value *
named_numbers_value(struct celeriac_arena *arena, const struct names *names, const double *values)
{
    struct celeriac_value *object = celeriac_object(arena);
    for (size_t i = 0; i < names->n; i++)
        celeriac_set(object, names->items[i], celeriac_number(arena, values[i]));
    return object;
}
