/* Events of workers: written behind whatever was asked for before, in the same write. */
#include "broker/events.h"
#include "broker/loop_call.h"

static void
on_written(void *arg, const struct error *err)
{
    (void)arg, (void)err; /* nothing depends on it */
}

void
broker_loop_event(struct broker_loop *b, const struct broker_event *e)
{
    struct call *c = call_new(b, &call_kind_any, NULL);

    call_on_done(c, on_written, NULL);
    event_request(&c->request, b->space, e);
    call_send(b, c);
}
