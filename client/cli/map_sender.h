/* The sending half of map: lines become jobs, jobs become batches, batches go out. */
#ifndef CLIENT_CLI_MAP_SENDER_H
#define CLIENT_CLI_MAP_SENDER_H

#include "client/celeriac.h"
#include "client/cli/joblog.h"
#include "client/cli/map_chunk.h"
#include "client/cli/map_input.h"
#include "client/cli/map_window.h"

struct map_sender;

struct map_sender_settings {
    struct celeriac_client *client;
    struct map_window *window;
    struct map_chunk *chunk;
    const char *task;
    const struct celeriac_options *options;
    const struct celeriac_value *kwargs; /* for every line; NULL: none */
    struct joblog *joblog;               /* NULL: none */
};

/* Borrows all that `settings` points to. */
struct map_sender *map_sender_new(const struct map_sender_settings *settings);
void map_sender_free(struct map_sender *s);

/* May more lines be added before the next map_sender_send? */
bool map_sender_has_room(const struct map_sender *s);
/* Nothing is to be sent for this line: a map that is resumed has done it before. */
bool map_sender_is_done(const struct map_sender *s, uint64_t line);
/* Makes the line a job, or a part of one; a line that cannot be sent takes a place that is refused.
 */
void map_sender_add(struct map_sender *s, const struct map_line *line);
/* Sends what has been added. A broker that cannot be reached now is tried again by later calls,
 * with the same ids, for a minute; false: it stays that way, or refuses for another reason. */
bool map_sender_send(struct map_sender *s, struct error *err);
/* ms until the next try is due; -1: nothing is held back. */
int map_sender_retry_ms(const struct map_sender *s);

#endif
