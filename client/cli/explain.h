/* Why a job stands where it stands, in sentences: what is read, and a pure function of it. */
#ifndef CLIENT_CLI_EXPLAIN_H
#define CLIENT_CLI_EXPLAIN_H

#include "broker/broker.h"
#include "common/value.h"

struct explain_facts {
    const struct broker_record *record;
    struct celeriac_value *view; /* job_view of it */
    const char *id;              /* as people see it */
    int64_t now_ms;              /* Redis time */
    /* The rest only while the job has no outcome, or is a dead letter. */
    const struct broker_queue *queue;
    struct broker_ties ties;
    const struct celeriac_value **workers; /* published states of those that serve the queue */
    size_t n_workers;
    bool has_tables;    /* what some worker knows could be read */
    bool is_task_known; /* and the job's task is among it */
};

/* All of it, about one id, whether or not anybody knows it. */
bool explain_read(struct broker *b, const struct id *id, struct celeriac_arena *arena,
                  struct explain_facts *facts, struct error *err);
/* An array of objects {"reason": a word, "text": a sentence}, what weighs most first; never empty.
 */
struct celeriac_value *explain(const struct explain_facts *facts, struct celeriac_arena *arena);

#endif
