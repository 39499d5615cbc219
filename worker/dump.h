/* What a process writes into the log when it is asked what it does: its heap, and the stack of each
 * of its threads. The master tells what stands in the scoreboards, also of those that do not
 * answer. */
#ifndef WORKER_DUMP_H
#define WORKER_DUMP_H

#include "worker/scoreboard.h"

/* `board`: of a runner, whose threads call themselves "slot N"; otherwise NULL. */
void dump_write(const struct scoreboard *board);

#endif
