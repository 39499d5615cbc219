/* Jobs by their id alone: cancelling, and one look. */
#include "client/client.h"

#include <string.h>

#include "common/arena.h"

static bool parse_id(struct id *out, const char *id, struct celeriac_error *error);

bool
celeriac_cancel(struct celeriac_client *client, const char *id, bool force,
                enum celeriac_state *state, struct celeriac_error *error)
{
    enum job_state now = JOB_UNKNOWN;
    struct error err = ERROR_INIT;
    struct id parsed;

    if (!parse_id(&parsed, id, error)) {
        return false;
    }
    if (!broker_cancel(client->broker, &parsed, force, &now, &err)) {
        return client_fail(error, &err);
    }
    if (now == JOB_UNKNOWN) {
        return client_fail_with(error, ERROR_NOT_FOUND, "no job %s", id);
    }
    if (state) {
        *state = (enum celeriac_state)now;
    }
    return true;
}

bool
celeriac_look(struct celeriac_client *client, const char *id, enum celeriac_state *state,
              struct celeriac_error *error)
{
    struct celeriac_arena *arena;
    struct broker_record record = {.state = JOB_UNKNOWN};
    struct error err = ERROR_INIT;
    struct id parsed;
    bool ok;

    if (!parse_id(&parsed, id, error)) {
        return false;
    }
    arena = arena_new();
    ok = broker_find(client->broker, NULL, &parsed, 1, false, arena, &record, &err);
    arena_free(arena);
    if (!ok) {
        return client_fail(error, &err);
    }
    *state = (enum celeriac_state)record.state;
    return true;
}

const char *
celeriac_state_name(enum celeriac_state state)
{
    return job_state_name((enum job_state)state);
}

static bool
parse_id(struct id *out, const char *id, struct celeriac_error *error)
{
    return id_parse(out, id, strlen(id)) || id_from_redis(out, id, strlen(id)) ||
           client_fail_with(error, ERROR_USAGE, "id \"%s\": expected a UUID", id);
}
