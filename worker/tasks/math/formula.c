/* The variables are copied in before each evaluation: two formulas with the same text share one
 * expression, and what an evaluation leaves behind must not get into the next one. */
#include "worker/tasks/math/formula.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool
formula_read(struct formula *f, struct expression_cache *cache, const struct celeriac_value *string,
             const struct names *names, struct why *why)
{
    struct text text = {NULL, 0};
    if (celeriac_type(string) != CELERIAC_STRING) {
        snprintf(why->text, sizeof(why->text), "expected a string");
        return false;
    }
    text.bytes = celeriac_bytes(string, &text.len);
    struct expression *expression = expression_cache_get(cache, text, names, why);
    if (expression == NULL)
        return false;
    *f = (struct formula){NULL, expression, names->n};
    return true;
}

double
formula_value(struct formula *f, const double *variables)
{
    if (!evaluations_count(f->evaluations))
        return NAN;
    memcpy(expression_variables(f->expression), variables, f->n * sizeof(*variables));
    return expression_value(f->expression);
}

double
formula_at(struct formula *f, double x)
{
    if (!evaluations_count(f->evaluations))
        return NAN;
    expression_variables(f->expression)[0] = x;
    return expression_value(f->expression);
}
