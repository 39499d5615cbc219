/* Signals of verbs that wait.
 *
 * The handler does all that is to be done and ends the process with _exit: it needs nothing but
 * async-signal-safe calls, so it works wherever the program happens to be. Nothing is lost by that,
 * since jobs live in Redis.
 *
 * File-static variables: a signal handler has no other way to its data. */
#include "client/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"

static char note[160] = "celeriac: interrupted\n";
static volatile pid_t keeper;
static volatile int keeper_fd = -1;

static void on_signal(int number);
static void on_child(int number);
static void say(const char *text);
static void set_mask(int how);

void
interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigfillset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void
interrupt_note(const char *text)
{
    interrupt_block();
    snprintf(note, sizeof note, "celeriac: interrupted%s%s\n", *text ? "; " : "", text);
    interrupt_unblock();
}

void
interrupt_keeper(pid_t pid, int fd)
{
    struct sigaction action = {.sa_handler = pid ? on_child : SIG_DFL,
                               .sa_flags = SA_NOCLDSTOP | SA_RESTART};

    interrupt_block();
    keeper = pid;
    keeper_fd = fd;
    sigfillset(&action.sa_mask);
    sigaction(SIGCHLD, &action, NULL);
    interrupt_unblock();
}

void
interrupt_block(void)
{
    set_mask(SIG_BLOCK);
}

void
interrupt_unblock(void)
{
    set_mask(SIG_UNBLOCK);
}

static void
on_signal(int number)
{
    say(note);
    if (keeper) {
        close(keeper_fd);
        while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    _exit(128 + number);
}

static void
on_child(int number)
{
    int saved = errno;

    (void)number;
    if (keeper && waitpid(keeper, NULL, WNOHANG) == keeper) {
        say("celeriac: the private redis-server or its worker has ended\n");
        _exit(ERROR_UNAVAILABLE);
    }
    errno = saved;
}

static void
say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return; /* nobody is left to hear it */
    }
}

static void
set_mask(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    sigprocmask(how, &set, NULL);
}
