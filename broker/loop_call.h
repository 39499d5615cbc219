/* What the files with the verbs of broker_loop.h share: kinds of calls with a plain end, and the
 * caller's callback kept in a call. */
#ifndef BROKER_LOOP_CALL_H
#define BROKER_LOOP_CALL_H

#include "broker/redis_loop.h"

/* Calls back a broker_done_fn: after an answer whose leading number is any, or after any answer at
 * all. */
extern const struct call_kind call_kind_status;
extern const struct call_kind call_kind_any;

static inline void
call_on_done(struct call *c, broker_done_fn *done, void *arg)
{
    c->done = (void (*)(void))done;
    c->arg = arg;
}

/* The two keys by which a script gives permits back. */
static inline void
call_permit_keys(struct broker_loop *b, struct call *c)
{
    static const enum queue_key keys[] = {QUEUE_PERMITS, QUEUE_BARRED};
    call_keys(b, c, keys, 2);
}

#endif
