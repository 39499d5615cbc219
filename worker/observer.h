/* Which of the workers in a queue's registry are dead? Policy; no clock, no system call.
 *
 * A worker is dead only when this observer saw no new beat of it for that worker's whole lease over
 * one unbroken connection (an epoch): so an outage of Redis, or of the network between us and
 * Redis, kills nobody. */
#ifndef WORKER_OBSERVER_H
#define WORKER_OBSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct observer; /* one per queue */

struct observer *observer_new(void);
void observer_free(struct observer *o);

struct observer_verdict {
    bool is_dead;
    int64_t look_again_ms; /* a worker that seems late would be dead then; INT64_MAX: not late */
};

/* One worker as found in the registry: `value` is "<beat> <lease in ms>". */
struct observer_verdict observer_see(struct observer *o, const char *name, const char *value,
                                     int64_t now_ms, unsigned epoch);
/* A beat that was heard of at the moment it came. */
void observer_hear(struct observer *o, const char *name, const char *value, int64_t now_ms,
                   unsigned epoch);
/* When the first of those that seem late would be dead; INT64_MAX: none seems late. */
int64_t observer_late_ms(const struct observer *o, int64_t now_ms);
/* Ends a pass over the registry: forgets the workers that were not in it. */
void observer_end_pass(struct observer *o);

#endif
