/* What a process of the worker tells in the stream of events, and how much of it. */
#ifndef WORKER_EVENTS_H
#define WORKER_EVENTS_H

#include "broker/events.h"

enum events_level {
    EVENTS_OFF,
    EVENTS_BRIEF, /* whatever went wrong or was changed, EVENTS_BRIEF_A_SECOND of jobs at most */
    EVENTS_ALL,   /* successes, too, and all of them */
};
enum { EVENTS_BRIEF_A_SECOND = 100 };

struct events {
    enum events_level level;
    const char *worker; /* its id */
    int64_t second;     /* of the monotonic clock, that is being counted */
    unsigned told;      /* in it */
    int64_t left_out;   /* since the last that was told */
};

/* Whether one more event of a job may be told at that time; what may not is counted, and told as
 * `events_left_out` with the next. Pure. */
bool events_allow(struct events *e, enum broker_event_kind kind, int64_t now_ms);

/* Tells it over `b`; of this worker, unless it names another. */
void events_tell(struct events *e, struct broker_loop *b, struct broker_event event);

#endif
