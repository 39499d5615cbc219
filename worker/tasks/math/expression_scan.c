/* A lexer that refuses what muParser would accept (assignment, lists, strings) or would explain
 * badly (unknown names, a forgotten '*'), keeps length and nesting small, and collects the names in
 * use, so that only these are defined. */
#include "worker/tasks/math/expression_scan.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
    const char *text;
    size_t len, at;
    const struct names *names;
    struct scan *scan;
    unsigned depth;
    bool is_call[EXPRESSION_NESTING_MAX + 1]; /* by depth: are these the arguments of a function? */
    bool after_function;                      /* the name of one was just read */
    bool after_operand;                       /* a number, a name or ')' was just read */
    struct why *why;
};

static bool read_number(struct lexer *l);
static bool read_name(struct lexer *l);
static bool read_sign(struct lexer *l);
static bool add_name(struct lexer *l, const char *name, size_t len, bool is_called);

static bool __attribute__((format(printf, 3, 4)))
refuse(struct lexer *l, size_t at, const char *format, ...)
{
    va_list args;
    const int used = snprintf(l->why->text, sizeof(l->why->text), "character %zu: ", at + 1);
    va_start(args, format);
    vsnprintf(l->why->text + used, sizeof(l->why->text) - (size_t)used, format, args);
    va_end(args);
    return false;
}

static int
char_at(const struct lexer *l, size_t at)
{
    return at < l->len ? (unsigned char)l->text[at] : 0;
}

static bool
is_name_char(int c)
{
    return c < 128 && (isalnum(c) || c == '_');
}

bool
expression_scan(struct text text, const struct names *names, struct scan *scan, struct why *why)
{
    struct lexer l = {
        .text = text.bytes, .len = text.len, .names = names, .scan = scan, .why = why};
    memset(scan, 0, sizeof(*scan));
    if (text.len > EXPRESSION_TEXT_MAX) {
        snprintf(why->text, sizeof(why->text), "%zu characters: expected at most %d", text.len,
                 EXPRESSION_TEXT_MAX);
        return false;
    }
    while (l.at < text.len) {
        const int c = char_at(&l, l.at);
        if (c == ' ' || (c >= '\t' && c <= '\r'))
            l.at++;
        else if (!(c < 128 && (isdigit(c) || c == '.') ? read_number(&l)
                   : is_name_char(c)                   ? read_name(&l)
                                                       : read_sign(&l)))
            return false;
    }
    return true;
}

static size_t
skip_digits(const struct lexer *l, size_t at)
{
    while (at < l->len && isdigit((unsigned char)l->text[at]))
        at++;
    return at;
}

static bool
read_number(struct lexer *l)
{
    const size_t start = l->at;
    size_t end = skip_digits(l, start);
    const bool has_point = char_at(l, end) == '.';
    if (has_point)
        end = skip_digits(l, end + 1);
    if (has_point && end == start + 1)
        return refuse(l, start, "a point alone: expected a number such as 0.5");
    if (char_at(l, end) == 'e' || char_at(l, end) == 'E') {
        const size_t sign = char_at(l, end + 1) == '+' || char_at(l, end + 1) == '-';
        const size_t exponent = skip_digits(l, end + 1 + sign);
        end = exponent > end + 1 + sign ? exponent : end;
    }
    char digits[EXPRESSION_TEXT_MAX + 1];
    memcpy(digits, l->text + start, end - start);
    digits[end - start] = '\0';
    if (isinf(strtod(digits, NULL)))
        return refuse(l, start, "a number beyond 1.8e308");
    if (is_name_char(char_at(l, end)) || char_at(l, end) == '.')
        return refuse(l, end, "expected an operator behind a number, such as 2*x");
    if (l->after_operand)
        return refuse(l, start, "expected an operator before a number");
    l->at = end;
    l->after_operand = true;
    return true;
}

static bool
read_name(struct lexer *l)
{
    const size_t start = l->at;
    size_t end = start;
    while (is_name_char(char_at(l, end)))
        end++;
    size_t next = end;
    while (char_at(l, next) == ' ')
        next++;
    if (l->after_operand)
        return refuse(l, start, "expected an operator before a name");
    l->after_function = char_at(l, next) == '(';
    if (!add_name(l, l->text + start, end - start, l->after_function))
        return false;
    l->at = end;
    l->after_operand = true;
    return true;
}

static size_t
find_variable(const struct lexer *l, const char *name, size_t len)
{
    size_t i = 0;
    const struct names *names = l->names;
    while (i < names->n &&
           !(strlen(names->items[i]) == len && memcmp(names->items[i], name, len) == 0))
        i++;
    return i;
}

