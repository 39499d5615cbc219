/* --local: a private redis-server and a worker that live as long as the command. */
#ifndef CLIENT_CLI_LOCAL_H
#define CLIENT_CLI_LOCAL_H

#include "client/cli/command.h"

struct local;

/* Starts both and lets cli->broker and cli->settings point there. Returns once Redis answers; jobs
 * may be submitted before the worker is ready. ERROR_UNAVAILABLE: no redis-server, or it does not
 * start. */
bool local_start(struct local **out, struct cli *cli, const char *queue, struct error *err);
/* The same if --local is given, or if no broker is configured anywhere, which is then said on
 * stderr; else *out is NULL. */
bool local_if_wanted(struct local **out, struct cli *cli, bool is_asked, const char *queue,
                     struct error *err);
/* Ends both, deletes the directory, waits for that. NULL is fine. */
void local_stop(struct local *l);

#endif
