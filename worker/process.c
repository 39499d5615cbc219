/* Forking children. The master has one thread and no event base, so a fork is all it takes; the
 * child opens everything of its own (event base, connections, threads) afterwards.
 *
 * SIGTERM, SIGINT, ... get a handler that does nothing rather than being ignored or blocked:
 * programs that a task starts then begin with the defaults. */
#include "worker/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "worker/wire.h"

static void become_child(const struct heritage *h, pid_t master);
static void set_title(const char *title);

bool
process_fork(struct heritage *h, process_main_fn *run, pid_t *pid, int *fd, struct error *err)
{
    int fds[2];
    sigset_t all, before;
    const pid_t master = getpid();

    if (!wire_pair(fds, err))
        return false;
    MUST(sigfillset(&all) == 0 && sigprocmask(SIG_SETMASK, &all, &before) == 0);
    h->control_fd = fds[1];
    *pid = fork();
    if (*pid == 0) {
        become_child(h, master);
        process_leave(run(h));
    }
    const int forked = errno;
    MUST(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
    (void)close(fds[1]);
    if (*pid < 0) {
        (void)close(fds[0]);
        errno = forked;
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot fork");
    }
    (void)setpgid(*pid, *pid); /* here as well: whoever comes first */
    *fd = fds[0];
    return true;
}

static void
on_nothing(int signal)
{
    (void)signal;
}

static void
reset_signals(void)
{
    static const int others[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGTSTP,
                                 SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2};
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    MUST(sigemptyset(&action.sa_mask) == 0 && sigemptyset(&none) == 0);
    (void)sigaction(SIGCHLD, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
    action.sa_handler = on_nothing;
    action.sa_flags = SA_RESTART;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        MUST(sigaction(others[i], &action, NULL) == 0);
    MUST(sigprocmask(SIG_SETMASK, &none, NULL) == 0);
}

void
process_leave(int code)
{
    (void)fflush(NULL);
#if defined(__SANITIZE_ADDRESS__)
    exit(code); /* LeakSanitizer looks when exit handlers run */
#endif
    _exit(code);
}

static void
become_child(const struct heritage *h, pid_t master)
{
    char fields[WORKER_ID_MAX + 64];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != master) /* it died before that line */
        _exit(EXIT_FAILURE);
    (void)setpgid(0, 0);
    if (h->control_fd > 3)
        (void)close_range(3, (unsigned)h->control_fd - 1, 0);
    (void)close_range((unsigned)(h->control_fd > 2 ? h->control_fd : 2) + 1, ~0u, 0);
    set_title(h->title);
    if (h->number != 0)
        (void)snprintf(fields, sizeof(fields), "worker=%s role=runner runner=%u", h->settings->id,
                       h->number);
    else
        (void)snprintf(fields, sizeof(fields), "worker=%s role=%s", h->settings->id, h->title);
    log_context(fields);
    reset_signals();
}

/* Where the words of the command line stand in memory: fields 48 and 49 of /proc/self/stat. */
static bool
find_arguments(char **begin, char **end)
{
    char text[2048];
    unsigned long first = 0, last = 0;
    FILE *f = fopen("/proc/self/stat", "re");
    if (f == NULL)
        return false;
    const size_t len = fread(text, 1, sizeof(text) - 1, f);
    (void)fclose(f);
    text[len] = '\0';
    char *at = strrchr(text, ')'); /* behind the name, which may hold anything: field 3 */
    for (int field = 3; at != NULL && field <= 48; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL || sscanf(at, "%lu %lu", &first, &last) != 2 || first == 0 || last <= first)
        return false;
    *begin = (char *)first; /* NOLINT: an address given as a number */
    *end = (char *)last;    /* NOLINT */
    return true;
}

/* Overwrites the command line, so that `ps` tells the processes of a worker apart and shows no
 * broker URL twice. What the settings hold of it was copied before. */
static void
set_title(const char *title)
{
    char *begin, *end, whole[64];

    (void)prctl(PR_SET_NAME, title);
    /* argv lies elsewhere if a tool such as valgrind started the program by its own means */
    if (!find_arguments(&begin, &end) || program_invocation_name < begin ||
        program_invocation_name >= end)
        return;
    const size_t room = (size_t)(end - begin);
    const int len = snprintf(whole, sizeof(whole), "celeriac: %s", title);
    const char *shown = len > 0 && (size_t)len < room ? whole : title;
    memset(begin, 0, room);
    memcpy(begin, shown, strlen(shown) < room ? strlen(shown) : room - 1);
}

/* Pages of /proc/PID/statm: field 1 resident, field 2 shared. */
static int64_t
read_statm(pid_t pid, bool is_private)
{
    char path[64];
    long resident = 0, shared = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    const int got = fscanf(f, "%*s %ld %ld", &resident, &shared);
    (void)fclose(f);
    return got == 2 ? (int64_t)(resident - (is_private ? shared : 0)) * sysconf(_SC_PAGESIZE) : 0;
}

int64_t
process_private_bytes(pid_t pid)
{
    return read_statm(pid, true);
}

int64_t
process_resident_bytes(pid_t pid)
{
    return read_statm(pid, false);
}
