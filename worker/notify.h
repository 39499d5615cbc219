/* What a service manager wants to know of the master (sd_notify(3)): that it is ready, stops, and
 * is alive. Without one all of this does nothing. */
#ifndef WORKER_NOTIFY_H
#define WORKER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify {
    int fd;           /* -1: nobody listens */
    int64_t every_ms; /* how often a sign of life is wanted; 0: never */
    int64_t next_ms;
    bool is_ready_said;
};

#define NOTIFY_INIT                                                                                \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC, and takes them out of the environment: children are not
 * the main process, and programs that tasks start are none of the service manager's business. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

void notify_ready(struct notify *n); /* once; further calls do nothing */
void notify_stopping(const struct notify *n);
/* In every round of the main loop: sends a sign of life when one is due. */
void notify_alive(struct notify *n, int64_t now_ms);

#endif
