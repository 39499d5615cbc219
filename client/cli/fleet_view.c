/* Queues and workers as objects. */
#include "client/cli/fleet_view.h"

#include <string.h>

#include "client/cli/job_view.h"
#include "client/cli/limit_text.h"
#include "common/arena.h"
#include "common/json.h"

struct celeriac_value *
fleet_view_queue(const struct broker_queue *q, struct celeriac_arena *arena)
{
    struct celeriac_value *v = celeriac_object(arena), *limits = celeriac_object(arena);

    celeriac_set(v, "queue", celeriac_text(arena, q->name));
    celeriac_set(v, "ready", celeriac_integer(arena, q->ready));
    celeriac_set(v, "running", celeriac_integer(arena, q->running));
    celeriac_set(v, "delayed", celeriac_integer(arena, q->delayed));
    celeriac_set(v, "dead", celeriac_integer(arena, q->dead));
    celeriac_set(v, "latency_ms", celeriac_integer(arena, q->latency_ms));
    celeriac_set(v, "processed", celeriac_integer(arena, q->processed));
    celeriac_set(v, "failed", celeriac_integer(arena, q->failed));
    celeriac_set(v, "paused", celeriac_boolean(arena, q->is_paused));
    limit_text_json(&q->limits, limits, arena);
    if (celeriac_size(limits)) {
        celeriac_set(limits, "parked", celeriac_integer(arena, q->parked));
        celeriac_set(v, "limits", limits);
    }
    return v;
}

struct celeriac_value *
fleet_view_worker(const char *json, int64_t now_ms, struct celeriac_arena *arena)
{
    const struct celeriac_value *state = json_parse(arena, json, strlen(json), NULL);
    struct celeriac_value *v = celeriac_object(arena);
    int64_t at_ms = job_view_integer(state, "beat_at_ms");

    for (size_t i = 0; i < celeriac_size(state); i++) {
        const char *key;
        const struct celeriac_value *item = celeriac_entry(state, i, &key);
        if (strcmp(key, "beat_at_ms") == 0) {
            celeriac_set(v, "heartbeat_age_ms",
                         celeriac_integer(arena, now_ms > at_ms ? now_ms - at_ms : 0));
        } else {
            celeriac_set(v, key,
                         (struct celeriac_value *)(uintptr_t)item); /* same arena; nobody writes */
        }
    }
    return v;
}

int64_t
fleet_view_slots(const struct celeriac_value *worker)
{
    enum { MOST = 100000 };
    int64_t processes = job_view_integer(worker, "processes");
    int64_t threads = job_view_integer(worker, "threads");

    if (processes <= 0 || threads <= 0) {
        return 0;
    }
    return processes > MOST / threads ? MOST : processes * threads;
}

const char *
fleet_view_queues(const struct celeriac_value *worker, struct celeriac_arena *arena)
{
    const struct celeriac_value *names = celeriac_get(worker, "queues");
    const char *text = "";

    for (size_t i = 0; i < celeriac_size(names); i++) {
        const struct celeriac_value *name = celeriac_at(names, i);
        const char *word = celeriac_type(name) == CELERIAC_STRING ? celeriac_bytes(name, NULL)
                                                                  : job_view_text(name, "queue");
        text = arena_printf(arena, "%s%s%s", text, i ? "," : "", word);
    }
    return text;
}
