/* Remote commands: each is what a signal means, too, and its result goes back to the steward. */
#include "worker/master_state.h"

static enum control_result
obey(struct master *m, const struct wire *w, int64_t now_ms)
{
    switch (w->kind) {
    case WIRE_STOP:
        return master_stop(m, false, now_ms);
    case WIRE_QUIET:
    case WIRE_RESUME:
        return master_quiet(m, w->kind == WIRE_QUIET);
    case WIRE_RESTART:
        return master_reload(m);
    case WIRE_SCALE:
        return master_scale(m, w->value);
    default:
        return CONTROL_DONE; /* a dump that is being written already */
    }
}

void
control_tell(struct master *m, uint32_t request, enum control_result result)
{
    struct wire answer = {
        .kind = WIRE_ANSWER, .number = request, .value = (uint32_t)result, .at_ms = m->wanted};

    if (request != 0 && m->steward.pid != 0 && m->steward.fd >= 0)
        (void)wire_send(m->steward.fd, &answer);
}

void
control_obey(struct master *m, const struct wire *w, int64_t now_ms)
{
    if (w->kind == WIRE_DUMP && dump_begin(m, w->number, now_ms))
        return; /* answered when it is written */
    control_tell(m, w->number, obey(m, w, now_ms));
}
