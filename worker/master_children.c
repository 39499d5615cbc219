/* The master's children: starting, reaping, replacing.
 *
 * A runner's life, as the master sees it:   STARTING --READY--> READY --told to drain--> DRAINING
 * --> reaped
 *
 * children_reconcile compares what is there with what is wanted. One rule serves start, restart,
 * scaling and reload: too few live (not draining) runners: start one; some are stale: one more than
 * wanted is started, and when that is ready a stale one is told to drain; too many: the youngest
 * drains. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "worker/fault_handler.h"
#include "worker/http.h"
#include "worker/master_state.h"
#include "worker/runner.h"
#include "worker/steward.h"

static void on_runner_exit(struct master *m, struct runner_child *c, int status,
                           const struct rusage *usage);
static void on_steward_exit(struct master *m, int status, int64_t now_ms);
static void on_http_exit(struct master *m, int status, int64_t now_ms);

enum { HTTP_RESTART_MS = 5000 };

/* ---- starting ---- */

static void
start_runner(struct master *m, int64_t now_ms)
{
    struct error err = ERROR_INIT;
    char title[32];
    struct runner_child *c = NULL;

    for (size_t i = 0; i < MASTER_RUNNERS_MAX && c == NULL; i++)
        c = m->runners[i].pid == 0 ? &m->runners[i] : NULL;
    struct scoreboard *board =
        c != NULL ? scoreboards_take(m->boards, m->last_number + 1, m->settings->threads, now_ms)
                  : NULL;
    if (board == NULL) {
        log_event(LOG_ERROR, "runner_not_started", "reason=\"no seat is free\"");
        m->next_start_ms = now_ms + SUPERVISE_MAX_DELAY_MS;
        return;
    }
    const uint32_t number = ++m->last_number;
    (void)snprintf(title, sizeof(title), "runner %u", number);
    struct heritage h = {.settings = m->settings,
                         .boards = m->boards,
                         .metrics = m->metrics,
                         .board = board,
                         .number = number,
                         .title = title,
                         .is_quiet = m->state == WORKER_QUIET};
    *c = (struct runner_child){
        .number = number, .board = board, .settings = m->settings, .started_ms = now_ms};
    if (!process_fork(&h, runner_main, &c->pid, &c->fd, &err)) {
        log_event(LOG_ERROR, "runner_not_started", "reason=\"%s\"", log_quote(err.message));
        c->pid = 0;
        scoreboard_release(board);
        m->next_start_ms = now_ms + SUPERVISE_FIRST_DELAY_MS;
        return;
    }
    board->pid = (int32_t)c->pid;
    log_event(LOG_INFO, "runner_started", "runner=%s/%u pid=%d", m->settings->id, number,
              (int)c->pid);
}

void
children_start_steward(struct master *m, int64_t now_ms)
{
    struct error err = ERROR_INIT;
    struct steward_child *s = &m->steward;
    struct heritage h = {.settings = m->steward_settings,
                         .boards = m->boards,
                         .metrics = m->metrics,
                         .title = "steward",
                         .is_quiet = m->state == WORKER_QUIET};

    m->boards->steward_stamp_ms = now_ms;
    *s = (struct steward_child){.started_ms = now_ms};
    if (!process_fork(&h, steward_main, &s->pid, &s->fd, &err)) {
        log_event(LOG_ERROR, "steward_not_started", "reason=\"%s\"", log_quote(err.message));
        *s = (struct steward_child){.restart_ms = now_ms + SUPERVISE_FIRST_DELAY_MS};
        return;
    }
    m->metrics->steward_pid = (int32_t)s->pid;
    log_event(LOG_INFO, "steward_started", "pid=%d", (int)s->pid);
    master_tell_state(m);
    deaths_resend(m);
}

/* Nothing waits for it, and nothing of the work depends on it. */
void
children_start_http(struct master *m, int64_t now_ms)
{
    struct error err = ERROR_INIT;
    struct heritage h = {
        .settings = m->settings, .boards = m->boards, .metrics = m->metrics, .title = "http"};

    m->http = (struct http_child){.restart_ms = now_ms + HTTP_RESTART_MS};
    if (process_fork(&h, http_main, &m->http.pid, &m->http.fd, &err))
        return;
    log_event(LOG_ERROR, "http_not_started", "reason=\"%s\"", log_quote(err.message));
    m->http.pid = 0;
}

/* ---- what is wanted ---- */

size_t
children_count(const struct master *m)
{
    size_t n = 0;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        n += m->runners[i].pid != 0;
    return n;
}

void
children_tell_all(struct master *m, enum wire_kind kind)
{
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0 && m->runners[i].fd >= 0)
            (void)wire_tell(m->runners[i].fd, kind, m->runners[i].number, 0);
    }
}

static void
drain(struct runner_child *c)
{
    c->state = RUNNER_DRAINING;
    (void)wire_tell(c->fd, WIRE_DRAIN, c->number, 0);
}

struct census {
    size_t live, starting, ready, stale;
    struct runner_child *oldest_stale, *youngest;
};

