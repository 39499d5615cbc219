/* JSON in (jansson, which lives here alone) and out. The public celeriac_parse and celeriac_print
 * stand on these. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/error.h"
#include "common/message.h"
#include "common/value.h"

enum { JSON_DEPTH_MAX = 16 - 2 }; /* so that what parses also fits into a message */

/* One JSON value and white space; every digit of integers beyond 64 bits is kept. ERROR_DATA with
 * position. Duplicate keys, non-finite numbers (1e400), lone surrogates, invalid UTF-8, depth above
 * JSON_DEPTH_MAX are refused. */
struct celeriac_value *json_parse(struct celeriac_arena *arena, const char *text, size_t len,
                                  struct error *err);
/* Appends one line without newline. Doubles print shortest and round-trip; 10.0 prints as 10. */
void json_print(const struct celeriac_value *v, struct buffer *out);
void json_print_string(const char *text, size_t len, struct buffer *out); /* with quotes */

#endif
