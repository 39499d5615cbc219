/* Dumps: what every process and thread does, into the log. What stands in the scoreboards is
 * written by the master itself, so it is there of processes that hang, too; each child adds its
 * heap and its stacks (worker/dump.h). Whoever asked from afar is answered when all have written
 * theirs, or have been waited for long enough. */
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/dump.h"
#include "worker/master_state.h"

/* `celeriac control` promises its answer within a second. */
enum { WAIT_MS = 700 };

static void
dump_runner(const struct master *m, const struct runner_child *c)
{
    static const char *const states[] = {"starting", "ready", "draining", "left"};
    const struct scoreboard *b = c->board;
    struct slot_view v;
    struct id id;
    char text[ID_MAX + 1];

    log_event(LOG_INFO, "dump",
              "runner=%s/%u pid=%d state=%s busy=%u threads=%u done=%llu failed=%llu stale=%llu "
              "private_kb=%lld "
              "round_ms_ago=%lld",
              m->settings->id, c->number, (int)c->pid, states[c->state], scoreboard_busy(b),
              b->n_slots, (unsigned long long)b->done, (unsigned long long)b->failed,
              (unsigned long long)b->stale, (long long)process_private_bytes(c->pid) / 1024,
              (long long)(clock_mono_ms() - b->stamp_ms));
    for (uint32_t i = 0; i < b->n_slots; i++) {
        if (!slot_read(&b->slots[i], &v) ||
            !id_from_redis(&id, v.job.id, strnlen(v.job.id, ID_MAX)))
            continue;
        log_event(
            LOG_INFO, "dump_slot",
            "runner=%s/%u slot=%u id=%s task=%s queue=%s running_ms=%lld progress=%.3f stop=%d",
            m->settings->id, c->number, i, id_print(&id, text), v.job.task, v.job.queue,
            (long long)(clock_mono_ms() - v.job.started_ms), (double)v.progress / 1e6, (int)v.stop);
    }
}

static bool
tell(int fd, pid_t pid)
{
    return pid != 0 && fd >= 0 && wire_tell(fd, WIRE_DUMP, 0, 0);
}

bool
dump_begin(struct master *m, uint32_t request, int64_t now_ms)
{
    if (m->dump.deadline_ms != 0)
        return false;
    m->dump = (struct master_dump){.deadline_ms = now_ms + WAIT_MS, .request = request};
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        struct runner_child *c = &m->runners[i];
        if (c->pid == 0)
            continue;
        dump_runner(m, c);
        c->is_dumping = tell(c->fd, c->pid);
    }
    log_event(LOG_INFO, "dump", "steward=%d private_kb=%lld", (int)m->steward.pid,
              (long long)process_private_bytes(m->steward.pid) / 1024);
    m->steward.is_dumping = tell(m->steward.fd, m->steward.pid);
    m->http.is_dumping = tell(m->http.fd, m->http.pid);
    dump_write(NULL);
    dump_look(m, now_ms);
    return true;
}

static void
log_silent(const char *role, pid_t pid)
{
    log_event(LOG_WARN, "dump_unanswered", "of=%s pid=%d waited_ms=%d", role, (int)pid, WAIT_MS);
}

static bool
is_complete(const struct master *m)
{
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0 && m->runners[i].is_dumping)
            return false;
    }
    return !(m->steward.pid != 0 && m->steward.is_dumping) &&
           !(m->http.pid != 0 && m->http.is_dumping);
}

static void
give_up(struct master *m)
{
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0 && m->runners[i].is_dumping)
            log_silent("runner", m->runners[i].pid);
        m->runners[i].is_dumping = false;
    }
    if (m->steward.pid != 0 && m->steward.is_dumping)
        log_silent("steward", m->steward.pid);
    if (m->http.pid != 0 && m->http.is_dumping)
        log_silent("http", m->http.pid);
    m->steward.is_dumping = m->http.is_dumping = false;
}

void
dump_look(struct master *m, int64_t now_ms)
{
    if (m->dump.deadline_ms == 0)
        return;
    if (!is_complete(m)) {
        if (now_ms < m->dump.deadline_ms)
            return;
        give_up(m);
    }
    const uint32_t request = m->dump.request;
    m->dump = (struct master_dump){.deadline_ms = 0};
    control_tell(m, request, CONTROL_DONE);
}
