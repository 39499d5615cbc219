/* The worker's published state: what `celeriac workers` shows, read from the scoreboards. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/json.h"
#include "worker/steward_state.h"

enum { TTL_LEASES = 3, RUNNING_SHOWN_MAX = 1000 };

struct totals {
    int64_t processes, busy, rss_bytes;
    uint64_t done, failed, stale, tasks_hash;
    struct celeriac_value *running;
};

static void
add_running(struct totals *t, const struct scoreboard *b, struct celeriac_arena *a)
{
    const int64_t wall_minus_mono = clock_wall_ms() - clock_mono_ms();
    struct slot_view v;
    struct id id;
    char text[ID_MAX + 1];

    for (uint32_t i = 0; i < b->n_slots; i++) {
        if (!slot_read(&b->slots[i], &v))
            continue;
        t->busy++;
        if (celeriac_size(t->running) >= RUNNING_SHOWN_MAX ||
            !id_from_redis(&id, v.job.id, strnlen(v.job.id, ID_MAX)))
            continue;
        struct celeriac_value *job = celeriac_object(a);
        celeriac_set(job, "id", celeriac_text(a, id_print(&id, text)));
        celeriac_set(job, "task", celeriac_text(a, v.job.task));
        celeriac_set(job, "queue", celeriac_text(a, v.job.queue));
        celeriac_set(job, "since_ms", celeriac_integer(a, v.job.started_ms + wall_minus_mono));
        celeriac_set(job, "pid", celeriac_integer(a, b->pid));
        if (v.progress > 0)
            celeriac_set(job, "progress", celeriac_number(a, (double)v.progress / 1e6));
        celeriac_append(t->running, job);
    }
}

static struct totals
add_up(const struct steward *s, struct celeriac_arena *a)
{
    const struct scoreboards *boards = s->heritage->boards;
    struct totals t = {.running = celeriac_array(a),
                       .rss_bytes =
                           process_resident_bytes(getpid()) + process_resident_bytes(getppid())};

    for (size_t i = 0; i < boards->n; i++) {
        const struct scoreboard *b = &boards->seats[i];
        if (b->number == 0)
            continue;
        t.processes++;
        t.rss_bytes += process_resident_bytes(b->pid);
        t.done += b->done;
        t.failed += b->failed;
        t.stale += b->stale;
        if (b->tasks_hash != 0)
            t.tasks_hash = b->tasks_hash;
        add_running(&t, b, a);
    }
    return t;
}

static struct celeriac_value *
describe(const struct steward *s, struct celeriac_arena *a)
{
    static const char *const states[] = {"running", "quiet", "stopping"};
    const struct totals t = add_up(s, a);
    struct celeriac_value *o = celeriac_object(a);
    struct celeriac_value *queues = celeriac_array(a);
    char host[256] = "";

    (void)gethostname(host, sizeof(host) - 1);
    for (size_t i = 0; i < s->n_queues; i++)
        celeriac_append(queues, celeriac_text(a, s->queues[i].name));
    celeriac_set(o, "worker", celeriac_text(a, s->settings->id));
    celeriac_set(o, "host", celeriac_text(a, host));
    celeriac_set(o, "pid", celeriac_integer(a, getppid()));
    celeriac_set(o, "state", celeriac_text(a, states[s->state]));
    celeriac_set(o, "version", celeriac_text(a, CELERIAC_VERSION));
    celeriac_set(o, "processes", celeriac_integer(a, t.processes));
    celeriac_set(o, "threads", celeriac_integer(a, s->settings->threads));
    celeriac_set(o, "busy", celeriac_integer(a, t.busy));
    celeriac_set(o, "queues", queues);
    celeriac_set(o, "rss_bytes", celeriac_integer(a, t.rss_bytes));
    celeriac_set(o, "done", celeriac_integer(a, (int64_t)t.done));
    celeriac_set(o, "failed", celeriac_integer(a, (int64_t)t.failed));
    celeriac_set(o, "stale", celeriac_integer(a, (int64_t)t.stale));
    celeriac_set(o, "started_at_ms", celeriac_integer(a, s->started_ms));
    celeriac_set(o, "beat_at_ms", celeriac_integer(a, clock_wall_ms()));
    celeriac_set(o, "running", t.running);
    if (t.tasks_hash != 0)
        celeriac_set(o, "tasks", celeriac_text(a, arena_printf(a, "%016" PRIx64, t.tasks_hash)));
    return o;
}

static void
on_published(void *arg, const struct error *err)
{
    (void)arg, (void)err; /* the next beat publishes again */
}

void
publish_state(struct steward *s)
{
    struct celeriac_arena *arena = arena_new();
    struct buffer json = BUFFER_INIT;

    json_print(describe(s, arena), &json);
    buffer_append(&json, "", 1);
    broker_loop_publish(s->command, s->settings->id, json.data, TTL_LEASES * s->settings->lease_ms,
                        on_published, s);
    buffer_clear(&json);
    arena_free(arena);
}
