/* Publishing what this runner can do: the signatures of all its tasks as one JSON array, under its
 * hash, so that workers with the same modules share one table. */
#include <inttypes.h>
#include <stdio.h>

#include "client/module.h"
#include "client/signature.h"
#include "common/arena.h"
#include "common/buffer.h"
#include "common/json.h"
#include "worker/runner_state.h"

enum { TABLE_TTL_MS = 3600 * 1000 };

static uint64_t
hash_of(const char *text, size_t len) /* FNV-1a */
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return h != 0 ? h : 1;
}

void
publish_tasks(struct runner *r, broker_done_fn *done)
{
    struct celeriac_arena *arena = arena_new();
    struct celeriac_value *table = celeriac_array(arena);
    struct buffer json = BUFFER_INIT;
    char hash[24];

    for (size_t i = 0; i < module_set_task_count(r->modules); i++)
        celeriac_append(table, signature_describe(module_set_task_at(r->modules, i)->task, arena));
    json_print(table, &json);
    buffer_append(&json, "", 1);
    const uint64_t h = hash_of(json.data, json.len);
    (void)snprintf(hash, sizeof(hash), "%016" PRIx64, h);
    broker_loop_publish_tasks(r->command, hash, json.data, TABLE_TTL_MS, done, r);
    r->heritage->board->tasks_hash = h;
    buffer_clear(&json);
    arena_free(arena);
}
