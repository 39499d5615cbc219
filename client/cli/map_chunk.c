/* The size of chunks.
 *
 * A job costs some tens of microseconds around its run: a message, a reservation, a commit. Lines
 * that take less than that should travel together; lines that take long should not, since a chunk
 * runs on one core and is cancelled, retried and lost as one. A chunk of 15 ms makes the cost small
 * (under 1 %) and still leaves work for all cores.
 *
 * The time of a line is an exponential average, so that one slow line does not turn everything
 * over. The size at most doubles from one observation to the next: the first estimates come from
 * tiny chunks and are rough. */
#include "client/cli/map_chunk.h"

#include <stdlib.h>
#include <string.h>

enum { TARGET_US = 15000 };
static const double WEIGHT = 0.25;

bool
map_chunk_init(struct map_chunk *c, const char *text, struct error *err)
{
    char *end;
    long n;

    *c = (struct map_chunk){0};
    if (strcmp(text, "auto") == 0) {
        c->is_auto = true;
        c->size = 1;
        return true;
    }
    n = strtol(text, &end, 10);
    if (*end || end == text || n < 1 || n > MAP_CHUNK_MAX) {
        return error_set(err, ERROR_USAGE, "--chunk \"%.80s\": expected auto or 1 to %d", text,
                         MAP_CHUNK_MAX);
    }
    c->size = n == 1 ? 0 : (uint32_t)n;
    return true;
}

void
map_chunk_observe(struct map_chunk *c, uint32_t lines, int64_t runtime_us)
{
    double line_us = lines ? (double)runtime_us / lines : 0;
    double wanted;

    if (!c->is_auto || lines == 0 || runtime_us < 0) {
        return;
    }
    line_us = line_us < 0.5 ? 0.5 : line_us;
    c->line_us = c->line_us > 0 ? c->line_us + WEIGHT * (line_us - c->line_us) : line_us;
    wanted = TARGET_US / c->line_us;
    if (wanted > 2.0 * lines && wanted > c->size) {
        wanted = 2.0 * lines > c->size ? 2.0 * lines : c->size;
    }
    c->size = wanted < 1 ? 1 : wanted > MAP_CHUNK_MAX ? MAP_CHUNK_MAX : (uint32_t)wanted;
}
