/* Time. Decisions about jobs use Redis TIME; these are for measuring and for showing. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_us(void); /* CLOCK_MONOTONIC */
int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void); /* ms since 1970 */

enum { CLOCK_TEXT_SIZE = 32 };
/* RFC 3339 in UTC with milliseconds: "2026-11-23T16:06:45.123Z". `out` holds CLOCK_TEXT_SIZE.
 * Returns out. */
const char *clock_print(int64_t wall_ms, char *out);
/* RFC 3339 -> ms since 1970; false if `text` is no such time. */
_Bool clock_parse(const char *text, int64_t *wall_ms);

#endif
