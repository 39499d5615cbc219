/* Outcomes are opaque here but for their state; common/message.h reads and writes them. */
#include "broker/outcome_state.h"

#include "common/arena.h"

enum job_state
outcome_state(const void *data, size_t len, enum job_state fallback)
{
    struct outcome outcome;
    struct celeriac_arena *arena = arena_new();
    bool ok = outcome_decode(data, len, arena, &outcome, NULL);
    enum job_state state = ok && job_state_is_final(outcome.state) ? outcome.state : fallback;
    arena_free(arena);
    return state;
}

void
outcome_bare(enum job_state state, struct buffer *out)
{
    struct outcome outcome = OUTCOME_INIT;
    outcome.state = state;
    MUST(outcome_encode(&outcome, RESULT_MAX_DEFAULT, out, NULL));
}
