/* How words and lines become arguments of jobs. */
#ifndef CLIENT_CLI_ARGUMENTS_H
#define CLIENT_CLI_ARGUMENTS_H

#include "common/celeriac_value.h"
#include "common/error.h"

/* Valid JSON is that value, anything else a string. ERROR_DATA: no UTF-8. */
struct celeriac_value *argument_parse(struct celeriac_arena *arena, const char *text, size_t len,
                                      struct error *err);
/* "name=value" into `object`; the same rule for the value, or with `as_text` always a string.
 * `option` names the option in errors (ERROR_USAGE). */
bool argument_pair(struct celeriac_value *object, const char *text, bool as_text,
                   const char *option, struct error *err);

/* The arguments in a line of `map`: an array is the list, an object the arguments by name, anything
 * else one. */
struct argument_line {
    const struct celeriac_value *args, *kwargs; /* one of them is NULL */
};
bool argument_line_is_blank(const char *line, size_t len);
bool argument_line_parse(struct celeriac_arena *arena, const char *line, size_t len,
                         struct argument_line *out, struct error *err);

#endif
