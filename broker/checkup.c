/* The parts of a checkup in turn: Redis, keys, then jobs and workers of each queue. */
#include "broker/checkup_parts.h"

#include <stdlib.h>

bool
broker_checkup(struct broker *b, struct broker_checkup *checkup, struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    struct checkup c = {.b = b, .asked = checkup, .arena = arena};
    struct names queues = {.arena = arena};
    bool ok = broker_redis_time(b, &c.now_ms, err) && checkup_redis(&c, err) &&
              checkup_keys(&c, err) && names_of_queues(b, NULL, &queues, err);
    for (size_t i = 0; ok && i < queues.n; i++)
        ok = checkup_workers(&c, queues.items[i], err) && checkup_jobs(&c, queues.items[i], err);
    free(c.keys);
    arena_free(arena);
    return ok;
}

void
checkup_tell(struct checkup *c, const struct broker_finding *finding)
{
    c->asked->each(c->asked->arg, finding);
}
