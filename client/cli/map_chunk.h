/* How many lines go into one job: a pure function of what has been measured. */
#ifndef CLIENT_CLI_MAP_CHUNK_H
#define CLIENT_CLI_MAP_CHUNK_H

#include "common/error.h"

#include <stdint.h>

enum { MAP_CHUNK_MAX = 1000 };

struct map_chunk {
    bool is_auto;
    uint32_t size;  /* lines for the next job; 0: lines travel alone, without a chunk */
    double line_us; /* measured time of a line; 0: nothing yet */
};

/* "auto" or 1..MAP_CHUNK_MAX. ERROR_USAGE. */
bool map_chunk_init(struct map_chunk *c, const char *text, struct error *err);
/* A job of `lines` lines took that long. */
void map_chunk_observe(struct map_chunk *c, uint32_t lines, int64_t runtime_us);

#endif
