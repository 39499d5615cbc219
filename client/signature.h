/* Signatures: what arguments a task takes. Declared by modules, checked by workers always,
 * published by workers in Redis as JSON and checked by clients before they send. */
#ifndef CLIENT_SIGNATURE_H
#define CLIENT_SIGNATURE_H

#include "client/celeriac_task.h"
#include "common/error.h"

/* Is the declaration itself in order (names, ranges, fallbacks parse, optional ones last)?
 * ERROR_CONFIG. */
bool signature_check(const struct celeriac_task *task, struct error *err);
/* Matches positional and keyword arguments to the parameters, fills `bound[n_params]` (fallbacks in
 * place, NULL for optional and absent). ERROR_USAGE: one line that names the task, the parameter,
 * its value and what was expected. */
bool signature_bind(const struct celeriac_task *task, const struct celeriac_value *args,
                    const struct celeriac_value *kwargs, struct celeriac_arena *arena,
                    const struct celeriac_value **bound, struct error *err);
/* As published:
 * {"name","help","returns","params":[{"name","kind","optional","default","min","max","unit","help"}]}.
 */
struct celeriac_value *signature_describe(const struct celeriac_task *task,
                                          struct celeriac_arena *arena);
/* Back from that object; everything lives in the arena, `run` is NULL. ERROR_DATA if it is no
 * signature. */
bool signature_read(const struct celeriac_value *described, struct celeriac_arena *arena,
                    struct celeriac_task *task, struct error *err);
/* One line for people: "solve(equation, [unknown], [from], [to], [guess])". In the arena. */
const char *signature_text(const struct celeriac_task *task, struct celeriac_arena *arena);
/* Type and range of one parameter: "integer 0..1e15", "string of 1..16 bytes". In the arena, or
 * static. */
const char *signature_type(const struct celeriac_param *param, struct celeriac_arena *arena);

#endif
