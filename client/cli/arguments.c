/* Arguments from the command line and from lines of input. The rule is the same everywhere: what is
 * valid JSON is that value, what is not is a string. Nobody has to quote `solve 'x^2 = 2'`, and
 * numbers are numbers. */
#include "client/cli/arguments.h"

#include <string.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/utf8.h"

struct celeriac_value *
argument_parse(struct celeriac_arena *arena, const char *text, size_t len, struct error *err)
{
    struct celeriac_value *v;

    if (!utf8_valid(text, len)) {
        error_set(err, ERROR_DATA, "argument \"%.*s\": not UTF-8", (int)(len < 40 ? len : 40),
                  text);
        return NULL;
    }
    v = json_parse(arena, text, len, NULL);
    return v ? v : celeriac_string(arena, text, len);
}

bool
argument_pair(struct celeriac_value *object, const char *text, bool as_text, const char *option,
              struct error *err)
{
    const char *equals = strchr(text, '=');
    struct celeriac_arena *arena = ((const struct celeriac_value *)object)->arena;
    struct celeriac_value *v;
    size_t name_len;

    if (!equals || equals == text) {
        return error_set(err, ERROR_USAGE, "%s \"%s\": expected NAME=VALUE", option, text);
    }
    if (!utf8_valid(text, strlen(text))) {
        return error_set(err, ERROR_DATA, "%s \"%.40s\": not UTF-8", option, text);
    }
    name_len = (size_t)(equals - text);
    v = as_text ? celeriac_text(arena, equals + 1)
                : argument_parse(arena, equals + 1, strlen(equals + 1), err);
    if (!v) {
        return false;
    }
    celeriac_set(object, arena_text(arena, text, name_len), v);
    return true;
}

bool
argument_line_is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!strchr(" \t\r\v\f", line[i]) || !line[i]) {
            return false;
        }
    }
    return true;
}

bool
argument_line_parse(struct celeriac_arena *arena, const char *line, size_t len,
                    struct argument_line *out, struct error *err)
{
    struct celeriac_value *v = argument_parse(arena, line, len, err);
    struct celeriac_value *args;

    if (!v) {
        return false;
    }
    *out = (struct argument_line){NULL, NULL};
    if (celeriac_type(v) == CELERIAC_ARRAY) {
        out->args = v;
    } else if (celeriac_type(v) == CELERIAC_OBJECT) {
        out->kwargs = v;
    } else {
        args = celeriac_array(arena);
        celeriac_append(args, v);
        out->args = args;
    }
    return true;
}
