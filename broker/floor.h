/* The floor: what a step costs with nothing but the plain commands that it cannot do without,
 * pipelined, without scripts, checks and promises. Benchmarks hold Celeriac against it; nothing
 * else calls this. One floor is one connection. */
#ifndef BROKER_FLOOR_H
#define BROKER_FLOOR_H

#include "broker/types.h"

struct floor;

bool floor_open(struct floor **out, const struct broker_settings *settings, struct error *err);
void floor_close(struct floor *f); /* NULL is fine */

/* `n` times PING, one after the other. */
bool floor_ping(struct floor *f, size_t n, struct error *err);
/* HSET and LPUSH of the jobs, 100 in a command, all commands in one pipeline. */
bool floor_submit(struct floor *f, const char *queue, const struct broker_job *jobs, size_t n,
                  struct error *err);

struct floor_work {
    const struct broker_job *jobs; /* in the order in which floor_submit had them */
    size_t n;
    const void *outcome; /* stored for each */
    size_t len;
};
/* RPOP, HMGET, HSET active, HDEL active, HDEL jobs, HSET results for 100 jobs each, in one
 * pipeline. */
bool floor_drain(struct floor *f, const char *queue, const struct floor_work *work,
                 struct error *err);

/* There and back: LPUSH to one list, BRPOP from another. */
bool floor_ask(struct floor *f, const void *data, size_t len, struct error *err);
/* The other side, in a process of its own: answers each with `data`, until it gets an empty one. */
bool floor_serve(struct floor *f, const void *data, size_t len, struct error *err);

/* A counter of the queue; 0 if there is none yet. */
bool floor_counter(struct floor *f, const char *queue, const char *name, int64_t *value,
                   struct error *err);
/* A number of INFO, seconds in us. ERROR_NOT_FOUND. */
bool floor_info(struct floor *f, const char *field, int64_t *value, struct error *err);
/* Deletes every key of the namespace. */
bool floor_clean(struct floor *f, struct error *err);
/* Redis gives the memory that it does not use back to the system, if it is allowed to. */
bool floor_purge(struct floor *f, struct error *err);

#endif