static bool
unknown(struct lexer *l, const char *name, size_t len)
{
    char known[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < l->names->n && used + strlen(l->names->items[i]) + 3 < sizeof(known);
         i++)
        used += (size_t)snprintf(known + used, sizeof(known) - used, "%s, ", l->names->items[i]);
    return refuse(l, (size_t)(name - l->text),
                  "\"%.*s\" is not known: expected %spi, e or a function", len < 40 ? (int)len : 40,
                  name, known);
}

static bool
add_function(struct lexer *l, const char *name, size_t len)
{
    const struct function *f = function_find(name, len);
    const size_t at = (size_t)(name - l->text);
    struct scan *scan = l->scan;
    double ignored;
    const size_t variable = find_variable(l, name, len);
    if (f == NULL && (variable < l->names->n || constant_find(name, len, &ignored)))
        return refuse(l, at, "\"%.*s\" is no function: expected an operator before the parenthesis",
                      (int)len, name);
    if (f == NULL)
        return refuse(l, at, "no function is called \"%.*s\"", len < 40 ? (int)len : 40, name);
    for (size_t i = 0; i < scan->n_functions; i++)
        if (scan->functions[i] == f)
            return true;
    if (scan->n_functions == SCAN_FUNCTIONS_MAX)
        return refuse(l, at, "too many functions");
    scan->functions[scan->n_functions++] = f;
    return true;
}

static bool
add_constant(struct lexer *l, const char *name, size_t len, double value)
{
    struct scan *scan = l->scan;
    for (size_t i = 0; i < scan->n_constants; i++)
        if (strlen(scan->constants[i].name) == len &&
            memcmp(scan->constants[i].name, name, len) == 0)
            return true;
    if (scan->n_constants == SCAN_CONSTANTS_MAX || len >= sizeof(scan->constants[0].name))
        return refuse(l, (size_t)(name - l->text), "too many constants");
    memcpy(scan->constants[scan->n_constants].name, name, len);
    scan->constants[scan->n_constants++].value = value;
    return true;
}

static bool
add_name(struct lexer *l, const char *name, size_t len, bool is_called)
{
    const size_t variable = find_variable(l, name, len);
    double value;
    if (is_called)
        return add_function(l, name, len);
    if (variable < l->names->n) {
        if (function_find(name, len) != NULL)
            return refuse(l, (size_t)(name - l->text),
                          "\"%.*s\" is a function: expected another name for a variable", (int)len,
                          name);
        l->scan->uses[variable] = true;
        return true;
    }
    if (constant_find(name, len, &value))
        return add_constant(l, name, len, value);
    if (function_find(name, len) != NULL)
        return refuse(l, (size_t)(name - l->text) + len, "expected '(' behind the function %.*s",
                      (int)len, name);
    return unknown(l, name, len);
}

static bool
open_parenthesis(struct lexer *l)
{
    if (l->depth == EXPRESSION_NESTING_MAX)
        return refuse(l, l->at, "parentheses nested deeper than %d", EXPRESSION_NESTING_MAX);
    if (l->after_operand && !l->after_function)
        return refuse(l, l->at, "expected an operator before '('");
    l->is_call[++l->depth] = l->after_function;
    l->after_operand = l->after_function = false;
    l->at++;
    return true;
}

static bool
close_parenthesis(struct lexer *l)
{
    if (l->depth == 0)
        return refuse(l, l->at, "')' without '('");
    l->depth--;
    l->after_operand = true;
    l->at++;
    return true;
}

static bool
bad_character(struct lexer *l, int c)
{
    if (c == '=')
        return refuse(l, l->at, "'=' is not possible here; to compare write ==");
    if (c > ' ' && c < 127)
        return refuse(l, l->at, "'%c' is not possible here", c);
    return refuse(l, l->at, "byte 0x%02x is not possible here: expected plain ASCII", (unsigned)c);
}

static bool
read_sign(struct lexer *l)
{
    static const char pairs[][3] = {"==", "!=", "<=", ">=", "&&", "||"};
    const int c = char_at(l, l->at);
    if (c == '(')
        return open_parenthesis(l);
    if (c == ')')
        return close_parenthesis(l);
    if (c == ',' && !(l->depth > 0 && l->is_call[l->depth]))
        return refuse(l, l->at, "a comma outside of a function's arguments");
    size_t width = 0;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (c == pairs[i][0] && char_at(l, l->at + 1) == pairs[i][1])
            width = 2;
    if (width == 0 && c != 0 && strchr("+-*/^<>?:,", c) != NULL)
        width = 1;
    if (width == 0)
        return bad_character(l, c);
    l->after_operand = l->after_function = false;
    l->at += width;
    return true;
}
