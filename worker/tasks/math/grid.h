/* The places at which a table is computed: the product of some axes. */
#ifndef TASKS_MATH_GRID_H
#define TASKS_MATH_GRID_H

#include "client/celeriac_task.h"
#include "worker/tasks/math/expression.h"

enum { GRID_AXES_MAX = 8 };
static const double GRID_POINTS_MAX = 1e10;

struct axis {
    size_t n;
    bool is_list;
    double from, to; /* n values at equal distances, both ends included */
    const struct celeriac_value *list;
};

struct grid {
    struct names names;
    struct axis axes[GRID_AXES_MAX]; /* the last one varies fastest */
    int64_t points;
};

/* From {"x": {"from": 0, "to": 1, "n": 11}, "y": [1, 2, 5]}; lists are borrowed. False: `why`. */
bool grid_read(struct grid *grid, const struct celeriac_value *axes, struct why *why);
double axis_at(const struct axis *axis, size_t i);
struct celeriac_value *axis_value(const struct axis *axis, struct celeriac_arena *arena);

#endif
