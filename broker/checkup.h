/* A check of everything that Celeriac keeps in Redis, and of Redis itself: what is wrong is told,
 * and put right if asked. It may run while jobs do: whatever seems to contradict is looked at once
 * more, in one script, before it is told or changed. Memory: 300 bytes a job. */
#ifndef BROKER_CHECKUP_H
#define BROKER_CHECKUP_H

#include "broker/broker.h"

struct broker_finding {
    const char *flaw;        /* its name, a word; docs/reliability.md lists them */
    const char *text;        /* a sentence */
    const char *queue, *key; /* NULL: does not apply */
    const struct id *id;     /* NULL: no job */
    bool is_mended;          /* put right */
};
typedef void broker_finding_fn(void *arg, const struct broker_finding *finding);

struct broker_checkup {
    bool mends;
    broker_finding_fn *each;
    void *arg;
    size_t n_keys, n_jobs; /* out: that were looked at */
};

/* Needs more than the role of a client: commands that read whole keys, and for `mends` those that
 * write them. */
bool broker_checkup(struct broker *b, struct broker_checkup *checkup, struct error *err);

#endif
