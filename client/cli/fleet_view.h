/* Queues and workers as people and programs see them: the objects of the contract. */
#ifndef CLIENT_CLI_FLEET_VIEW_H
#define CLIENT_CLI_FLEET_VIEW_H

#include "broker/broker.h"
#include "common/value.h"

struct celeriac_value *fleet_view_queue(const struct broker_queue *q, struct celeriac_arena *arena);
/* What a worker has published (JSON), with the age of its heartbeat instead of its time. Empty if
 * that cannot be read. */
struct celeriac_value *fleet_view_worker(const char *json, int64_t now_ms,
                                         struct celeriac_arena *arena);
/* How many jobs it runs at once; what is published is not believed beyond 100,000. */
int64_t fleet_view_slots(const struct celeriac_value *worker);
/* "a,b": what a worker serves. */
const char *fleet_view_queues(const struct celeriac_value *worker, struct celeriac_arena *arena);

#endif
