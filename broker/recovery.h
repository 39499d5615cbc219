/* The keys and arguments of recover.lua, for stewards, for runners that leave, and for checkups. */
#ifndef BROKER_RECOVERY_H
#define BROKER_RECOVERY_H

#include "broker/request.h"
#include "broker/types.h"

enum { RECOVERY_KEYS = 12 + PRIORITY_COUNT, RECOVERY_ARGS = 9 /* and 3 for each victim */ };

/* `counter`: of the queue, for what goes back: "recovered" or "released". */
void recovery_write(struct request *out, const char *space, const char *queue,
                    const struct broker_recovery *r, const char *counter);

#endif
