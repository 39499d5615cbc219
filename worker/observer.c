/* Observing beats. What is remembered of a worker is its last value and since when that value has
 * stood; a new value, or a new epoch, starts the time afresh. Beats are heard of when they come;
 * the registry, read now and then, has the last word. It comes in the same order nearly always, so
 * the search for a name begins behind the one found last. */
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

/* A value that was there already says nothing new: its time goes on. */
static void
note(struct sighting *s, const char *value, int64_t now_ms, unsigned epoch)
{
    if (s->value != NULL && s->epoch == epoch && strcmp(s->value, value) == 0)
        return;
    free(s->value);
    s->value = mem_text(value);
    s->since_ms = now_ms;
    s->epoch = epoch;
}

static int64_t
late_ms(const struct sighting *s, int64_t now_ms)
{
    const int64_t lease = lease_of(s->value);
    return now_ms - s->since_ms > lease / 2 ? s->since_ms + lease : INT64_MAX;
}

struct observer_verdict
observer_see(struct observer *o, const char *name, const char *value, int64_t now_ms,
             unsigned epoch)
{
    struct sighting *s = find_or_add(o, name);

    s->is_present = true;
    note(s, value, now_ms, epoch);
    if (now_ms - s->since_ms >= lease_of(s->value))
        return (struct observer_verdict){true, INT64_MAX};
    return (struct observer_verdict){false, late_ms(s, now_ms)};
}

void
observer_hear(struct observer *o, const char *name, const char *value, int64_t now_ms,
              unsigned epoch)
{
    note(find_or_add(o, name), value, now_ms, epoch);
}

int64_t
observer_late_ms(const struct observer *o, int64_t now_ms)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < o->n; i++) {
        const int64_t at = late_ms(&o->sightings[i], now_ms);
        if (at < first)
            first = at;
    }
    return first;
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
