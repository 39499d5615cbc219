/* Configuration files.
 *
 *     # a comment
 *     broker = redis://127.0.0.1:6379/0
 *     namespace = "my own"     # quotes keep what they hold as it is
 *
 * One file serves all verbs, so it may name any setting that exists; values are checked for all of
 * them, and kept for those that are read now. What does not exist is an error with file and line: a
 * misspelt setting must not look as if it were obeyed. (A library that is not told which settings
 * exist skips what it does not know.) Of the three files those that do not exist
 * are skipped. */
#include "common/options_reader.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

static bool read_file(struct option_reader *r, const char *path, enum option_rank rank,
                      struct error *err);
static bool read_line(struct option_reader *r, char *line, const char *place, enum option_rank rank,
                      struct error *err);
static bool read_setting(struct option_reader *r, const char *name,
                         const struct option_given *given, const char *place, struct error *err);
static char *trim(char *text);
static bool strip_value(char **value);

bool
options_read_files(struct option_reader *r, struct error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char path[PATH_MAX];
    int len = -1;

    if (!read_file(r, "/etc/celeriac/celeriac.conf", RANK_FILE_SYSTEM, err))
        return false;
    if (config != NULL &&
        config[0] == '/') /* a relative one is to be ignored, says the specification */
        len = snprintf(path, sizeof path, "%s/celeriac/celeriac.conf", config);
    else if (home != NULL && home[0] != '\0')
        len = snprintf(path, sizeof path, "%s/.config/celeriac/celeriac.conf", home);
    if (len > 0 && len < (int)sizeof path && !read_file(r, path, RANK_FILE_USER, err))
        return false;
    return read_file(r, "./celeriac.conf", RANK_FILE_HERE, err);
}

static bool
read_file(struct option_reader *r, const char *path, enum option_rank rank, struct error *err)
{
    char *line = NULL;
    size_t room = 0;
    bool ok = true;

    FILE *file = fopen(path, "re");
    if (file == NULL && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (file == NULL)
        return error_set_errno(err, ERROR_CONFIG, "%s", path);
    for (int n = 1; ok; n++) {
        errno = 0;
        ssize_t len = getline(&line, &room, file);
        if (len < 0)
            break;
        char *place = mem_printf("%s:%d", path, n);
        if (strlen(line) != (size_t)len)
            ok = error_set(err, ERROR_CONFIG, "%s: the line holds a NUL byte", place);
        else
            ok = read_line(r, line, place, rank, err);
        free(place);
    }
    if (ok && ferror(file))
        ok = error_set_errno(err, ERROR_CONFIG, "%s", path);
    free(line);
    fclose(file);
    return ok;
}

static bool
read_line(struct option_reader *r, char *line, const char *place, enum option_rank rank,
          struct error *err)
{
    char *name = trim(line);
    char origin[256], shown[ERROR_MESSAGE_MAX];

    if (*name == '\0' || *name == '#')
        return true;
    char *equals = strchr(name, '=');
    if (equals == NULL)
        return error_set(err, ERROR_CONFIG, "%s: expected NAME = VALUE, got %s", place, name);
    *equals = '\0';
    trim(name);
    char *value = trim(equals + 1);
    if (!strip_value(&value))
        return error_set(err, ERROR_CONFIG,
                         "%s: %s: the quoted value does not end, or something follows it", place,
                         name);
    snprintf(origin, sizeof origin, "file %s", place);
    snprintf(shown, sizeof shown, "%s: %s = %s", place, name, value);
    struct option_given given = {value, rank, origin, shown};
    return read_setting(r, name, &given, place, err);
}

static bool
read_setting(struct option_reader *r, const char *name, const struct option_given *given,
             const char *place, struct error *err)
{
    struct option_row *row = option_find(r, name, strlen(name));
    char hint[96];

    if (row != NULL && row->option->is_setting)
        return option_store(row, given, err);
    const struct option *known = option_known_setting(name);
    if (known != NULL)
        return option_check(known, given, err);
    if (r->skips_unknown)
        return true;
    if (row != NULL)
        return error_set(err, ERROR_CONFIG,
                         "%s: %s is an option of the command line, not a setting", place, name);
    return error_set(err, ERROR_CONFIG, "%s: unknown setting %s%s", place, name,
                     option_hint(r, name, true, hint));
}

/* Cuts white space off both ends, in place. */
static char *
trim(char *text)
{
    static const char white[] = " \t\r\n";
    size_t len;

    text += strspn(text, white);
    for (len = strlen(text); len > 0 && strchr(white, text[len - 1]) != NULL; len--)
        text[len - 1] = '\0';
    return text;
}

/* Takes quotes, or a comment after white space, off a trimmed value. */
static bool
strip_value(char **value)
{
    char *text = *value;

    if (*text == '"' || *text == '\'') {
        char *end = strchr(text + 1, *text);
        if (end == NULL)
            return false;
        *value = text + 1;
        *end = '\0';
        end = trim(end + 1);
        return *end == '\0' || *end == '#';
    }
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '#' && (c == text || c[-1] == ' ' || c[-1] == '\t')) {
            *c = '\0';
            trim(text);
            break;
        }
    }
    return true;
}
