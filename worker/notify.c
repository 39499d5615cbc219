/* The protocol of sd_notify(3): datagrams with lines NAME=VALUE to the unix socket that
 * NOTIFY_SOCKET names. It needs no library. Sending never blocks and nothing depends on it: a
 * message that is lost at worst lets the service manager restart the worker, which is what it is
 * there for. */
#include "worker/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SIGNS_PER_PERIOD = 3 };

static bool connect_to(int fd, const char *path);
static int64_t read_period_ms(void);
static void say(const struct notify *n, const char *text);

void
notify_open(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");

    *n = (struct notify)NOTIFY_INIT;
    if (path != NULL && *path != '\0') {
        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (n->fd >= 0 && !connect_to(n->fd, path))
            notify_close(n);
        n->every_ms = read_period_ms() / SIGNS_PER_PERIOD;
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void
notify_close(struct notify *n)
{
    if (n->fd >= 0)
        (void)close(n->fd);
    n->fd = -1;
}

void
notify_ready(struct notify *n)
{
    if (n->is_ready_said)
        return;
    n->is_ready_said = true;
    say(n, "READY=1\nSTATUS=Taking jobs");
}

void
notify_stopping(const struct notify *n)
{
    say(n, "STOPPING=1\nSTATUS=Finishing what runs");
}

void
notify_alive(struct notify *n, int64_t now_ms)
{
    if (n->every_ms == 0 || now_ms < n->next_ms)
        return;
    n->next_ms = now_ms + n->every_ms;
    say(n, "WATCHDOG=1");
}

/* A name that begins with '@' is in the abstract namespace, which has no file. */
static bool
connect_to(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t len = strlen(path);

    if (len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    return connect(fd, (const struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0;
}

/* 0: no sign of life is wanted, or not from this process. */
static int64_t
read_period_ms(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (period == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    const long long us = strtoll(period, NULL, 10);
    return us > 0 ? us / 1000 : 0;
}

static void
say(const struct notify *n, const char *text)
{
    if (n->fd >= 0)
        (void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}
