/* Module bigint: exact integers of any length, by GMP.
 *
 * To add a task: a file with its function, a prototype in bigint.h, a row here. Work out the size
 * of the result before GMP does anything (BIGINT_BITS_MAX), and split the work so that the cancel
 * flag is looked at between the parts. */
#include "worker/tasks/bigint/bigint.h"

static const struct celeriac_param factorial_params[] = {{.name = "n",
                                                          .kind = CELERIAC_ARG_INTEGER,
                                                          .min = 0,
                                                          .max = 1e6,
                                                          .help = "what the product ends with"}};

#define PARAMS(rows) .params = rows, .n_params = sizeof(rows) / sizeof((rows)[0])

static const struct celeriac_task tasks[] = {
    {.name = "factorial",
     .help = "1 * 2 * ... * n, every digit of it",
     .run = factorial_run,
     PARAMS(factorial_params),
     .returns = "n!, exact"},
};

const struct celeriac_module celeriac_module = {
    .abi = CELERIAC_ABI,
    .name = "bigint",
    .tasks = tasks,
    .n_tasks = sizeof(tasks) / sizeof(tasks[0]),
};
