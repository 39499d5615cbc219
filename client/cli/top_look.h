/* What `top` shows: one look at queues, workers and failures, and the rates since the look before.
 */
#ifndef CLIENT_CLI_TOP_LOOK_H
#define CLIENT_CLI_TOP_LOOK_H

#include "broker/broker.h"
#include "common/arena.h"
#include "common/value.h"

enum { TOP_FAILURES_MAX = 100 };

struct top_queue {
    struct broker_queue q;
    double done_per_s, failed_per_s; /* below 0: not known yet */
};

struct top_failure {
    const struct celeriac_value *view; /* job_view of it */
    int64_t at_ms;
};

struct top_look {
    struct celeriac_arena *arena; /* of all that is here */
    struct top_queue *queues;
    const struct celeriac_value **workers; /* fleet_view_worker of each */
    struct top_failure *failures;          /* newest first */
    size_t n_queues, n_workers, n_failures;
    int64_t now_ms; /* Redis time */
    int64_t mono_ms;
    struct top_queue total; /* its name is NULL, its latency the longest */
    int64_t n_paused, slots, busy;
};

/* NULL: *err tells. `queue` NULL: all; `before` NULL: there are no rates yet. */
struct top_look *top_look_read(struct broker *b, const char *queue, const struct top_look *before,
                               struct error *err);
void top_look_free(struct top_look *look);
/* Rates and sums, of what is in `look` already. */
void top_look_add_up(struct top_look *look, const struct top_look *before);
/* The whole as an object. */
struct celeriac_value *top_look_view(const struct top_look *look);

#endif
