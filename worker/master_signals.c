/* What signals mean, and the changes of state that they and remote commands ask for. Signals are
 * blocked and read from a signalfd, so they arrive between two rounds of the master, never inside
 * one. */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/log.h"
#include "worker/fault_handler.h"
#include "worker/master_state.h"

bool
signals_open(struct master *m, struct error *err)
{
    static const int heard[] = {SIGCHLD, SIGTERM, SIGINT,  SIGQUIT, SIGHUP,
                                SIGUSR1, SIGTSTP, SIGCONT, SIGTTIN, SIGTTOU};
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t set;

    MUST(sigaction(SIGCHLD, &usual, NULL) == 0); /* ignored, it would leave nothing to be reaped */
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
    m->metrics->state = (uint32_t)m->state;
    if (m->steward.pid != 0 && m->steward.fd >= 0)
        (void)wire_tell(m->steward.fd, WIRE_STATE, 0, (uint32_t)m->state);
}

enum control_result
master_stop(struct master *m, bool is_hard, int64_t now_ms)
{
    m->is_hard |= is_hard;
    if (m->state == WORKER_STOPPING)
        return CONTROL_DONE;
    log_event(LOG_INFO, "worker_stopping", "grace_ms=%lld",
              is_hard ? 0 : (long long)m->settings->grace_ms);
    notify_stopping(&m->notify);
    m->state = WORKER_STOPPING;
    m->stop_ms = now_ms + m->settings->grace_ms;
    master_tell_state(m);
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        m->runners[i].state = RUNNER_DRAINING;
    children_tell_all(m, WIRE_DRAIN);
    return CONTROL_DONE;
}

enum control_result
master_quiet(struct master *m, bool is_quiet)
{
    const enum worker_state state = is_quiet ? WORKER_QUIET : WORKER_RUNNING;

    if (m->state == WORKER_STOPPING)
        return CONTROL_STOPPING;
    if (m->state == state)
        return CONTROL_DONE;
    log_event(LOG_INFO, is_quiet ? "worker_quiet" : "worker_resumed", "pid=%d", (int)getpid());
    m->state = state;
    master_tell_state(m);
    children_tell_all(m, is_quiet ? WIRE_QUIET : WIRE_RESUME);
    return CONTROL_DONE;
}

enum control_result
master_scale(struct master *m, int64_t wanted)
{
    if (m->state == WORKER_STOPPING)
        return CONTROL_STOPPING;
    if (wanted < 1 || wanted > WORKER_PROCESSES_MAX)
        return CONTROL_RANGE;
    m->wanted = (unsigned)wanted;
    log_event(LOG_INFO, "worker_scaled", "processes=%u", m->wanted);
    return CONTROL_DONE;
}

static void
take_one(struct master *m, int signal, int64_t now_ms)
{
    if (signal != SIGCHLD)
        log_event(LOG_INFO, "signal", "name=%s", fault_signal_name(signal));
    switch (signal) {
    case SIGTERM:
        (void)master_stop(m, false, now_ms);
        return;
    case SIGINT: /* the second one is for those who cannot wait */
        (void)master_stop(m, m->state == WORKER_STOPPING, now_ms);
        return;
    case SIGQUIT:
        (void)master_stop(m, true, now_ms);
        return;
    case SIGHUP:
        (void)master_reload(m);
        return;
    case SIGUSR1:
        (void)dump_begin(m, 0, now_ms);
        return;
    case SIGTSTP:
    case SIGCONT:
        (void)master_quiet(m, signal == SIGTSTP);
        return;
    case SIGTTIN:
        (void)master_scale(m, (int64_t)m->wanted + 1);
        return;
    case SIGTTOU:
        (void)master_scale(m, (int64_t)m->wanted - 1);
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
