/* An equation is cut at its only '=' and both sides are compiled apart: each must be an expression
 * by itself, and messages count characters from the start of the side. A side without unknowns is
 * computed once. */
#include "worker/tasks/math/equation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct expression *read_side(struct expression_cache *cache, const char *side,
                                    struct text text, const struct names *unknowns,
                                    struct why *why);

static bool
is_equals_sign(struct text text, size_t at)
{
    const char before = at > 0 ? text.bytes[at - 1] : ' ',
               after = at + 1 < text.len ? text.bytes[at + 1] : ' ';
    const bool is_part =
        before == '=' || before == '<' || before == '>' || before == '!' || after == '=';
    return text.bytes[at] == '=' && !is_part;
}

/* Gives the length if there is none. */
static size_t
find_equals_sign(struct text text, size_t from)
{
    while (from < text.len && !is_equals_sign(text, from))
        from++;
    return from;
}

static bool
uses_any(const struct expression *e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (expression_uses(e, i))
            return true;
    return false;
}

bool
equation_cut(struct text text, struct text *left, struct text *right, struct why *why)
{
    const size_t sign = find_equals_sign(text, 0);
    *left = (struct text){text.bytes, sign};
    *right = (struct text){NULL, 0};
    if (sign == text.len)
        return true;
    if (find_equals_sign(text, sign + 1) < text.len) {
        snprintf(why->text, sizeof(why->text), "more than one '=': expected left = right");
        return false;
    }
    *right = (struct text){text.bytes + sign + 1, text.len - sign - 1};
    return true;
}

bool
equation_read(struct equation *eq, struct expression_cache *cache, struct text text,
              const struct names *unknowns, struct why *why)
{
    struct text left, right;
    *eq = (struct equation){.n_unknowns = unknowns->n};
    if (!equation_cut(text, &left, &right, why))
        return false;
    const bool has_sign = right.bytes != NULL;
    eq->left = read_side(cache, has_sign ? "left side, " : "", left, unknowns, why);
    if (eq->left == NULL || !has_sign)
        return eq->left != NULL;
    eq->right = read_side(cache, "right side, ", right, unknowns, why);
    if (eq->right == NULL)
        return false;
    if (!uses_any(eq->right, unknowns->n)) {
        eq->right_constant = expression_value(eq->right);
        eq->right = NULL;
    }
    return true;
}

static struct expression *
read_side(struct expression_cache *cache, const char *side, struct text text,
          const struct names *unknowns, struct why *why)
{
    struct why reason;
    struct expression *e = expression_cache_get(cache, text, unknowns, &reason);
    if (e == NULL)
        snprintf(why->text, sizeof(why->text), "%s%.200s", side, reason.text);
    return e;
}

bool
equation_uses(const struct equation *eq, size_t i)
{
    return expression_uses(eq->left, i) || (eq->right != NULL && expression_uses(eq->right, i));
}

static double
side_value(struct expression *e, const double *unknowns, size_t n)
{
    memcpy(expression_variables(e), unknowns, n * sizeof(*unknowns));
    return expression_value(e);
}

double
equation_value(struct equation *eq, const double *unknowns)
{
    if (!evaluations_count(eq->evaluations))
        return NAN;
    const double left = side_value(eq->left, unknowns, eq->n_unknowns);
    return left - (eq->right != NULL ? side_value(eq->right, unknowns, eq->n_unknowns)
                                     : eq->right_constant);
}

double
equation_at(struct equation *eq, double x)
{
    return equation_value(eq, &x);
}

double
equation_scale(struct equation *eq, double x)
{
    if (!evaluations_count(eq->evaluations))
        return NAN;
    const double left = side_value(eq->left, &x, 1);
    return fabs(left) + fabs(eq->right != NULL ? side_value(eq->right, &x, 1) : eq->right_constant);
}
