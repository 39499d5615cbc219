/* Weighted order by smooth weighted round robin: each round every queue is credited its weight, the
 * one with the most credit comes first and pays the sum of all weights. Over sum(weights) rounds
 * each queue is first exactly weight times, and never in one clump. Ties go to the queue that was
 * given first. */
#include "worker/queue_order.h"

void
queue_order_init(struct queue_order *o, bool is_strict, const unsigned *weights, size_t n)
{
    *o = (struct queue_order){.is_strict = is_strict, .n = n};
    for (size_t i = 0; i < n; i++)
        o->weights[i] = weights[i];
}

void
queue_order_round(struct queue_order *o, size_t *order)
{
    int64_t total = 0;
    for (size_t i = 0; i < o->n; i++) {
        order[i] = i;
        o->credits[i] += o->is_strict ? 0 : o->weights[i];
        total += o->is_strict ? 0 : o->weights[i];
    }
    for (size_t i = 1; i < o->n; i++) { /* insertion sort: few queues, and stable */
        const size_t moved = order[i];
        size_t at = i;
        for (; at > 0 && o->credits[order[at - 1]] < o->credits[moved]; at--)
            order[at] = order[at - 1];
        order[at] = moved;
    }
    if (o->n > 0)
        o->credits[order[0]] -= total;
}
