/* In which order a runner asks its queues for work: policy, pure. */
#ifndef WORKER_QUEUE_ORDER_H
#define WORKER_QUEUE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUEUE_ORDER_MAX = 64 };

struct queue_order {
    bool is_strict;
    size_t n;
    unsigned weights[QUEUE_ORDER_MAX]; /* at least 1 */
    int64_t credits[QUEUE_ORDER_MAX];
};

void queue_order_init(struct queue_order *o, bool is_strict, const unsigned *weights, size_t n);
/* Fills order[n] for one claim round. Strict: as given. Else a queue comes first in proportion to
 * its weight, smoothly interleaved, and the others follow by what they are owed. */
void queue_order_round(struct queue_order *o, size_t *order);

#endif
