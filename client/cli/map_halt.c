/* --halt N or N%. A share counts from MAP_HALT_LEAST lines on: the first failure of all would be
 * 100 %. */
#include "client/cli/map_halt.h"

#include <stdlib.h>
#include <string.h>

bool
map_halt_init(struct map_halt *h, const char *text, struct error *err)
{
    char *end;
    long long n;

    *h = (struct map_halt){0, 0};
    if (!text) {
        return true;
    }
    n = strtoll(text, &end, 10);
    if (end != text && n >= 1 && *end == '\0') {
        h->failures = (uint64_t)n;
        return true;
    }
    if (end != text && n >= 1 && n <= 100 && strcmp(end, "%") == 0) {
        h->share = (double)n / 100;
        return true;
    }
    return error_set(err, ERROR_USAGE,
                     "--halt \"%.80s\": expected a number of failures, or 1%% to 100%%", text);
}

bool
map_halt_is_due(const struct map_halt *h, uint64_t done, uint64_t failed)
{
    if (h->failures) {
        return failed >= h->failures;
    }
    return h->share > 0 && done >= MAP_HALT_LEAST && (double)failed >= h->share * (double)done;
}
