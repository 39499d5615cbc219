/* --local: a private redis-server and a worker that live as long as the command. */
#ifndef CLIENT_CLI_LOCAL_H
#define CLIENT_CLI_LOCAL_H

#include "client/cli/command.h"

struct local;

/* Starts both and lets cli->broker and cli->settings point there. Returns once Redis answers; jobs
 * may be submitted before the worker is ready. `queue` NULL: Redis alone, without a worker.
 * ERROR_UNAVAILABLE: no redis-server, or it does not start. */
bool local_start(struct local **out, struct cli *cli, const char *queue, struct error *err);

/* What the options of a verb say of it. */
struct local_wish {
    bool is_asked;              /* --local */
    const char *queue;          /* that the worker serves */
    struct option_list modules; /* --module, which asks for it as well */
};
#define LOCAL_MODULE_HELP                                                                          \
    "with the tasks of FILE, in a private worker (as --local); may be repeated"

/* The same if it is asked for, or if no broker is configured anywhere, which is then said on
 * stderr; else *out is NULL. ERROR_CONFIG: a module that does not load. */
bool local_if_wanted(struct local **out, struct cli *cli, const struct local_wish *wish,
                     struct error *err);
/* Ends both, deletes the directory, waits for that. NULL is fine. */
void local_stop(struct local *l);

#endif
