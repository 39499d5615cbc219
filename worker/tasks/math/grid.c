/* Points of a range are computed from both ends, so that 0.1, 0.2, ... come out as such. */
#include "worker/tasks/math/grid.h"

#include <math.h>
#include <stdio.h>

static const double AXIS_MAX = 1e9;

static bool
refuse(struct why *why, const char *name, const char *expected)
{
    snprintf(why->text, sizeof(why->text), "\"%.64s\": expected %s", name, expected);
    return false;
}

static bool
read_list(struct axis *axis, const struct celeriac_value *list)
{
    double ignored;
    axis->is_list = true;
    axis->list = list;
    axis->n = celeriac_size(list);
    for (size_t i = 0; i < axis->n; i++)
        if (!celeriac_get_number(celeriac_at(list, i), &ignored) || !isfinite(ignored))
            return false;
    return axis->n > 0;
}

static bool
read_range(struct axis *axis, const struct celeriac_value *range)
{
    int64_t n = 0;
    const bool is_there = celeriac_size(range) == 3 &&
                          celeriac_get_number(celeriac_get(range, "from"), &axis->from) &&
                          celeriac_get_number(celeriac_get(range, "to"), &axis->to) &&
                          celeriac_get_integer(celeriac_get(range, "n"), &n);
    axis->n = (size_t)n;
    return is_there && n >= 1 && (double)n <= AXIS_MAX && isfinite(axis->from) &&
           isfinite(axis->to) && isfinite(axis->to - axis->from);
}

static bool
read_axis(struct axis *axis, const struct celeriac_value *value)
{
    *axis = (struct axis){0};
    return celeriac_type(value) == CELERIAC_ARRAY ? read_list(axis, value)
                                                  : read_range(axis, value);
}

bool
grid_read(struct grid *grid, const struct celeriac_value *axes, struct why *why)
{
    double points = 1;
    grid->names.n = celeriac_size(axes);
    if (grid->names.n == 0 || grid->names.n > GRID_AXES_MAX) {
        snprintf(why->text, sizeof(why->text), "%zu variables: expected 1..%d", grid->names.n,
                 GRID_AXES_MAX);
        return false;
    }
    for (size_t i = 0; i < grid->names.n; i++) {
        const char *name;
        const struct celeriac_value *value = celeriac_entry(axes, i, &name);
        grid->names.items[i] = name;
        if (!expression_is_name(name))
            return refuse(why, name, "a name of letters, digits and '_'");
        if (!read_axis(&grid->axes[i], value))
            return refuse(why, name,
                          "an array of numbers, or {\"from\":..,\"to\":..,\"n\":1..1e9}");
        points *= (double)grid->axes[i].n;
    }
    if (points > GRID_POINTS_MAX) {
        snprintf(why->text, sizeof(why->text), "%g points: expected at most %g", points,
                 GRID_POINTS_MAX);
        return false;
    }
    grid->points = (int64_t)points;
    return true;
}

double
axis_at(const struct axis *axis, size_t i)
{
    double x = 0;
    if (axis->is_list) {
        (void)celeriac_get_number(celeriac_at(axis->list, i), &x);
        return x;
    }
    if (axis->n == 1)
        return axis->from;
    const double last = (double)(axis->n - 1), k = (double)i;
    if (fmax(fabs(axis->from), fabs(axis->to)) > 1e290)
        return axis->from + (axis->to - axis->from) * (k / last);
    return (axis->from * (last - k) + axis->to * k) / last;
}

struct celeriac_value *
axis_value(const struct axis *axis, struct celeriac_arena *arena)
{
    struct celeriac_value *array = celeriac_array(arena);
    for (size_t i = 0; i < axis->n; i++)
        celeriac_append(array, celeriac_number(arena, axis_at(axis, i)));
    return array;
}
