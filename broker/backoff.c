#include "broker/backoff.h"

int
backoff_ms(unsigned failures, uint32_t random)
{
    int full = BACKOFF_FIRST_MS;
    for (unsigned i = 1; i < failures && full < BACKOFF_MAX_MS; i++)
        full *= 2;
    if (full > BACKOFF_MAX_MS)
        full = BACKOFF_MAX_MS;
    return full - (int)(random % (unsigned)(full / 2 + 1));
}
