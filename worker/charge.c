/* Charging. A death with a named culprit costs the culprit alone. Without a name, all that ran are
 * suspect: each goes back uncharged and runs alone next time, and the death of a process in which a
 * suspect ran is charged to it (broker/lua/recover.lua sees by the message that it was one). A
 * death that the master caused for its own reasons (the worker stops, a cancellation was ignored)
 * costs nobody. */
#include "worker/charge.h"

enum charge
charge_of(const struct charge_case *c, unsigned slot)
{
    const bool is_named = c->is_named && slot == c->named_slot;

    switch (c->reason) {
    case DEATH_HARD_LIMIT:
        return is_named ? CHARGE_TIMEOUT : CHARGE_NOTHING;
    case DEATH_UNHEEDED:
    case DEATH_HANDBACK:
    case DEATH_DRAINED:
        return CHARGE_NOTHING;
    case DEATH_OWN:
    case DEATH_MEMORY:
    case DEATH_STALLED:
        if (c->is_named)
            return is_named ? CHARGE_CRASH : CHARGE_NOTHING;
        return CHARGE_SUSPECT;
    }
    return CHARGE_NOTHING;
}
