/* Observing beats. What is remembered of a worker is its last value and since when that value has
 * stood; a new value, or a new epoch, starts the time afresh. The registry comes in the same order
 * nearly always, so the search for a name begins behind the one found last. */
#include "worker/observer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct sighting {
    char *name, *value;
    int64_t since_ms;
    unsigned epoch;
    bool is_present; /* in this pass */
};

struct observer {
    struct sighting *sightings;
    size_t n, room;
    size_t at; /* where the next name is expected */
};

struct observer *
observer_new(void)
{
    return mem_zero(sizeof(struct observer));
}

static void
forget(struct sighting *s)
{
    free(s->name);
    free(s->value);
}

void
observer_free(struct observer *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->n; i++)
        forget(&o->sightings[i]);
    free(o->sightings);
    free(o);
}

static struct sighting *
find_or_add(struct observer *o, const char *name)
{
    for (size_t i = 0; i < o->n; i++) {
        const size_t at = (o->at + i) % o->n;
        if (strcmp(o->sightings[at].name, name) == 0) {
            o->at = at + 1;
            return &o->sightings[at];
        }
    }
    if (o->n == o->room) {
        o->room = o->room > 0 ? 2 * o->room : 16;
        o->sightings = mem_grow(o->sightings, o->room, sizeof(*o->sightings));
    }
    o->sightings[o->n] = (struct sighting){.name = mem_text(name)};
    return &o->sightings[o->n++];
}

/* A value that cannot be read gets a lease that is surely long enough. */
static int64_t
lease_of(const char *value)
{
    enum { LEASE_UNKNOWN_MS = 3600 * 1000 };
    long long lease = 0;
    if (sscanf(value, "%*s %lld", &lease) != 1 || lease <= 0)
        return LEASE_UNKNOWN_MS;
    return lease;
}

struct observer_verdict
observer_see(struct observer *o, const char *name, const char *value, int64_t now_ms,
             unsigned epoch)
{
    struct sighting *s = find_or_add(o, name);

    s->is_present = true;
    if (s->value == NULL || s->epoch != epoch || strcmp(s->value, value) != 0) {
        free(s->value);
        s->value = mem_text(value);
        s->since_ms = now_ms;
        s->epoch = epoch;
    }
    const int64_t lease = lease_of(value);
    const int64_t silent = now_ms - s->since_ms;
    if (silent >= lease)
        return (struct observer_verdict){true, INT64_MAX};
    return (struct observer_verdict){false, silent > lease / 2 ? s->since_ms + lease : INT64_MAX};
}

void
observer_end_pass(struct observer *o)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->n; i++) {
        if (o->sightings[i].is_present)
            o->sightings[kept++] = o->sightings[i];
        else
            forget(&o->sightings[i]);
    }
    o->n = kept;
    o->at = 0;
    for (size_t i = 0; i < kept; i++)
        o->sightings[i].is_present = false;
}
