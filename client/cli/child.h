/* Child processes of the command line: a private redis-server, a worker, a dashboard. They never
 * outlive the process that started them, however that ends. */
#ifndef CLIENT_CLI_CHILD_H
#define CLIENT_CLI_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child_wish {
    char *const *argv;  /* argv[0] is looked up in PATH */
    int death_signal;   /* that it gets when its parent dies */
    bool is_apart;      /* in a process group of its own: Ctrl-C does not reach it */
    bool is_held;       /* TERM waits until it unblocks it, or reads it from a signalfd */
    const char *output; /* the file that its stdout and stderr are appended to; NULL: ours */
};

/* Starts it, with no other signal blocked and those that end a process at their defaults. -1: it
 * could not be forked; a program that cannot be run ends with 127. */
pid_t child_start(const struct child_wish *wish);

/* Reaps it if it has ended; *pid is 0 from then on, and *status (may be NULL) how it ended. */
bool child_is_alive(pid_t *pid, int *status);

/* Frees the words of a NULL-terminated argv and itself. */
void child_argv_free(char **argv);

#endif
