/* The call stack of a thread of this process, taken while it goes on. */
#ifndef WORKER_STACK_H
#define WORKER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { STACK_FRAMES_MAX = 64, STACK_TEXT_MAX = 1800 };

/* Once in each process, before it has threads. */
void stack_install(void);
/* The signal that asks a thread for its stack; no thread should block it. */
int stack_signal(void);

struct stack {
    void *frames[STACK_FRAMES_MAX]; /* innermost first */
    size_t n;
};
/* False: it did not answer within `wait_ms`, since it blocks all signals or waits within the
 * kernel. One call at a time. */
bool stack_take(pid_t thread, int wait_ms, struct stack *out);

/* Names for addresses; opening costs some milliseconds. NULL: nothing can be named, as in a process
 * whose files are gone. */
struct stack_names;
struct stack_names *stack_names_open(void);
void stack_names_close(struct stack_names *names);
/* "spin+0x1b basics.so < job_run+0x30 celeriac < ...": the innermost function first. Where no name
 * is known, the offset within the file, for addr2line. `out` holds STACK_TEXT_MAX. Returns out. */
const char *stack_print(const struct stack *stack, struct stack_names *names, char *out);

#endif
