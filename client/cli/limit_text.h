/* Limits as people write and read them: "100/s", "8 at once". */
#ifndef CLIENT_CLI_LIMIT_TEXT_H
#define CLIENT_CLI_LIMIT_TEXT_H

#include "broker/types.h"
#include "common/value.h"

/* Reads "100/s", "5/m", "10/h"; false if it is none of these. */
bool limit_text_rate(const char *text, int64_t *jobs, int64_t *per_ms);
/* The burst of a rate for which none is named: what comes within 100 ms, but at least 1. */
int64_t limit_text_burst(int64_t jobs, int64_t per_ms);
/* "100/s"; `out` holds 32. Returns out. */
const char *limit_text_print_rate(int64_t jobs, int64_t per_ms, char *out);
/* All limits in one line, "-" if there are none. `out` holds LIMIT_TEXT_MAX. Returns out. */
enum { LIMIT_TEXT_MAX = 256 };
const char *limit_text_print(const struct broker_limits *limits, char *out);
/* Adds a member per limit that there is. */
void limit_text_json(const struct broker_limits *limits, struct celeriac_value *object,
                     struct celeriac_arena *arena);

#endif
