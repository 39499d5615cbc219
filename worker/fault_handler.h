/* Names the culprit when a runner dies of a fault: which slot was it that faulted? */
#ifndef WORKER_FAULT_HANDLER_H
#define WORKER_FAULT_HANDLER_H

#include "worker/scoreboard.h"

/* Once per process: handlers for SEGV, BUS, FPE, ILL, ABRT, and for an exit(3) called by a task. */
void fault_handler_install(struct scoreboard *board);
/* Once per compute thread, in it: an alternate stack, and the slot that is blamed for this thread's
 * faults. */
void fault_handler_begin_thread(unsigned slot);
void fault_handler_end_thread(void);
/* "SEGV" for SIGSEGV; a number as text for what has no name. In a static per-thread buffer. */
const char *fault_signal_name(int signal);

#endif
