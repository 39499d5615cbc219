/* What the parts of a checkup share. */
#ifndef BROKER_CHECKUP_PARTS_H
#define BROKER_CHECKUP_PARTS_H

#include "broker/checkup.h"
#include "broker/names.h"

/* What a key is to the checkup of jobs. */
enum key_role {
    ROLE_NONE,
    ROLE_MESSAGES,
    ROLE_LIST,
    ROLE_ACTIVE,
    ROLE_DELAYED,
    ROLE_DEAD,
    ROLE_PARKED,
    ROLE_REASONS,
    ROLE_MARKS,
    ROLE_WAITERS,
    ROLE_LOCKS,
    ROLE_PERMITS,
};

/* A key of a queue that is what it should be. */
struct checkup_key {
    const char *name;
    const char *queue; /* the same pointer for all keys of a queue, which stand together */
    enum key_role role;
};

struct checkup {
    struct broker *b;
    struct broker_checkup *asked;
    struct celeriac_arena *arena;
    int64_t now_ms; /* on Redis' clock, when it began */
    struct checkup_key *keys;
    size_t n_keys, capacity;
};

void checkup_tell(struct checkup *c, const struct broker_finding *finding);

/* Redis: what may lose jobs, and clocks. */
bool checkup_redis(struct checkup *c, struct error *err);
/* Every key of the namespace: type, time to live, size. Fills c->keys. */
bool checkup_keys(struct checkup *c, struct error *err);
/* The keys of a queue as they are now, untold: instead of those in c->keys. */
bool checkup_look_again(struct checkup *c, const char *queue, struct error *err);
/* Jobs: each in one place, and nothing left of those that are gone. `keys`: of one queue. */
bool checkup_jobs(struct checkup *c, const char *queue, struct error *err);
/* The registry of a queue; jobs that nobody will start or promote. */
bool checkup_workers(struct checkup *c, const char *queue, struct error *err);

#endif
