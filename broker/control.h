/* Remote control, the asking side: commands to workers, and what they answer. A control is a
 * connection of its own, subscribed to a channel with a random name; a command carries that name,
 * and the worker publishes its answer there. */
#ifndef BROKER_CONTROL_H
#define BROKER_CONTROL_H

#include "broker/broker.h"

struct broker_control;

bool broker_control_open(struct broker_control **out, const struct broker_settings *settings,
                         struct error *err);
void broker_control_close(struct broker_control *c);
/* Sends `command` over `b` so that it is answered here. *heard: how many processes listened; 0:
 * none, and nothing has happened. */
bool broker_control_send(const struct broker_control *c, struct broker *b, const char *worker,
                         const char *command, int64_t *heard, struct error *err);
/* Waits for one answer, JSON text that is valid during the call. ERROR_TIMEOUT: none came within
 * timeout_ms; ERROR_UNAVAILABLE: the connection is lost, and answers with it. */
typedef void broker_control_fn(void *arg, const char *json, size_t len);
bool broker_control_wait(struct broker_control *c, int timeout_ms, broker_control_fn *each,
                         void *arg, struct error *err);

#endif
