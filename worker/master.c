/* The master: forks, reaps, restarts, passes on what it is told, watches limits. It has one thread
 * and no event loop; it runs no task code and talks to no server, so that little can go wrong in
 * it.
 *
 *     signals --> signalfd \                 / children_reap       who ended, why, what next
 * (worker/supervise.h) children --> sockets  > poll --> tick <  limits_look         time, memory,
 * silence (worker/limits.h) the next deadline ---/                 \ children_reconcile  as many
 * runners as wanted
 *
 * Everything it knows of a runner is in the scoreboard and in a few fixed records. When a runner
 * dies, its successor is forked at once, and the steward is told to give its jobs back; the dead
 * one's scoreboard is kept until that is acknowledged.
 *
 * Stopping: runners drain; what still runs when the grace time is over is killed and handed back by
 * the steward; then the steward leaves, and the master ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "worker/check.h"
#include "worker/limits.h"
#include "worker/master_state.h"
#include "worker/stack.h"

enum {
    LEAVE_MS = 3000,  /* what the steward gets to unregister the worker */
    FLAGGED_MS = 300, /* what tasks that poll get to return after the grace time */
    RESEND_MS = 1000,
};

static void open_doors(struct master *m);
static void answer_checks(const struct master *m);
static void poll_once(struct master *m);
static void tick(struct master *m, int64_t now_ms);
static void end_children(struct master *m);

const char *
worker_runner_name(char *out, const char *worker, unsigned number, unsigned k)
{
    if (k == 0)
        (void)snprintf(out, RUNNER_NAME_MAX, "%s/%u", worker, number);
    else
        (void)snprintf(out, RUNNER_NAME_MAX, "%s/%u.%u", worker, number, k);
    return out;
}

void
worker_main(const struct worker_settings *settings)
{
    struct error err = ERROR_INIT;
    struct master master = {.settings = settings}, *m = &master;
    char context[WORKER_ID_MAX + 32];

    (void)snprintf(context, sizeof(context), "worker=%s role=master", settings->id);
    stack_install();
    log_context(context);
    m->steward_settings = settings;
    m->wanted = settings->processes;
    m->awake_since_ms = m->next_look_ms = clock_mono_ms();
    if (!modules_accept(m, settings, &err) ||
        !scoreboards_new(&m->boards, MASTER_SEATS_MAX, &err) ||
        !metrics_new(&m->metrics, MASTER_SEATS_MAX + 1, &err) || !signals_open(m, &err)) {
        log_event(LOG_ERROR, "worker_refused", "reason=\"%s\"", log_quote(err.message));
        process_leave((int)err.code);
    }
    open_doors(m);
    log_event(LOG_INFO, "worker_started", "pid=%d version=%s", (int)getpid(), CELERIAC_VERSION);
    tick(m, clock_mono_ms());
    while (!m->is_over)
        poll_once(m);
    end_children(m);
    log_event(LOG_INFO, "worker_ended", "exit=%d", m->exit_code);
    process_leave(m->exit_code);
}

/* Neither is needed for work. */
static void
open_doors(struct master *m)
{
    struct error err = ERROR_INIT;

    notify_open(&m->notify);
    if (!check_listen(m->settings->id, &m->check_fd, &err)) {
        m->check_fd = -1;
        log_event(LOG_WARN, "check_unavailable", "reason=\"%s\"", log_quote(err.message));
    }
}

static void
answer_checks(const struct master *m)
{
    static const char *const states[] = {"running", "quiet", "stopping"};
    struct check_state s = {.worker = m->settings->id, .state = states[m->state]};

    if (m->check_fd < 0)
        return;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        s.processes += m->runners[i].pid != 0 && m->runners[i].was_ready;
    s.is_ready = m->steward.pid != 0 && m->steward.was_ready && s.processes > 0;
    check_answer(m->check_fd, &s);
}

/* ---- waiting ---- */

static int64_t
sooner(int64_t a, int64_t b)
{
    return b != 0 && b < a ? b : a;
}

static int
time_left(const struct master *m, int64_t now_ms)
{
    int64_t next = now_ms + LIMIT_LOOK_MS;

    next = sooner(next, m->next_look_ms);
    if (m->next_start_ms > now_ms)
        next = sooner(next, m->next_start_ms);
    if (m->state == WORKER_STOPPING && m->stop_ms > now_ms)
        next = sooner(next, m->stop_ms);
    if (m->leave_ms > now_ms)
        next = sooner(next, m->leave_ms);
    next = sooner(next, m->dump.deadline_ms);
    if (m->trial.pid != 0 && !m->trial.is_late)
        next = sooner(next, m->trial.deadline_ms);
    return next > now_ms ? (int)(next - now_ms) : 0;
}

static void
on_steward_message(struct master *m, const struct wire *w, int64_t now_ms)
{
    switch (w->kind) {
    case WIRE_READY:
        m->steward.was_ready = true;
        return;
    case WIRE_RECOVERED:
        deaths_acknowledge(m, w->number);
        return;
    case WIRE_LOOK:
        m->next_look_ms = sooner(m->next_look_ms, w->at_ms);
        return;
    case WIRE_DUMPED:
        m->steward.is_dumping = false;
        return;
    case WIRE_EMPTY:
        (void)master_stop(m, false, now_ms);
        return;
    case WIRE_STOP:
    case WIRE_QUIET:
    case WIRE_RESUME:
    case WIRE_RESTART:
    case WIRE_SCALE:
    case WIRE_DUMP:
        control_obey(m, w, now_ms);
        return;
    default:
        log_event(LOG_ERROR, "wire_unknown", "kind=%u from=steward", (unsigned)w->kind);
    }
}

