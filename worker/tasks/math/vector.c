/* An empty vector is an address too, since libraries want one. */
#include "worker/tasks/math/vector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool
vector_read(double *x, size_t n, const struct celeriac_value *array, struct why *why)
{
    if (celeriac_type(array) != CELERIAC_ARRAY || celeriac_size(array) != n) {
        snprintf(why->text, sizeof(why->text), "expected an array of %zu numbers", n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (celeriac_get_number(celeriac_at(array, i), &x[i]) && isfinite(x[i]))
            continue;
        snprintf(why->text, sizeof(why->text), "item %zu: expected a number", i + 1);
        return false;
    }
    return true;
}

struct celeriac_value *
vector_value(struct celeriac_arena *arena, const double *x, size_t n)
{
    struct celeriac_value *array = celeriac_array(arena);
    for (size_t i = 0; i < n; i++)
        celeriac_append(array, celeriac_number(arena, x[i]));
    return array;
}

double *
vector_new(size_t n)
{
    double *x = calloc(n > 0 ? n : 1, sizeof(*x));
    if (x == NULL)
        abort();
    return x;
}
