/* The keeper: a process of its own between a compute thread and the program that it runs. */
#ifndef TASKS_COMMAND_KEEPER_H
#define TASKS_COMMAND_KEEPER_H

#include <stdint.h>
#include <sys/types.h>

struct keeper_order {
    char *const *words;     /* the program's absolute path and its arguments; NULL at the end */
    char *const *variables; /* NAME=VALUE; NULL at the end */
    const char *directory;
    int64_t memory_bytes; /* 0: no limit */
    int in, out, err;     /* of the program; all four are above 3 */
    int report;           /* the keeper's end of a pair of sequenced-packet sockets */
};

/* What comes through the other end, once. End of file instead: the keeper was killed. */
struct keeper_report {
    enum { KEEPER_ENDED, KEEPER_NOT_STARTED } kind;
    int32_t value; /* as of waitpid(2); or an errno */
};

/* Forks the keeper, which runs the program. -1: errno says why. To stop the program send a packet
 * of one byte, or close the other end; a report comes in any case, and then the keeper ends: wait
 * for it with waitpid(2). Any thread, of a process with any number of them. */
pid_t keeper_start(const struct keeper_order *order);

#endif
