/* Charging. A death with a named culprit costs the culprit alone. Without a name, a job that ran
 * alone is to blame; if several ran, each is suspect and will run alone next time, where the rule
 * before applies. A death that the master caused for its own reasons (the worker stops, a
 * cancellation was ignored) costs nobody. */
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
        return c->n_running == 1 ? CHARGE_CRASH : CHARGE_SUSPECT;
    }
    return CHARGE_NOTHING;
}
