/* The state of options_read, shared by the parts of the reader: argv and environment (options.c),
 * files (options_file.c), values (options_value.c). Private to them. */
#ifndef COMMON_OPTIONS_READER_H
#define COMMON_OPTIONS_READER_H

#include "common/options.h"

/* Later ones win. */
enum option_rank {
    RANK_NONE,
    RANK_DEFAULT,
    RANK_FILE_SYSTEM,
    RANK_FILE_USER,
    RANK_FILE_HERE,
    RANK_ENVIRONMENT,
    RANK_ARGV,
};

/* One row of the sets, and where its value came from so far. */
struct option_row {
    const struct option *option;
    void *field; /* in the caller's struct */
    enum option_rank rank;
    struct option_origin origin;
};

struct option_reader {
    struct option_row *rows;
    size_t count;
    bool skips_unknown; /* settings in files that no row knows */
};

/* A value as somebody gave it. */
struct option_given {
    const char *text;
    enum option_rank rank;
    const char *origin; /* "environment CELERIAC_BROKER" */
    const char
        *shown; /* begins an error message: "--retries x", "./celeriac.conf:3: retries = x" */
};

/* Reads the text by the row's type and keeps it, unless a higher rank spoke before. ERROR_USAGE for
 * argv, ERROR_CONFIG else. */
bool option_store(struct option_row *row, const struct option_given *given, struct error *err);
/* The same checks without keeping anything. */
bool option_check(const struct option *o, const struct option_given *given, struct error *err);

struct option_row *option_find(const struct option_reader *r, const char *name, size_t len);
/* The setting of that name among all that exist, or NULL. */
const struct option *option_known_setting(const char *name);
/* The name nearest to a misspelt one, as " (did you mean NAME?)", or "". `out` holds 96 bytes. */
const char *option_hint(const struct option_reader *r, const char *name, bool settings_alone,
                        char *out);

/* system, user and working directory's file, in that order. */
bool options_read_files(struct option_reader *r, struct error *err);

/* Text that lives as long as the process. */
const char *option_keep_text(const char *text, size_t len);
void *option_keep(size_t size);

#endif
