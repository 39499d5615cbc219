/* What the master and its children say to each other: fixed records over one socketpair per child.
 *
 * The sockets keep record boundaries (SOCK_SEQPACKET); the end of file means that the other side is
 * gone. A record of another version or size is logged and dropped, never obeyed. */
#ifndef WORKER_WIRE_H
#define WORKER_WIRE_H

#include "common/error.h"

#include <stdbool.h>

#include <stdint.h>

enum { WIRE_VERSION = 1 };

enum wire_kind {
    /* master -> runner */
    WIRE_DRAIN = 1, /* take nothing new, hand back what waits, finish what runs, leave, end */
    WIRE_QUIET,     /* take nothing new, hand back what waits */
    WIRE_RESUME,
    /* child -> master */
    WIRE_DUMPED, /* to WIRE_DUMP: heap and stacks are in the log */
    /* runner -> master */
    WIRE_READY,   /* joined all queues (steward: connected once) */
    WIRE_LOOK,    /* a job's limit passes at `at_ms`, before the master meant to look */
    WIRE_RECYCLE, /* this runner has done its number of jobs and drains by itself */
    /* master -> steward */
    WIRE_DEATH,  /* a runner died: give its jobs back */
    WIRE_STATE,  /* `value`: enum worker_state; it or the runners' have changed: publish */
    WIRE_LEAVE,  /* no runner is left: unregister, then end */
    WIRE_ANSWER, /* to the command of request `number`; `value`: enum control_result; at_ms: the
                    number of runners that are wanted */
    /* steward -> master */
    WIRE_RECOVERED, /* `number`: all that this runner owned is back; its seat can be used again */
    WIRE_EMPTY,     /* burst: the queues hold nothing any more */
    /* steward -> master, remote control; `number`: of the request that is to be answered, or 0 */
    WIRE_STOP,    /* as SIGTERM */
    WIRE_RESTART, /* as SIGHUP */
    WIRE_SCALE,   /* to `value` runners */
    WIRE_DUMP,    /* as SIGUSR1; master -> any child: write heap and stacks */
    /* steward -> master, master -> runner: QUIET, RESUME, too */
};

/* What became of a command. */
enum control_result {
    CONTROL_DONE,
    CONTROL_STOPPING, /* refused: the worker stops */
    CONTROL_BUSY,     /* refused: a restart is under way */
    CONTROL_SETTINGS, /* refused: the settings cannot be used */
    CONTROL_RANGE,    /* refused: not so many runners */
};

enum worker_state { WORKER_RUNNING, WORKER_QUIET, WORKER_STOPPING };

/* Why a runner died; says how its jobs are charged. */
enum death_reason {
    DEATH_OWN,        /* it crashed, or something outside killed it */
    DEATH_HARD_LIMIT, /* the job of `slot` passed its hard limit: that job fails, the others go back
                         uncharged */
    DEATH_UNHEEDED,   /* the job of `slot` ignored its cancellation: its mark ends it, the others go
                         back uncharged */
    DEATH_MEMORY,     /* too much memory */
    DEATH_STALLED,    /* its loop made no round */
    DEATH_HANDBACK,   /* the worker stops: everything goes back uncharged */
    DEATH_DRAINED,    /* it ended as asked; nothing should be left */
};

struct wire_death {
    uint32_t seat, reason; /* enum death_reason */
    int32_t pid, signal, code;
    uint32_t is_core;
    uint32_t slot;   /* HARD_LIMIT, UNHEEDED */
    uint32_t unused; /* so that no byte of a record is left unset */
    uint64_t generation;
    int64_t maxrss_kb;
};

struct wire {
    uint32_t version, kind;
    uint32_t number; /* of the runner that is meant */
    uint32_t value;
    int64_t at_ms;
    struct wire_death death;
};

/* A close-on-exec, non-blocking pair. */
bool wire_pair(int fds[2], struct error *err);
/* False: the other side is gone or does not read. `w->version` is filled in. */
bool wire_send(int fd, struct wire *w);
bool wire_tell(int fd, enum wire_kind kind, uint32_t number, uint32_t value);

enum wire_read { WIRE_GOT, WIRE_NOTHING, WIRE_GONE };
enum wire_read wire_receive(int fd, struct wire *w);

#endif
