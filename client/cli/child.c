/* Starting and reaping children. What runs between fork and exec is only system calls. */
#include "client/cli/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void
become(const struct child_wish *wish, pid_t parent)
{
    static const int defaults[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT, SIGCHLD};
    sigset_t blocked;

    prctl(PR_SET_PDEATHSIG, wish->death_signal);
    if (getppid() != parent) {
        _exit(1);
    }
    if (wish->is_apart) {
        setpgid(0, 0);
    }
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        signal(defaults[i], SIG_DFL);
    }
    if (wish->output) {
        const int fd = open(wish->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (fd < 0) {
            _exit(1);
        }
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    sigemptyset(&blocked);
    if (wish->is_held) {
        sigaddset(&blocked, SIGTERM);
    }
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    execvp(wish->argv[0], wish->argv);
    _exit(127);
}

pid_t
child_start(const struct child_wish *wish)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid == 0) {
        become(wish, parent);
    }
    return pid;
}

bool
child_is_alive(pid_t *pid, int *status)
{
    if (*pid > 0 && waitpid(*pid, status, WNOHANG) != 0) {
        *pid = 0;
    }
    return *pid > 0;
}

void
child_argv_free(char **argv)
{
    for (size_t i = 0; argv && argv[i]; i++) {
        free(argv[i]);
    }
    free(argv);
}
