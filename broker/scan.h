/* Walks through keys or members a page at a time, without holding Redis up. What stays for the
 * whole walk is seen, maybe twice; what comes or goes meanwhile may be seen or not. */
#ifndef BROKER_SCAN_H
#define BROKER_SCAN_H

#include "broker/exchange.h"

/* Takes the items of a page: keys, members, or pairs of member and value. Sets *is_over: enough. */
typedef bool scan_fn(void *arg, const redisReply *items, bool *is_over, struct error *err);

/* All keys that begin with `prefix`, which holds no character that is special in a pattern: names
 * of queues and namespaces hold none. */
bool scan_keys(struct broker *b, const char *prefix, scan_fn *each, void *arg, struct error *err);
/* What is in one key: `command` is HSCAN, SSCAN or ZSCAN. */
bool scan_members(struct broker *b, const char *command, const char *key, scan_fn *each, void *arg,
                  struct error *err);

#endif
