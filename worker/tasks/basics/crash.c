/* Task crash: kills its process by a signal, as a faulty library would.
 *
 * Faults (SEGV, BUS, FPE, ILL, ABRT, TRAP, SYS) are raised in the computing thread with the
 * process's handlers left in place, so that a handler can tell whose job it was. All other signals
 * get their default action first: what a worker uses for its own purposes, such as TERM, would not
 * kill it otherwise. */
#include "worker/tasks/basics/basics.h"

#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
static const int others[] = {SIGKILL, SIGTERM, SIGINT,  SIGQUIT, SIGHUP,    SIGPIPE, SIGALRM,
                             SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF};

static int
find(const int *signals, size_t n, const char *name)
{
    if (strncasecmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(sigabbrev_np(signals[i]), name) == 0)
            return signals[i];
    return 0;
}

static void
unblock(int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

enum celeriac_outcome
crash_run(struct celeriac_context *ctx)
{
    const char *name = celeriac_arg_string(ctx, 0, NULL);
    const int fault = find(faults, sizeof(faults) / sizeof(faults[0]), name);
    const int other = find(others, sizeof(others) / sizeof(others[0]), name);
    if (fault != 0) {
        unblock(fault);
        raise(fault);
    } else if (other != 0) {
        signal(other, SIG_DFL);
        unblock(other);
        kill(getpid(), other);
    } else {
        return celeriac_reject(
            ctx, "invalid_arguments",
            "crash: signal = \"%s\": expected a signal that kills, such as SEGV, ABRT or KILL",
            name);
    }
    return celeriac_fail(ctx, "survived", "the process survived signal %s", name);
}
