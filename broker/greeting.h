/* The first words on a connection: AUTH, SELECT, the version check, and for workers the scripts.
 * One pipeline; the same for clients and for the event loop. */
#ifndef BROKER_GREETING_H
#define BROKER_GREETING_H

#include "broker/answer.h"
#include "broker/request.h"
#include "broker/url.h"

enum greeting { GREETING_PLAIN, GREETING_SCRIPTS /* also SCRIPT LOAD of all */ };

/* Appends the commands; returns how many. */
size_t greeting_write(struct request *r, const struct broker_url *url, enum greeting kind);
/* Checks the answer to the i-th of them. ERROR_DENIED, ERROR_CONFIG, ERROR_TRY_LATER. */
bool greeting_check(const struct broker_url *url, size_t i, const redisReply *reply,
                    struct error *err);

#endif
