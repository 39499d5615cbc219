/* The master's look at the scoreboards: time limits, cancellations that are not heeded, memory,
 * silence. What follows from the numbers is decided in worker/limits.c; here it is carried out. */
#include <signal.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/limits.h"
#include "worker/master_state.h"

enum {
    MEMORY_EVERY_MS = 1000,
    STARTING_SILENT_MS = 60000, /* loading modules may take a while */
};

static int64_t
min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void
kill_for_slot(struct runner_child *c, uint32_t slot, const struct slot_view *v,
              enum death_reason reason)
{
    c->slot = slot;
    c->generation = v->generation;
    children_kill(c, reason);
}

/* Returns when to look at this slot again. */
static int64_t
look_at_slot(struct runner_child *c, uint32_t i, int64_t now_ms)
{
    struct scoreboard_slot *slot = &c->board->slots[i];
    struct slot_view v;

    if (c->is_killed || !slot_is_running(slot) || !slot_read(slot, &v))
        return INT64_MAX;
    const struct limit_judgement j = limits_judge(&v, now_ms);
    switch (j.verdict) {
    case LIMIT_FINE:
        break;
    case LIMIT_SOFT:
        (void)slot_stop(slot, &v, STOP_TIMEOUT);
        break;
    case LIMIT_HARD:
        kill_for_slot(c, i, &v, DEATH_HARD_LIMIT);
        break;
    case LIMIT_UNHEEDED:
        kill_for_slot(c, i, &v, DEATH_UNHEEDED);
        break;
    }
    return j.look_again_ms;
}

static int64_t
look_at_runner(const struct master *m, struct runner_child *c, int64_t now_ms)
{
    int64_t next = now_ms + LIMIT_LOOK_MS;

    /* Said before looking, so that a job that begins meanwhile either is seen or sees the time:
     * job_run.c. */
    (void)atomic_exchange(&c->board->next_look_ms, next);
    for (uint32_t i = 0; i < c->board->n_slots; i++)
        next = min_ms(next, look_at_slot(c, i, now_ms));
    (void)atomic_exchange(&c->board->next_look_ms, next);

    const int64_t limit = c->state == RUNNER_STARTING ? STARTING_SILENT_MS : LIMIT_RUNNER_SILENT_MS;
    if (!c->is_killed && limits_is_silent(c->board->stamp_ms, now_ms, m->awake_since_ms, limit)) {
        log_event(LOG_ERROR, "runner_stalled", "runner=%s/%u pid=%d", m->settings->id, c->number,
                  (int)c->pid);
        children_kill(c, DEATH_STALLED);
    }
    return next;
}

static void
look_at_memory(struct master *m, struct runner_child *c)
{
    const int64_t most = c->settings->max_memory_bytes;
    if (most <= 0 || c->is_killed)
        return;
    const int64_t bytes = process_private_bytes(c->pid);
    switch (limits_memory(bytes, most)) {
    case MEMORY_FINE:
        return;
    case MEMORY_RECYCLE:
        if (!c->is_stale && c->state == RUNNER_READY)
            log_event(LOG_INFO, "runner_recycled", "runner=%s/%u reason=memory bytes=%lld",
                      m->settings->id, c->number, (long long)bytes);
        c->is_stale = true;
        return;
    case MEMORY_KILL:
        log_event(LOG_WARN, "runner_too_large", "runner=%s/%u bytes=%lld", m->settings->id,
                  c->number, (long long)bytes);
        children_kill(c, DEATH_MEMORY);
        return;
    }
}

static void
look_at_steward(struct master *m, int64_t now_ms)
{
    struct steward_child *s = &m->steward;

    if (s->pid == 0 || s->is_killed ||
        !limits_is_silent(m->boards->steward_stamp_ms, now_ms, m->awake_since_ms,
                          limits_steward_ms(m->settings->lease_ms)))
        return;
    log_event(LOG_ERROR, "steward_stalled", "pid=%d", (int)s->pid);
    s->is_killed = true;
    (void)kill(s->pid, SIGKILL);
}

void
limits_look(struct master *m, int64_t now_ms)
{
    const int64_t steward_ms = limits_steward_ms(m->settings->lease_ms) / 4;
    int64_t next = now_ms + min_ms(steward_ms, LIMIT_LOOK_MS);
    const bool looks_at_memory = now_ms >= m->next_memory_ms;

    if (now_ms < m->next_look_ms)
        return;
    if (now_ms - m->next_look_ms > steward_ms) /* so late: the master itself did not run */
        m->awake_since_ms = now_ms;
    if (looks_at_memory)
        m->next_memory_ms = now_ms + MEMORY_EVERY_MS;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        struct runner_child *c = &m->runners[i];
        if (c->pid == 0)
            continue;
        next = min_ms(next, look_at_runner(m, c, now_ms));
        if (looks_at_memory)
            look_at_memory(m, c);
    }
    look_at_steward(m, now_ms);
    m->next_look_ms = next;
}