static struct census
take_census(struct master *m)
{
    struct census n = {0};

    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        struct runner_child *c = &m->runners[i];
        if (c->pid == 0 || c->state == RUNNER_DRAINING || c->is_killed)
            continue;
        n.live++;
        n.starting += c->state == RUNNER_STARTING;
        n.ready += c->state == RUNNER_READY;
        n.stale += c->is_stale;
        if (c->is_stale && c->state == RUNNER_READY &&
            (n.oldest_stale == NULL || c->number < n.oldest_stale->number))
            n.oldest_stale = c;
        if (n.youngest == NULL || c->number > n.youngest->number)
            n.youngest = c;
    }
    return n;
}

static void
announce(struct master *m)
{
    char queues[512] = "";
    size_t len = 0;

    m->is_announced = true;
    for (size_t i = 0; i < m->settings->n_queues && len < sizeof(queues); i++)
        len += (size_t)snprintf(queues + len, sizeof(queues) - len, "%s%s", i > 0 ? "," : "",
                                m->settings->queues[i].name);
    log_event(LOG_INFO, "worker_ready", "pid=%d processes=%u threads=%u queues=%s", (int)getpid(),
              m->wanted, m->settings->threads, queues);
    notify_ready(&m->notify);
}

void
children_reconcile(struct master *m, int64_t now_ms)
{
    struct census n = take_census(m);

    while (n.live < m->wanted + (n.stale > 0 && n.starting == 0 && n.live == m->wanted)) {
        if (now_ms < m->next_start_ms)
            return;
        start_runner(m, now_ms);
        const size_t before = n.live;
        n = take_census(m);
        if (n.live == before)
            return;
    }
    if (n.live > m->wanted && n.starting == 0)
        drain(n.oldest_stale != NULL ? n.oldest_stale : n.youngest);
    if (!m->is_announced && n.ready >= m->wanted)
        announce(m);
}

/* ---- what runners say ---- */

/* The first runner with new settings works: they hold. The steward is replaced, since it serves the
 * queues of all. */
static void
accept_reload(struct master *m)
{
    modules_release(m, m->settings_before);
    m->settings_before = NULL;
    log_event(LOG_INFO, "reloaded", "processes=%u", m->wanted);
    if (m->steward.pid != 0) {
        m->steward.is_killed = true;
        (void)kill(m->steward.pid, SIGKILL);
    }
    if (m->http.pid != 0) { /* it may have to listen elsewhere, or not at all */
        m->http.restart_ms = 0;
        (void)kill(m->http.pid, SIGKILL);
    }
}

void
children_on_message(struct master *m, struct runner_child *c, const struct wire *w)
{
    switch (w->kind) {
    case WIRE_READY:
        c->was_ready = true;
        if (c->state == RUNNER_STARTING)
            c->state = RUNNER_READY;
        master_tell_state(m);
        if (m->settings_before != NULL && c->settings == m->settings)
            accept_reload(m);
        return;
    case WIRE_LOOK:
        if (w->at_ms < m->next_look_ms)
            m->next_look_ms = w->at_ms;
        return;
    case WIRE_DUMPED:
        c->is_dumping = false;
        return;
    case WIRE_RECYCLE:
        c->state = RUNNER_DRAINING;
        log_event(LOG_INFO, "runner_recycled", "runner=%s/%u reason=jobs", m->settings->id,
                  c->number);
        return;
    default:
        log_event(LOG_ERROR, "wire_unknown", "kind=%u runner=%u", (unsigned)w->kind, c->number);
    }
}

void
children_kill(struct runner_child *c, enum death_reason reason)
{
    c->is_killed = true;
    c->reason = reason;
    (void)kill(-c->pid, SIGKILL);
    (void)kill(c->pid, SIGKILL); /* should it not lead its group yet */
}

/* ---- reaping ---- */

void
children_reap(struct master *m, int64_t now_ms)
{
    struct rusage usage;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
        if (pid == m->steward.pid) {
            on_steward_exit(m, status, now_ms);
            continue;
        }
        if (pid == m->http.pid) {
            on_http_exit(m, status, now_ms);
            continue;
        }
        if (pid == m->trial.pid) {
            reload_tried(m, status);
            continue;
        }
        for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
            if (m->runners[i].pid == pid)
                on_runner_exit(m, &m->runners[i], status, &usage);
        }
    }
}

static struct child_exit
exit_of(int status, int64_t started_ms, bool was_ready)
{
    return (struct child_exit){.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                               .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                               .was_ready = was_ready,
                               .alive_ms = clock_mono_ms() - started_ms};
}

