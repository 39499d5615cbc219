/* A small program's options, and a working directory of its own for each test. */
#ifndef TESTS_OPTIONS_FIXTURE_H
#define TESTS_OPTIONS_FIXTURE_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/options.h"

struct global {
    const char *broker;
    bool json;
};
struct verb {
    int64_t retries, timeout_ms, memory, low;
    const char *queue, *unique;
    int color;
    struct option_list tags;
    bool raw, all;
};

static const struct option global_rows[] = {
    {.name = "broker",
     .letter = 'b',
     .type = OPTION_TEXT,
     .is_setting = true,
     .fallback = "redis://here",
     .unit = "URL",
     .help = "where Redis is",
     .offset = offsetof(struct global, broker)},
    {.name = "json",
     .type = OPTION_FLAG,
     .help = "print JSON",
     .offset = offsetof(struct global, json)},
};
static const struct option verb_rows[] = {
    {.name = "retries",
     .letter = 'n',
     .type = OPTION_INTEGER,
     .is_setting = true,
     .fallback = "3",
     .min = 0,
     .max = 100,
     .help = "attempts after the first",
     .offset = offsetof(struct verb, retries)},
    {.name = "timeout",
     .type = OPTION_DURATION,
     .is_setting = true,
     .min = 1,
     .max = 86400000,
     .unit = "DUR",
     .help = "soft limit",
     .offset = offsetof(struct verb, timeout_ms)},
    {.name = "max-memory",
     .type = OPTION_SIZE,
     .is_setting = true,
     .fallback = "64M",
     .unit = "SIZE",
     .help = "memory of a process",
     .offset = offsetof(struct verb, memory)},
    {.name = "low",
     .letter = 'l',
     .type = OPTION_INTEGER,
     .min = -10,
     .max = 10,
     .help = "lower bound",
     .offset = offsetof(struct verb, low)},
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .is_setting = true,
     .fallback = "default",
     .unit = "NAME",
     .help = "queue of the job, with a help text that is long enough to need a second line on the "
             "screen",
     .offset = offsetof(struct verb, queue)},
    {.name = "unique",
     .letter = 'u',
     .type = OPTION_TEXT,
     .value_is_optional = true,
     .unit = "KEY",
     .help = "only once",
     .offset = offsetof(struct verb, unique)},
    {.name = "color",
     .type = OPTION_CHOICE,
     .is_setting = true,
     .fallback = "auto",
     .choices = "auto|always|never",
     .help = "colours",
     .offset = offsetof(struct verb, color)},
    {.name = "tag",
     .letter = 't',
     .type = OPTION_LIST,
     .is_setting = true,
     .unit = "K=V",
     .help = "a tag",
     .offset = offsetof(struct verb, tags)},
    {.name = "raw",
     .letter = 'r',
     .type = OPTION_FLAG,
     .is_setting = true,
     .help = "no quotes",
     .offset = offsetof(struct verb, raw)},
    {.name = "all",
     .letter = 'a',
     .type = OPTION_FLAG,
     .help = "everything",
     .offset = offsetof(struct verb, all)},
};
enum { N_GLOBAL = 2, N_VERB = 10 };

static struct global global;
static struct verb verb;
static const struct option_set sets[] = {{global_rows, N_GLOBAL, &global},
                                         {verb_rows, N_VERB, &verb}};
static struct option_operands operands;
static struct option_origin origins[N_GLOBAL + N_VERB];
static struct error err;
static char directory[64], first_directory[4096];

static inline int
setup(void **state)
{
    static const char *const names[] = {"BROKER", "RETRIES", "TIMEOUT", "MAX_MEMORY", "QUEUE",
                                        "COLOR",  "TAG",     "RAW",     "ALL"};
    char name[64];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "CELERIAC_%s", names[i]);
        unsetenv(name);
    }
    strcpy(directory, "/tmp/celeriac-options-XXXXXX");
    if (getcwd(first_directory, sizeof first_directory) == NULL || mkdtemp(directory) == NULL ||
        chdir(directory) != 0)
        return -1;
    setenv("XDG_CONFIG_HOME", directory, 1);
    options_known_settings(NULL, 0);
    err = ERROR_INIT;
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    chmod("celeriac.conf", 0600);
    remove("celeriac.conf");
    remove("celeriac/celeriac.conf");
    remove("celeriac");
    return chdir(first_directory) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* Reads a command line whose words are separated by single spaces. */
static inline bool
read_line(const char *line)
{
    static char copies[4][512];
    static int next;
    static char *argv[64];
    int argc = 0;
    char *copy = copies[next++ % 4], *word;

    snprintf(copy, 512, "%s", line);
    while ((word = strsep(&copy, " ")) != NULL)
        argv[argc++] = word;
    argv[argc] = NULL;
    err = ERROR_INIT;
    return options_read(sets, 2, argc, argv, &operands, origins, &err);
}

static inline void
assert_reads(const char *line)
{
    if (!read_line(line))
        fail_msg("%s: %s", line, err.message);
}

static inline void
assert_refuses(const char *line, enum error_code code, const char *message)
{
    assert_false(read_line(line));
    assert_int_equal(err.code, code);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, message);
}

static inline void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static inline void
assert_operands(const char *expected)
{
    char joined[256] = "";

    for (size_t i = 0; i < operands.count; i++) {
        strcat(joined, i > 0 ? "|" : "");
        strcat(joined, operands.items[i]);
    }
    assert_string_equal(joined, expected);
}

#endif
