/* When map gives up: a pure function of counts. */
#ifndef CLIENT_CLI_MAP_HALT_H
#define CLIENT_CLI_MAP_HALT_H

#include "common/error.h"

#include <stdint.h>

enum { MAP_HALT_LEAST = 10 }; /* lines, before a share means anything */

struct map_halt {
    uint64_t failures; /* 0: never */
    double share;      /* 0: never */
};

/* NULL: never. "3", "20%". ERROR_USAGE. */
bool map_halt_init(struct map_halt *h, const char *text, struct error *err);
bool map_halt_is_due(const struct map_halt *h, uint64_t done, uint64_t failed);

#endif
