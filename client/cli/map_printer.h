/* The printing half of map: outcomes become lines. */
#ifndef CLIENT_CLI_MAP_PRINTER_H
#define CLIENT_CLI_MAP_PRINTER_H

#include "client/cli/joblog.h"
#include "client/cli/map_chunk.h"
#include "client/cli/map_window.h"
#include "client/cli/progress.h"
#include "common/message.h"

struct map_printer {
    struct broker *broker;
    struct map_chunk *chunk;   /* is told how long chunks took */
    struct progress *progress; /* is hidden while something else is written; NULL: none */
    struct joblog *joblog;     /* NULL: none */
    const char *task;
    bool is_json, is_raw;
    bool hides_cancelled; /* after --halt: they are counted, not listed */
    struct celeriac_arena *arena;
    struct buffer out, err;                 /* whole lines, not yet written */
    uint64_t n_done, n_failed, n_cancelled; /* lines */
};

void map_printer_init(struct map_printer *p, struct broker *broker, struct map_chunk *chunk);
void map_printer_clear(struct map_printer *p);
/* Prints the lines of one place. ERROR_UNAVAILABLE: its outcome could not be fetched; try again. */
bool map_printer_place(struct map_printer *p, const struct map_place *place, struct error *err);
/* Writes what has gathered, by whole lines. */
bool map_printer_flush(struct map_printer *p, struct error *err);

#endif