static void
read_http(struct master *m)
{
    struct wire w;

    while (m->http.pid != 0 && m->http.fd >= 0) {
        const enum wire_read got = wire_receive(m->http.fd, &w);
        if (got == WIRE_GONE) {
            (void)close(m->http.fd);
            m->http.fd = -1;
        }
        if (got != WIRE_GOT)
            break;
        m->http.is_dumping = false; /* it has nothing else to say */
    }
}

/* The end of a file is no news by itself: the child's end is, and wait(2) tells of it. */
static void
read_children(struct master *m, int64_t now_ms)
{
    struct wire w;

    while (m->steward.pid != 0 && m->steward.fd >= 0) {
        const enum wire_read got = wire_receive(m->steward.fd, &w);
        if (got == WIRE_GONE) {
            (void)close(m->steward.fd);
            m->steward.fd = -1;
        }
        if (got != WIRE_GOT)
            break;
        on_steward_message(m, &w, now_ms);
    }
    read_http(m);
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        struct runner_child *c = &m->runners[i];
        while (c->pid != 0 && c->fd >= 0) {
            const enum wire_read got = wire_receive(c->fd, &w);
            if (got == WIRE_GONE) {
                (void)close(c->fd);
                c->fd = -1;
            }
            if (got != WIRE_GOT)
                break;
            children_on_message(m, c, &w);
        }
    }
}

static void
poll_once(struct master *m)
{
    struct pollfd fds[4 + MASTER_RUNNERS_MAX];
    nfds_t n = 0;

    fds[n++] = (struct pollfd){.fd = m->signal_fd, .events = POLLIN};
    if (m->check_fd >= 0)
        fds[n++] = (struct pollfd){.fd = m->check_fd, .events = POLLIN};
    if (m->steward.pid != 0 && m->steward.fd >= 0)
        fds[n++] = (struct pollfd){.fd = m->steward.fd, .events = POLLIN};
    if (m->http.pid != 0 && m->http.fd >= 0)
        fds[n++] = (struct pollfd){.fd = m->http.fd, .events = POLLIN};
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0 && m->runners[i].fd >= 0)
            fds[n++] = (struct pollfd){.fd = m->runners[i].fd, .events = POLLIN};
    }
    (void)poll(fds, n, time_left(m, clock_mono_ms()));

    const int64_t now = clock_mono_ms();
    signals_take(m, now);
    read_children(m, now);
    answer_checks(m);
    tick(m, now);
}

/* ---- what is due ---- */

static void
flag_all(struct master *m)
{
    struct slot_view v;

    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        const struct runner_child *c = &m->runners[i];
        for (uint32_t j = 0; c->pid != 0 && j < c->board->n_slots; j++) {
            if (slot_read(&c->board->slots[j], &v) && v.stop == STOP_NONE)
                (void)slot_stop(&c->board->slots[j], &v, STOP_SHUTDOWN);
        }
    }
}

static void
stop_runners(struct master *m, int64_t now_ms)
{
    if (!m->is_hard && now_ms < m->stop_ms)
        return;
    if (!m->is_hard && !m->has_flagged) {
        m->has_flagged = true;
        flag_all(m);
        m->stop_ms = now_ms + FLAGGED_MS;
        return;
    }
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0 && !m->runners[i].is_killed)
            children_kill(&m->runners[i], DEATH_HANDBACK);
    }
}

static void
stop_steward(struct master *m, int64_t now_ms)
{
    if (m->leave_ms == 0)
        m->leave_ms = now_ms + LEAVE_MS;
    if (m->deaths == NULL && !m->has_left && m->steward.pid != 0 && m->steward.fd >= 0)
        m->has_left = wire_tell(m->steward.fd, WIRE_LEAVE, 0, 0);
    const bool has_ended = m->has_left && m->steward.pid == 0;
    if (!has_ended && now_ms < m->leave_ms)
        return;
    if (!has_ended)
        log_event(
            LOG_WARN, "not_unregistered",
            "reason=\"no answer from Redis in time: other workers take over after the lease\"");
    m->is_over = true;
}

static void
tick(struct master *m, int64_t now_ms)
{
    notify_alive(&m->notify, now_ms);
    children_reap(m, now_ms);
    if (m->is_over)
        return;
    limits_look(m, now_ms);
    dump_look(m, now_ms);
    reload_watch(m, now_ms);
    if (now_ms >= m->next_resend_ms) {
        m->next_resend_ms = now_ms + RESEND_MS;
        deaths_resend(m);
    }
    if (m->state != WORKER_STOPPING) {
        children_reconcile(m, now_ms);
    } else if (children_count(m) > 0) {
        stop_runners(m, now_ms);
    } else {
        stop_steward(m, now_ms);
    }
    if (m->steward.pid == 0 && !m->is_over && !m->has_left && now_ms >= m->steward.restart_ms)
        children_start_steward(m, now_ms);
    if (m->http.pid == 0 && m->settings->http != NULL && now_ms >= m->http.restart_ms)
        children_start_http(m, now_ms);
}

/* Whoever is still there when the master ends. */
static void
end_children(struct master *m)
{
    if (m->steward.pid != 0)
        (void)kill(m->steward.pid, SIGKILL);
    if (m->http.pid != 0)
        (void)kill(m->http.pid, SIGKILL);
    module_trial_kill(&m->trial);
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++) {
        if (m->runners[i].pid != 0)
            (void)kill(-m->runners[i].pid, SIGKILL);
    }
    while (wait(NULL) > 0 || errno == EINTR)
        ;
}
