/* The module command: running programs. command.c has the table and the list of what is allowed,
 * request.c turns arguments into an order, answer.c the program's end into the job's. */
#ifndef TASKS_COMMAND_H
#define TASKS_COMMAND_H

#include "client/celeriac_task.h"
#include "worker/tasks/command/allowed.h"
#include "worker/tasks/command/program.h"

enum { ARG_NAME, ARG_ARGUMENTS, ARG_INPUT, ARG_VARIABLES, ARG_TIMEOUT, ARG_MEMORY };
enum { COMMAND_ARGUMENTS_MAX = 1000, COMMAND_VARIABLES_MAX = 64 };

/* An order in the making; texts live in the job's arena. */
struct request {
    struct program_order order;
    char *words[ALLOWED_WORDS_MAX + COMMAND_ARGUMENTS_MAX + 1];
    char *variables[COMMAND_VARIABLES_MAX + 8];
};

/* False: *end is how the task ends. */
bool request_read(struct celeriac_context *ctx, const struct allowed *a, struct request *r,
                  enum celeriac_outcome *end);

enum celeriac_outcome answer(struct celeriac_context *ctx, const struct allowed *a,
                             const struct request *r, const struct program *p);

#endif
