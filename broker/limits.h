/* Limits as fields of a queue's meta hash. */
#ifndef BROKER_LIMITS_H
#define BROKER_LIMITS_H

#include "broker/answer.h"
#include "broker/request.h"
#include "broker/types.h"

/* The names of all LIMIT_COUNT fields, as arguments of an HMGET. */
void limits_ask(struct request *r);
/* What such an HMGET answered, from element `first` on, of which there are LIMIT_COUNT. */
void limits_take(const redisReply *answer, size_t first, struct broker_limits *out);

#endif
