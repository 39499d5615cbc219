/* What signals mean, and the changes of state that they and remote commands ask for. Signals are
 * blocked and read from a signalfd, so they arrive between two rounds of the master, never inside
 * one. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "worker/fault_handler.h"
#include "worker/master_state.h"

bool
signals_open(struct master *m, struct error *err)
{
    static const int heard[] = {SIGCHLD, SIGTERM, SIGINT,  SIGQUIT, SIGHUP,
                                SIGUSR1, SIGTSTP, SIGCONT, SIGTTIN, SIGTTOU};
    sigset_t set;

    MUST(sigemptyset(&set) == 0);
    for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
        MUST(sigaddset(&set, heard[i]) == 0);
    MUST(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return m->signal_fd >= 0 || error_set_errno(err, ERROR_UNAVAILABLE, "signalfd");
}

void
master_tell_state(const struct master *m)
{
    if (m->steward.pid != 0 && m->steward.fd >= 0)
        (void)wire_tell(m->steward.fd, WIRE_STATE, 0, (uint32_t)m->state);
}

void
master_stop(struct master *m, bool is_hard, int64_t now_ms)
{
    m->is_hard |= is_hard;
    if (m->state == WORKER_STOPPING)
        return;
    log_event(LOG_INFO, "worker_stopping", "grace_ms=%lld",
              is_hard ? 0 : (long long)m->settings->grace_ms);
    m->state = WORKER_STOPPING;
    m->stop_ms = now_ms + m->settings->grace_ms;
    master_tell_state(m);
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        m->runners[i].state = RUNNER_DRAINING;
    children_tell_all(m, WIRE_DRAIN);
}

void
master_quiet(struct master *m, bool is_quiet)
{
    const enum worker_state state = is_quiet ? WORKER_QUIET : WORKER_RUNNING;

    if (m->state == WORKER_STOPPING || m->state == state)
        return;
    log_event(LOG_INFO, is_quiet ? "worker_quiet" : "worker_resumed", "pid=%d", (int)getpid());
    m->state = state;
    master_tell_state(m);
    children_tell_all(m, is_quiet ? WIRE_QUIET : WIRE_RESUME);
}

void
master_scale(struct master *m, int64_t wanted)
{
    if (wanted < 1 || wanted > WORKER_PROCESSES_MAX || m->state == WORKER_STOPPING)
        return;
    m->wanted = (unsigned)wanted;
    log_event(LOG_INFO, "worker_scaled", "processes=%u", m->wanted);
}

/* The steward goes on serving queues that the new settings no longer name: runners with the old
 * ones are still there. */
static void
add_queues(struct worker_settings *to, const struct worker_settings *from)
{
    for (size_t i = 0; i < from->n_queues; i++) {
        size_t at = 0;
        while (at < to->n_queues && strcmp(to->queues[at].name, from->queues[i].name) != 0)
            at++;
        if (at == to->n_queues && at < WORKER_QUEUES_MAX)
            to->queues[to->n_queues++] = from->queues[i];
    }
}

/* Settings live as long as the process: children that were forked with them may be there until the
 * end. */
void
master_reload(struct master *m)
{
    struct worker_settings *fresh = mem_zero(sizeof(*fresh));
    struct error err = ERROR_INIT;

    *fresh = *m->settings;
    if (m->state == WORKER_STOPPING || m->settings_before != NULL) {
        log_event(LOG_WARN, "reload_ignored", "reason=\"%s\"",
                  m->settings_before != NULL ? "one is under way" : "the worker stops");
        free(fresh);
        return;
    }
    if (m->settings->reload != NULL && !m->settings->reload(fresh, &err)) {
        log_event(LOG_ERROR, "reload_refused", "reason=\"%s\"", log_quote(err.message));
        free(fresh);
        return;
    }
    memcpy(fresh->id, m->settings->id, sizeof(fresh->id));
    m->settings_before = m->settings;
    m->settings = fresh;
    struct worker_settings *steward = mem_zero(sizeof(*steward));
    *steward = *fresh;
    add_queues(steward, m->steward_settings);
    m->steward_settings = steward;
    if (m->settings_before->processes != fresh->processes)
        m->wanted = fresh->processes;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        m->runners[i].is_stale = m->runners[i].pid != 0;
    m->next_start_ms = 0;
    log_event(LOG_INFO, "reloading", "processes=%u", m->wanted);
}

static void
take_one(struct master *m, int signal, int64_t now_ms)
{
    if (signal != SIGCHLD)
        log_event(LOG_INFO, "signal", "name=%s", fault_signal_name(signal));
    switch (signal) {
    case SIGTERM:
        master_stop(m, false, now_ms);
        return;
    case SIGINT: /* the second one is for those who cannot wait */
        master_stop(m, m->state == WORKER_STOPPING, now_ms);
        return;
    case SIGQUIT:
        master_stop(m, true, now_ms);
        return;
    case SIGHUP:
        master_reload(m);
        return;
    case SIGUSR1:
        limits_dump(m);
        return;
    case SIGTSTP:
    case SIGCONT:
        master_quiet(m, signal == SIGTSTP);
        return;
    case SIGTTIN:
        master_scale(m, (int64_t)m->wanted + 1);
        return;
    case SIGTTOU:
        master_scale(m, (int64_t)m->wanted - 1);
        return;
    default:
        return; /* SIGCHLD: children_reap looks in every round */
    }
}

void
signals_take(struct master *m, int64_t now_ms)
{
    struct signalfd_siginfo info;

    while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        take_one(m, (int)info.ssi_signo, now_ms);
}