static void
log_death(const struct master *m, const struct runner_child *c, const struct wire_death *d)
{
    static const char *const reasons[] = {"own",     "hard_limit", "cancel_unheeded", "memory",
                                          "stalled", "handback",   "drained"};
    struct slot_view v;
    struct id id;
    char text[ID_MAX + 1] = "", slot_text[16] = "";
    const uint32_t slot = d->reason == DEATH_OWN ? c->board->fault_slot : d->slot + 1;
    const bool is_named = slot > 0 && d->reason <= DEATH_UNHEEDED &&
                          slot_read(&c->board->slots[slot - 1], &v) &&
                          id_from_redis(&id, v.job.id, strlen(v.job.id));

    if (is_named)
        (void)snprintf(slot_text, sizeof(slot_text), "%u", slot - 1);
    log_event(d->reason >= DEATH_HANDBACK ? LOG_INFO : LOG_WARN, "runner_died",
              "runner=%s/%u pid=%d reason=%s signal=%s code=%d core=%u maxrss_kb=%lld running=%u "
              "slot=%s job=%s",
              m->settings->id, c->number, (int)c->pid, reasons[d->reason],
              d->signal != 0 ? fault_signal_name(d->signal) : "", d->code, d->is_core,
              (long long)d->maxrss_kb, scoreboard_busy(c->board), slot_text,
              is_named ? id_print(&id, text) : "");
}

/* A new runner cannot work with the settings that were just read: the old ones stay. */
static void
refuse_reload(struct master *m)
{
    log_event(LOG_ERROR, "reload_refused",
              "reason=\"a runner with the new settings did not start\"");
    modules_release(m, m->settings);
    m->settings = m->settings_before;
    m->settings_before = NULL;
    m->wanted = m->wanted_before;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        m->runners[i].is_stale = false;
}

static void
on_runner_exit(struct master *m, struct runner_child *c, int status, const struct rusage *usage)
{
    struct child_exit e = exit_of(status, c->started_ms, c->was_ready);
    const bool has_left = e.code == 0 && c->board->state == RUNNER_LEFT;
    const bool has_drained =
        e.code == 0 && c->state == RUNNER_DRAINING && scoreboard_busy(c->board) == 0;
    struct wire_death d = {.seat = (uint32_t)(c->board - m->boards->seats),
                           .reason = has_left || has_drained ? DEATH_DRAINED
                                     : c->is_killed          ? c->reason
                                                             : DEATH_OWN,
                           .pid = (int32_t)c->pid,
                           .signal = e.signal,
                           .code = e.code,
                           .is_core = WIFSIGNALED(status) && WCOREDUMP(status),
                           .slot = c->slot,
                           .generation = c->generation,
                           .maxrss_kb = usage->ru_maxrss};

    (void)kill(-c->pid, SIGKILL); /* programs that its tasks started */
    e.was_expected = has_left || has_drained || c->is_killed;
    e.blames_a_job = c->board->fault_slot != 0 || scoreboard_busy(c->board) > 0;
    if (d.reason == DEATH_DRAINED)
        log_event(LOG_INFO, "runner_ended", "runner=%s/%u pid=%d", m->settings->id, c->number,
                  (int)c->pid);
    else
        log_death(m, c, &d);
    if (d.reason == DEATH_OWN && d.signal > 0 && d.signal < METRICS_SIGNALS)
        m->metrics->crashes[d.signal]++;
    if (has_left)
        scoreboard_release(c->board);
    else
        deaths_add(m, c, &d);
    if (c->fd >= 0)
        (void)close(c->fd);

    const bool refuses =
        e.code == ERROR_CONFIG && m->settings_before != NULL && c->settings == m->settings;
    c->pid = 0;
    master_tell_state(m);
    if (refuses) {
        refuse_reload(m);
        return;
    }
    const struct supervise_decision next = supervise_on_exit(&m->runner_history, &e);
    m->next_start_ms = next.delay_ms > 0 ? clock_mono_ms() + next.delay_ms : m->next_start_ms;
    if (next.give_up) {
        m->exit_code = next.exit_code;
        m->is_over = true;
    }
}

static void
on_steward_exit(struct master *m, int status, int64_t now_ms)
{
    struct steward_child *s = &m->steward;
    struct child_exit e = exit_of(status, s->started_ms, s->was_ready);

    e.was_expected = s->is_killed || m->has_left;
    if (s->fd >= 0)
        (void)close(s->fd);
    const struct supervise_decision next = supervise_on_exit(&m->steward_history, &e);
    if (!next.give_up && (!e.was_expected || (e.code != 0 && !s->is_killed)))
        log_event(LOG_WARN, "steward_died", "pid=%d signal=%s code=%d", (int)s->pid,
                  e.signal != 0 ? fault_signal_name(e.signal) : "", e.code);
    *s = (struct steward_child){.fd = -1, .restart_ms = now_ms + next.delay_ms};
    if (next.give_up) {
        m->exit_code = next.exit_code;
        m->is_over = true;
    }
}

static void
on_http_exit(struct master *m, int status, int64_t now_ms)
{
    const bool was_meant = m->http.restart_ms == 0;

    if (m->http.fd >= 0)
        (void)close(m->http.fd);
    if (!was_meant)
        log_event(LOG_WARN, "http_died", "pid=%d signal=%s code=%d", (int)m->http.pid,
                  WIFSIGNALED(status) ? fault_signal_name(WTERMSIG(status)) : "",
                  WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    m->http = (struct http_child){.restart_ms = was_meant ? 0 : now_ms + HTTP_RESTART_MS};
}
