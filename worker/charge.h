/* What the death of a runner costs each of the jobs that ran in it: policy, pure. */
#ifndef WORKER_CHARGE_H
#define WORKER_CHARGE_H

#include "worker/wire.h"

enum charge {
    CHARGE_NOTHING, /* back to the head of its queue */
    CHARGE_CRASH,   /* it brought the process down */
    CHARGE_SUSPECT, /* it may have: back uncharged, to be run alone */
    CHARGE_TIMEOUT, /* it passed its hard limit: a failed attempt */
};

struct charge_case {
    enum death_reason reason;
    bool is_named; /* the fault handler or the limit names the job of `named_slot`, and it still ran
                    */
    unsigned named_slot;
};

enum charge charge_of(const struct charge_case *c, unsigned slot);

#endif
