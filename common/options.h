/* Options: one row each, and everything comes from the rows: `--name=value` and `-n value`,
 * environment variables (CELERIAC_NAME), configuration files (`name = value`), --help, manual
 * pages, completion.
 *
 * Precedence: option > environment > ./celeriac.conf > $XDG_CONFIG_HOME/celeriac/celeriac.conf >
 * /etc/celeriac/celeriac.conf > default. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_INTEGER,  /* int64_t; within min..max */
    OPTION_DURATION, /* int64_t, ms: "250ms 10s 5m 2h 1d", bare number = seconds */
    OPTION_SIZE,     /* int64_t, bytes: "64K 200M 1G" (1024) */
    OPTION_TEXT,     /* const char * */
    OPTION_CHOICE,   /* int: index into `choices`, words separated by '|' */
    OPTION_LIST,     /* struct option_list: may be given again and again */
};

struct option_list {
    const char **items;
    size_t count;
};

struct option {
    const char *name; /* "result-ttl" */
    char letter;      /* 0: none */
    enum option_type type;
    bool value_is_optional; /* --unique[=KEY] : TEXT is then "" */
    bool is_setting;        /* may also stand in the environment and in files */
    const char *fallback;   /* default, as text; NULL: absent (0, NULL, false) */
    int64_t min, max;       /* INTEGER, DURATION, SIZE; both 0: unbounded below by 0 */
    const char *choices;    /* CHOICE */
    const char *unit;       /* placeholder in help: "DUR", "NAME" */
    const char *help;       /* one sentence without full stop */
    size_t offset;          /* of the field in the caller's struct (offsetof) */
};

/* The rows that a program or verb takes, and the struct that they fill. */
struct option_set {
    const struct option *rows;
    size_t count;
    void *target;
};

/* Where a value came from, for `celeriac config --origin`. */
struct option_origin {
    const struct option *option;
    char value[256];
    char origin[256]; /* "default", "environment CELERIAC_BROKER", "file ./celeriac.conf:3",
                         "option" */
};

struct option_operands {
    const char **items;
    size_t count;
};

/* Fills all targets: defaults, then files, then environment, then argv, of which argv[0] is
 * skipped. A list that is given replaces the list from further down; in the environment its items
 * are separated by spaces, in a file each stands on a line of its own. An empty environment
 * variable counts as absent. "-5" and "-.5" are operands or values, never options; any other value
 * that begins with '-' must be attached (--name=-x). Options may stand before and after operands;
 * "--" ends them. Operands are left in *operands (pointers into argv), in order. Every error
 * (ERROR_USAGE for argv, ERROR_CONFIG for files and environment) names the option, its value and
 * what was expected. `origins`, if not NULL, has room for the sum of the counts. Strings live as
 * long as the process. */
bool options_read(const struct option_set *sets, size_t n_sets, int argc, char **argv,
                  struct option_operands *operands, struct option_origin *origins,
                  struct error *err);

/* The same without a command line, for a library that reads somebody else's files: settings that
 * are in none of the sets are skipped. */
bool options_read_settings(const struct option_set *sets, size_t n_sets,
                           struct option_origin *origins, struct error *err);

/* All settings that exist, of whatever verb: a file may name them although the sets that are read
 * do not. The sets must outlive the reading; without this call files may only name what is in those
 * sets. */
void options_known_settings(const struct option_set *sets, size_t n_sets);

/* For a program with verbs: where in argv the first operand is, with only these (global) options
 * before it; argc if there is none, or if an option that is not among them comes first. */
int options_first_operand(const struct option_set *sets, size_t n_sets, int argc, char **argv);

bool option_parse_duration(const char *text, int64_t *ms);
bool option_parse_size(const char *text, int64_t *bytes);

/* The options part of --help: "  -q, --queue NAME   queue of the job (default: default)". */
void options_print_help(const struct option_set *set, FILE *out);

#endif
