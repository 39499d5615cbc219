/* A storm of failures must not become a storm of events: whoever watches wants to know that there
 * is one, and the counters say how large it is. */
#include "worker/events.h"

#include "broker/broker_loop.h"
#include "common/clock.h"

bool
events_allow(struct events *e, enum broker_event_kind kind, int64_t now_ms)
{
    if (e->level == EVENTS_OFF || (kind == EVENT_JOB_SUCCEEDED && e->level != EVENTS_ALL))
        return false;
    if (e->level == EVENTS_ALL)
        return true;
    if (e->second != now_ms / 1000) {
        e->second = now_ms / 1000;
        e->told = 0;
    }
    if (e->told >= EVENTS_BRIEF_A_SECOND) {
        e->left_out++;
        return false;
    }
    e->told++;
    return true;
}

void
events_tell(struct events *e, struct broker_loop *b, struct broker_event event)
{
    if (!events_allow(e, event.kind, clock_mono_ms()) || !broker_loop_is_up(b))
        return;
    if (e->left_out > 0)
        broker_loop_event(
            b, &(struct broker_event){EVENT_LEFT_OUT, .worker = e->worker, .count = e->left_out});
    e->left_out = 0;
    if (event.worker == NULL)
        event.worker = e->worker;
    broker_loop_event(b, &event);
}
