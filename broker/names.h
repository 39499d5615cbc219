/* Names that Redis holds, read into an arena: queues, registries. */
#ifndef BROKER_NAMES_H
#define BROKER_NAMES_H

#include "broker/exchange.h"

struct names {
    const char **items; /* in the arena, sorted, each once */
    size_t n, capacity;
    struct celeriac_arena *arena;
};

void names_add(struct names *names, const char *text, size_t len);
void names_sort(struct names *names); /* and drops doubles */

/* `queue` alone, or if NULL all names in `queues` that are valid. ERROR_USAGE if `queue` is no
 * valid name. */
bool names_of_queues(struct broker *b, const char *queue, struct names *out, struct error *err);

/* All keys that begin with `prefix` (broker/scan.h), sorted. */
bool names_of_keys(struct broker *b, const char *prefix, struct names *out, struct error *err);

/* The registry of a queue as HGETALL gives it. A runner has a '/' in its name. ERROR_INTERNAL on
 * other shapes. */
bool names_of_runners(const redisReply *answer, struct names *runners, struct error *err);
bool names_of_workers(const redisReply *answer, struct names *workers, struct error *err);

#endif
