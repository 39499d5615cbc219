/* Shared between looking up and listing. */
#ifndef BROKER_FIND_H
#define BROKER_FIND_H

#include "broker/exchange.h"

/* Fills runner and started_at_ms of the records whose state is JOB_RUNNING and whose started_at_ms
 * is 0. A record that no runner owns keeps runner NULL, with started_at_ms -1. */
bool find_owners(struct broker *b, struct broker_record *records, size_t n,
                 struct celeriac_arena *arena, struct error *err);

#endif
