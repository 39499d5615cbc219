/* The keeper of one program.
 *
 *     compute thread --fork--> keeper --fork--> program --> its children
 *
 * It exists so that nothing of a program survives it. It is the reaper of all descendants
 * (PR_SET_CHILD_SUBREAPER): those that left the program's process group become its children when
 * their parents die, and it kills them until none is left. It does so when the program has ended,
 * when it is told to, and when the socket to the compute thread closes because the process behind
 * it died, however that came. Should somebody kill the keeper itself, the program dies by
 * PR_SET_PDEATHSIG; its children then live on as orphans. PR_SET_NO_NEW_PRIVS keeps programs from
 * becoming another user, out of reach.
 *
 * Between fork and exec, and in the keeper's whole life, only async-signal-safe functions are
 * called: other threads may have held any lock when the process was copied. */
#include "worker/tasks/command/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_FD = 3, LOOK_MS = 20, NOT_STARTED = 127 };

static void
report(int kind, int value)
{
    const struct keeper_report r = {.kind = kind, .value = value};
    (void)send(REPORT_FD, &r, sizeof(r), MSG_NOSIGNAL);
}

/* ---- the program, until exec ---- */

static void
reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &action, NULL); /* some refuse; those are as they should be */
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
set_limits(int64_t memory_bytes)
{
    const struct rlimit no_core = {0, 0}, memory = {(rlim_t)memory_bytes, (rlim_t)memory_bytes};
    return setrlimit(RLIMIT_CORE, &no_core) == 0 &&
           (memory_bytes == 0 || setrlimit(RLIMIT_AS, &memory) == 0);
}

_Noreturn static void
become_program(const struct keeper_order *o, pid_t keeper)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) /* it died before that line */
        _exit(NOT_STARTED);
    reset_signals();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && set_limits(o->memory_bytes) &&
        chdir(o->directory) == 0)
        (void)execve(o->words[0], o->words, o->variables);
    report(KEEPER_NOT_STARTED, errno);
    _exit(NOT_STARTED);
}

/* ---- the keeper ---- */

/* Moves the four where they belong and closes everything else. */
static void
arrange_files(const struct keeper_order *o)
{
    const int from[] = {o->in, o->out, o->err, o->report};
    for (int i = 0; i <= REPORT_FD; i++)
        if (dup2(from[i], i) < 0)
            _exit(NOT_STARTED);
    (void)fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
    (void)close_range(REPORT_FD + 1, ~0u, 0);
}

/* Until the program has ended (it is not reaped yet) or shall end. */
static void
await_end(pid_t program)
{
    const int pidfd =
        (int)syscall(SYS_pidfd_open, program, 0); /* without it: looks again and again */
    struct pollfd fds[] = {{.fd = REPORT_FD, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    for (;;) {
        siginfo_t info = {.si_pid = 0};
        if (waitid(P_PID, (id_t)program, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != 0 || fds[0].revents != 0)
            return;
        (void)poll(fds, 2, pidfd < 0 ? LOOK_MS : -1);
    }
}

/* Kills what is a child now; false: there is no way to know. */
static bool
kill_children(void)
{
    char text[4096];
    const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t len = read(fd, text, sizeof(text));
    pid_t pid = 0;
    for (ssize_t i = 0; i < len; i++) { /* a number that is cut off is met in the next round */
        if (text[i] >= '0' && text[i] <= '9') {
            pid = 10 * pid + (text[i] - '0');
            continue;
        }
        if (pid > 0)
            (void)kill(pid, SIGKILL);
        pid = 0;
    }
    (void)close(fd);
    return true;
}

/* Children of those that die become ours, and are killed in their turn. */
static void
kill_descendants(void)
{
    for (;;) {
        const bool is_known = kill_children();
        const pid_t reaped = waitpid(-1, NULL, is_known ? 0 : WNOHANG);
        if ((reaped < 0 && errno != EINTR) || reaped == 0)
            return;
    }
}

_Noreturn static void
keep(const struct keeper_order *o)
{
    const pid_t self = getpid();
    int status = 0;
    arrange_files(o);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_NAME, "keeper");
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t program = fork();
    if (program == 0)
        become_program(o, self);
    if (program < 0) {
        report(KEEPER_NOT_STARTED, errno);
        _exit(EXIT_FAILURE);
    }
    (void)setpgid(program, program); /* here as well: whoever comes first */
    (void)close_range(0, REPORT_FD - 1, 0);
    await_end(program);
    (void)kill(-program, SIGKILL); /* before it is reaped: the number is still taken */
    while (waitpid(program, &status, 0) < 0 && errno == EINTR) {
    }
    kill_descendants();
    report(KEEPER_ENDED, status);
    _exit(EXIT_SUCCESS);
}

pid_t
keeper_start(const struct keeper_order *order)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours runs in the copies */
    const pid_t pid = fork();
    if (pid == 0)
        keep(order);
    const int why = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = why;
    return pid;
}
