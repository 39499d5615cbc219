/* Running one program to its end, from a compute thread. */
#ifndef TASKS_COMMAND_PROGRAM_H
#define TASKS_COMMAND_PROGRAM_H

#include "client/celeriac_task.h"

enum { PROGRAM_OUTPUT_MAX = 15 * 1024 * 1024, PROGRAM_TAIL_MAX = 2000 };

struct program_order {
    char *const *words;     /* the program's absolute path and its arguments; NULL at the end */
    char *const *variables; /* NAME=VALUE; NULL at the end */
    const char *directory;
    double timeout_s;     /* 0: no limit */
    int64_t memory_bytes; /* 0: no limit */
    const char *input;    /* NULL: /dev/null */
    size_t input_len;
};

enum program_end {
    PROGRAM_ENDED,       /* value: as of waitpid(2) */
    PROGRAM_NOT_STARTED, /* value: an errno */
    PROGRAM_STOPPED,     /* the job was cancelled */
    PROGRAM_TIMED_OUT,
    PROGRAM_FLOODED, /* it wrote more than PROGRAM_OUTPUT_MAX */
};

struct program {
    enum program_end end;
    int value;
    char *output; /* what it wrote to standard output; may be NULL if output_len is 0 */
    size_t output_len;
    char tail[PROGRAM_TAIL_MAX]; /* the end of what it wrote to standard error */
    size_t tail_len;
};

/* Returns when the program and all its descendants are gone. */
void program_run(struct celeriac_context *ctx, const struct program_order *order,
                 struct program *out);
void program_clear(struct program *p);

#endif
