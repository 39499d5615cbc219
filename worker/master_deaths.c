/* Deaths of runners that the steward has not dealt with yet. Each is told at once, and again once a
 * second or to a new steward, until it is acknowledged; saying it twice does no harm. Until then
 * the dead runner's seat is kept. */
#include <stdlib.h>

#include "common/mem.h"
#include "worker/master_state.h"

static void
tell(struct master *m, struct death *d)
{
    if (m->steward.pid != 0 && m->steward.fd >= 0)
        (void)wire_send(m->steward.fd, &d->wire);
}

void
deaths_add(struct master *m, const struct runner_child *c, const struct wire_death *death)
{
    struct death *d = mem_zero(sizeof(*d));

    d->wire = (struct wire){.kind = WIRE_DEATH, .number = c->number, .death = *death};
    d->board = c->board;
    d->next = m->deaths;
    m->deaths = d;
    tell(m, d);
}

void
deaths_resend(struct master *m)
{
    for (struct death *d = m->deaths; d != NULL; d = d->next)
        tell(m, d);
}

void
deaths_acknowledge(struct master *m, uint32_t number)
{
    for (struct death **at = &m->deaths; *at != NULL; at = &(*at)->next) {
        struct death *d = *at;
        if (d->wire.number != number)
            continue;
        *at = d->next;
        scoreboard_release(d->board);
        free(d);
        return;
    }
}
