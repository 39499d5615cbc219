/* Child processes of the master: how they are forked, and what they keep of their parent. */
#ifndef WORKER_PROCESS_H
#define WORKER_PROCESS_H

#include "worker/worker.h"

#include <sys/types.h>

/* All that a child inherits. Every other file descriptor is closed, every handler is reset. */
struct heritage {
    const struct worker_settings *settings;
    struct scoreboards *boards;
    struct metrics *metrics;
    struct scoreboard *board; /* a runner's own; NULL for the steward */
    uint32_t number;          /* a runner's; 0 for the steward */
    int control_fd;           /* to the master: worker/wire.h */
    const char *title;        /* "runner 1": seen in ps, and in front of each line of the log */
    bool is_quiet;            /* begin without taking jobs */
    void
        *held; /* set by the child: all that it holds to its end, so that a leak checker can tell */
};

typedef int process_main_fn(struct heritage *h);

/* Forks; the child calls `run` and ends with its result. `*fd` is the master's end. The child dies
 * with its master, leads a process group of its own, and is not ended by the signals that a
 * terminal or a service manager sends to all: what they mean is the master's to say. h->control_fd
 * is filled in. ERROR_UNAVAILABLE. */
bool process_fork(struct heritage *h, process_main_fn *run, pid_t *pid, int *fd, struct error *err);

/* Ends this process without a look at what libraries and modules left for its exit: some of them
 * hang or crash there. */
void process_leave(int code) __attribute__((noreturn));

/* Memory of a process in bytes, from /proc; 0 if it is gone. */
int64_t process_private_bytes(pid_t pid);
int64_t process_resident_bytes(pid_t pid);

#endif
