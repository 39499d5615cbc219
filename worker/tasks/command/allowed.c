/* The list of allowed programs.
 *
 *     # a comment
 *     [word-count]                          what jobs call it
 *     program = /usr/bin/wc -w              path, first arguments; "quotes" keep blanks
 *     variables = LC_ALL TZ                 which environment variables a job may set; else none
 *     timeout = 10s                         ms, s, m, h; a job can ask for less, not for more
 *     memory = 512M                         K, M, G, of address space; likewise
 *     directory = /var/tmp                  where it runs; else /
 *
 * A path is absolute, or begins with ./ and is meant from where the list stands.
 *
 * It is read once, when a process that runs tasks begins. What is not understood is an error: a
 * limit that is misspelt must not look as if it were obeyed. A job's variables must be named here,
 * since many programs run what some variable names (LD_PRELOAD, BASH_ENV, PYTHONPATH, ...). */
#include "worker/tasks/command/allowed.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
    struct allowed_list *list;
    const char *path;
    char why[256];
};

/* Always false. */
__attribute__((format(printf, 2, 3))) static bool
wrong(struct reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->why, sizeof(r->why), format, args);
    va_end(args);
    return false;
}

static char *
copy(const char *text)
{
    char *out = strdup(text);
    if (out == NULL)
        abort();
    return out;
}

static char *
trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

/* Cuts the text into words; NULL at the end of `out`. */
static bool
split(struct reader *r, char *text, char *out[ALLOWED_WORDS_MAX + 1])
{
    size_t n = 0;
    if (out[0] != NULL)
        return wrong(r, "given twice");
    while (*(text = trim(text)) != '\0') {
        const bool is_quoted = *text == '"';
        const size_t len = is_quoted ? strcspn(++text, "\"") : strcspn(text, " \t");
        const bool is_last = text[len] == '\0';
        if (is_quoted && is_last)
            return wrong(r, "a quote is not closed");
        if (n == ALLOWED_WORDS_MAX)
            return wrong(r, "more than %d words", ALLOWED_WORDS_MAX);
        text[len] = '\0';
        out[n++] = copy(text);
        text += len + (is_last ? 0 : 1);
    }
    return n > 0 || wrong(r, "nothing behind the =");
}

/* "./x" becomes "x" in the directory of the list. */
static bool
resolve(struct reader *r, char **word)
{
    char *list = realpath(r->path, NULL), *whole = NULL;
    if (list == NULL)
        return wrong(r, "%.100s: %s", r->path, strerror(errno));
    *strrchr(list, '/') = '\0';
    if (asprintf(&whole, "%s/%s", list, *word + 2) < 0)
        abort();
    free(list);
    free(*word);
    *word = whole;
    return true;
}

static bool
read_program(struct reader *r, struct allowed *a, char *value)
{
    if (!split(r, value, a->words))
        return false;
    if (strncmp(a->words[0], "./", 2) == 0 && !resolve(r, &a->words[0]))
        return false;
    if (a->words[0][0] != '/')
        return wrong(r, "%.100s: expected an absolute path, or ./ and a path from this file",
                     a->words[0]);
    if (access(a->words[0], X_OK) != 0)
        return wrong(r, "%.100s: %s", a->words[0], strerror(errno));
    return true;
}

static bool
read_variables(struct reader *r, struct allowed *a, char *value)
{
    return split(r, value, a->variables);
}

struct unit {
    const char *name;
    double size;
};

/* A number above 0 with a unit. */
static bool
read_amount(struct reader *r, const char *value, const struct unit *units, double *out)
{
    char *end;
    *out = strtod(value, &end);
    for (; units->name != NULL; units++)
        if (strcmp(end, units->name) == 0 && end != value && *out > 0 && *out < 1e15) {
            *out *= units->size;
            return true;
        }
    return wrong(r, "%.100s: expected a number with a unit", value);
}

static bool
read_timeout(struct reader *r, struct allowed *a, char *value)
{
    static const struct unit units[] = {{"", 1},   {"ms", 1e-3}, {"s", 1},
                                        {"m", 60}, {"h", 3600},  {NULL, 0}};
    return read_amount(r, value, units, &a->timeout_s);
}

