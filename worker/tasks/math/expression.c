/* The wrapper around muParser's C interface, by its traps:
 * - one handle per expression, used by one thread at a time; it is dropped after any error;
 * - mupGetErrorMsg and the functions that give names write static buffers and are never called:
 * messages are made from code and position;
 * - it would assign to variables and accept lists and strings: expression_scan has refused them
 * before;
 * - its tables of functions and constants are emptied and filled with what the expression uses. */
#include "worker/tasks/math/expression.h"

#include <ctype.h>
#include <muParserDLL.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/tasks/math/expression_scan.h"

struct expression {
    muParserHandle_t parser;
    bool uses[EXPRESSION_VARIABLES_MAX];
    double variables[EXPRESSION_VARIABLES_MAX];
};

static _Atomic unsigned long n_compilations; /* looked at by tests */

static void define(struct expression *e, const struct scan *scan, const struct names *names);
static bool compile(struct expression *e, struct text text, struct why *why);
static void explain(muParserHandle_t parser, size_t len, struct why *why);

void
expression_prepare(void)
{
    static const struct names no_names = {.n = 0};
    struct why why;
    expression_free(expression_new((struct text){"1", 1}, &no_names, &why));
    expression_free(
        expression_new((struct text){"(1", 2}, &no_names, &why)); /* NULL: the table of errors */
}

bool
expression_is_name(const char *name)
{
    const size_t len = strlen(name);
    if (len == 0 || len > EXPRESSION_NAME_MAX || isdigit((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] > 127 || (!isalnum((unsigned char)name[i]) && name[i] != '_'))
            return false;
    return true;
}

struct expression *
expression_new(struct text text, const struct names *names, struct why *why)
{
    struct scan scan;
    if (!expression_scan(text, names, &scan, why))
        return NULL;
    struct expression *e = calloc(1, sizeof(*e));
    if (e == NULL)
        abort();
    memcpy(e->uses, scan.uses, sizeof(e->uses));
    e->parser = mupCreate(muBASETYPE_FLOAT);
    define(e, &scan, names);
    if (compile(e, text, why)) {
        (void)atomic_fetch_add_explicit(&n_compilations, 1, memory_order_relaxed);
        return e;
    }
    expression_free(e);
    return NULL;
}

void
expression_free(struct expression *e)
{
    if (e == NULL)
        return;
    mupRelease(e->parser);
    free(e);
}

unsigned long
expression_compilations(void)
{
    return atomic_load_explicit(&n_compilations, memory_order_relaxed);
}

double *
expression_variables(struct expression *e)
{
    return e->variables;
}

bool
expression_uses(const struct expression *e, size_t i)
{
    return i < EXPRESSION_VARIABLES_MAX && e->uses[i];
}

double
expression_value(struct expression *e)
{
    return mupEval(e->parser);
}

static void
define(struct expression *e, const struct scan *scan, const struct names *names)
{
    mupClearFun(e->parser);
    mupClearConst(e->parser);
    for (size_t i = 0; i < scan->n_functions; i++) {
        const struct function *f = scan->functions[i];
        if (f->arity == 1)
            mupDefineFun1(e->parser, f->name, f->one, true);
        else if (f->arity == 2)
            mupDefineFun2(e->parser, f->name, f->two, true);
        else
            mupDefineMultFun(e->parser, f->name, f->any, true);
    }
    for (size_t i = 0; i < scan->n_constants; i++)
        mupDefineConst(e->parser, scan->constants[i].name, scan->constants[i].value);
    for (size_t i = 0; i < names->n; i++)
        if (e->uses[i])
            mupDefineVar(e->parser, names->items[i], &e->variables[i]);
}

/* muParser parses in the first evaluation. */
static bool
compile(struct expression *e, struct text text, struct why *why)
{
    char copy[EXPRESSION_TEXT_MAX + 1];
    for (size_t i = 0; i < text.len; i++)
        copy[i] = isspace((unsigned char)text.bytes[i]) ? ' ' : text.bytes[i];
    copy[text.len] = '\0';
    mupSetExpr(e->parser, copy);
    if (!mupError(e->parser))
        (void)mupEval(e->parser);
    if (!mupError(e->parser))
        return true;
    explain(e->parser, text.len, why);
    return false;
}

/* From muParserDef.h, EErrorCodes, which only C++ can include. `is_behind`: the position is that of
 * the last character, counted from 1; for all others it is that of the first, counted from 0. */
static const struct cause {
    int code;
    bool is_behind;
    const char *text;
} causes[] = {
    {0, true, "an operator where a value is expected"},
    {2, false, "the expression ends too early: expected a value"},
    {3, false, "an unexpected comma"},
    {4, false, "an unexpected argument"},
    {5, false, "expected an operator before the value"},
    {6, false, "expected an operator before the name"},
    {7, false, "an unexpected parenthesis"},
    {11, false, "expected ')'"},
    {12, false, "expected an operator before the function"},
    {14, false, "too many arguments for the function"},
    {15, false, "too few arguments for the function"},
    {25, false, "the expression is empty"},
    {32, true, "an unexpected '?'"},
    {33, false, "'?' without ':'"},
    {34, true, "':' without '?'"},
};

static void
explain(muParserHandle_t parser, size_t len, struct why *why)
{
    const int code = mupGetErrorCode(parser), position = mupGetErrorPos(parser);
    const struct cause *cause = NULL;
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (causes[i].code == code)
            cause = &causes[i];
    const char *text = cause != NULL ? cause->text : "not an expression";
    if (position < 0 || len == 0) {
        snprintf(why->text, sizeof(why->text), "%s", text);
        return;
    }
    size_t at = (size_t)position + (cause != NULL && cause->is_behind ? 0 : 1);
    at = at > len ? len : at < 1 ? 1 : at;
    snprintf(why->text, sizeof(why->text), "character %zu: %s", at, text);
}
