/* The kinds of parameters: names, what is expected, does a value fit. Shared by the files
 * signature*.c alone. */
#ifndef CLIENT_SIGNATURE_KIND_H
#define CLIENT_SIGNATURE_KIND_H

#include "client/celeriac_task.h"

const char *kind_name(enum celeriac_arg_kind kind); /* as published: "integer" */
bool kind_parse(const char *name, enum celeriac_arg_kind *kind);
bool kind_is_bounded(const struct celeriac_param *param);
bool kind_fits(const struct celeriac_param *param, const struct celeriac_value *value);
/* "integer 0..1e15", "string of 1..16 bytes"; in the arena. */
const char *kind_expected(const struct celeriac_param *param, struct celeriac_arena *arena);

#endif