static bool
read_memory(struct reader *r, struct allowed *a, char *value)
{
    static const struct unit units[] = {
        {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
    double bytes;
    if (!read_amount(r, value, units, &bytes))
        return false;
    a->memory_bytes = (int64_t)fmin(bytes, 0x1p60);
    return true;
}

static bool
read_directory(struct reader *r, struct allowed *a, char *value)
{
    if (value[0] != '/')
        return wrong(r, "%.100s: expected an absolute path", value);
    free(a->directory);
    a->directory = copy(value);
    return true;
}

static bool
read_setting(struct reader *r, char *name, char *value)
{
    static const struct {
        const char *name;
        bool (*read)(struct reader *r, struct allowed *a, char *value);
    } settings[] = {{"program", read_program},
                    {"variables", read_variables},
                    {"timeout", read_timeout},
                    {"memory", read_memory},
                    {"directory", read_directory}};
    if (r->list->n == 0)
        return wrong(r, "%.60s stands before the first [name]", name);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(settings[i].name, name) == 0)
            return settings[i].read(r, &r->list->items[r->list->n - 1], value);
    return wrong(r, "%.60s: expected program, variables, timeout, memory or directory", name);
}

/* The one before it is complete. */
static bool
is_complete(struct reader *r)
{
    const size_t n = r->list->n;
    return n == 0 || r->list->items[n - 1].words[0] != NULL ||
           wrong(r, "[%.60s] has no program", r->list->items[n - 1].name);
}

static bool
begin_section(struct reader *r, char *name)
{
    char *end = strchr(name, ']');
    if (end == NULL || end[1] != '\0' || end == name || end - name > 64)
        return wrong(r, "expected [NAME], with at most 64 characters");
    *end = '\0';
    if (allowed_find(r->list, name) != NULL)
        return wrong(r, "[%s] is there twice", name);
    if (!is_complete(r))
        return false;
    if (r->list->n == ALLOWED_MAX)
        return wrong(r, "more than %d programs", ALLOWED_MAX);
    struct allowed *items = realloc(r->list->items, (r->list->n + 1) * sizeof(*items));
    if (items == NULL)
        abort();
    r->list->items = items;
    items[r->list->n++] = (struct allowed){.name = copy(name)};
    return true;
}

/* From a '#' on, if it begins a word and stands in no quotes. */
static void
cut_comment(char *line)
{
    bool is_quoted = false;
    for (char *at = line; *at != '\0'; at++) {
        is_quoted ^= *at == '"';
        if (*at == '#' && !is_quoted && (at == line || isspace((unsigned char)at[-1]))) {
            *at = '\0';
            return;
        }
    }
}

static bool
read_line(struct reader *r, char *line)
{
    cut_comment(line);
    char *text = trim(line), *equals = strchr(text, '=');
    if (*text == '\0')
        return true;
    if (*text == '[')
        return begin_section(r, text + 1);
    if (equals == NULL)
        return wrong(r, "expected NAME = VALUE or [NAME]");
    *equals = '\0';
    return read_setting(r, trim(text), trim(equals + 1));
}

bool
allowed_read(struct allowed_list *list, const char *path, char *message, size_t size)
{
    struct reader r = {.list = list, .path = path};
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    bool is_good = true;
    FILE *file = fopen(path, "re");
    *list = (struct allowed_list){NULL, 0};
    if (file == NULL) {
        (void)snprintf(message, size, "CELERIAC_COMMANDS: %s: %s", path, strerror(errno));
        return false;
    }
    for (; is_good && getline(&line, &room, file) >= 0; number++)
        is_good = read_line(&r, line);
    free(line);
    (void)fclose(file);
    if (is_good && is_complete(&r))
        return true;
    (void)snprintf(message, size, "CELERIAC_COMMANDS: %s:%u: %s", path, number, r.why);
    allowed_clear(list);
    return false;
}

void
allowed_clear(struct allowed_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct allowed *a = &list->items[i];
        for (size_t k = 0; a->words[k] != NULL; k++)
            free(a->words[k]);
        for (size_t k = 0; a->variables[k] != NULL; k++)
            free(a->variables[k]);
        free(a->directory);
        free(a->name);
    }
    free(list->items);
    *list = (struct allowed_list){NULL, 0};
}

const struct allowed *
allowed_find(const struct allowed_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

bool
allowed_has_variable(const struct allowed *a, const char *name)
{
    for (size_t i = 0; a->variables[i] != NULL; i++)
        if (strcmp(a->variables[i], name) == 0)
            return true;
    return false;
}
