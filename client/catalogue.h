/* The signatures that live workers have published, kept for some seconds, so that wrong arguments
 * are refused before they are sent. */
#ifndef CLIENT_CATALOGUE_H
#define CLIENT_CATALOGUE_H

#include "broker/broker.h"

struct catalogue;

struct catalogue *catalogue_new(struct broker *broker); /* borrowed */
void catalogue_free(struct catalogue *c);

/* Asks the broker what the live workers of the queue know, unless that is known, and is not old,
 * and has the task. */
void catalogue_refresh(struct catalogue *c, const char *queue, const char *task);
/* Do the arguments fit the task, as far as was known at the last refresh? True also if nobody knew
 * the task, or if the broker could not be asked: the worker checks in any case. Asks nobody.
 * ERROR_USAGE. */
bool catalogue_check(struct catalogue *c, const char *queue, const char *task,
                     const struct celeriac_value *args, const struct celeriac_value *kwargs,
                     struct error *err);

/* Calls `each` for every signature table that a live worker of `queue` (NULL: of any) has
 * published, once for each hash: the table is an ARRAY of signatures (client/signature.h). False:
 * what the broker said. */
typedef void catalogue_table_fn(void *arg, const struct celeriac_value *table);
bool catalogue_read(struct broker *broker, const char *queue, struct celeriac_arena *arena,
                    catalogue_table_fn *each, void *arg, struct error *err);

#endif
