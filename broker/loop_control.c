/* Remote control, the answering side: a worker's answer to a command. */
#include "broker/loop_call.h"

void
broker_loop_answer(struct broker_loop *b, const char *token, const char *json, broker_done_fn *done,
                   void *arg)
{
    struct call *c = call_new(b, &call_kind_any, NULL);
    struct key feed;

    call_on_done(c, done, arg);
    key_feed(&feed, b->space, token);
    request_command(&c->request, "PUBLISH", 3);
    request_key(&c->request, &feed);
    request_text(&c->request, json);
    call_send(b, c);
}
