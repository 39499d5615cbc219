/* What verbs print: lines of JSON, colours, ages. */
#ifndef CLIENT_CLI_OUTPUT_H
#define CLIENT_CLI_OUTPUT_H

#include "client/cli/command.h"
#include "common/message.h"

/* One line of JSON to stdout. */
void output_json(const struct celeriac_value *v);
/* A result: one line of JSON, or with `raw` a string as it is. */
void output_result(const struct celeriac_value *v, bool raw);
bool output_is_terminal(void);
int output_width(void); /* columns of the terminal; 0: stdout is none */
bool output_has_colors(const struct cli *cli);
/* The escape sequence for a state, "" without colours. */
const char *output_state_color(bool has_colors, enum job_state state);
const char *output_color_end(bool has_colors);
/* "3s", "12m", "5h", "3d" of a time span. `out` holds 16. Returns out. */
const char *output_age(int64_t ms, char *out);

#endif
