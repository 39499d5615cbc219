/* Each master listens on a socket in the abstract namespace, "\0celeriac/<worker id>": it has no
 * file to be cleaned up, needs no directory that may be written to, is gone with the process, and
 * is seen in /proc/net/unix. Whoever connects gets one line and the end of the file.
 *
 * The answer comes from the master's own loop: one that is stopped or stuck does not answer, and
 * the asker's patience ends after ASK_SECONDS. Containers that share the network of their host see
 * each other's sockets; what another container's worker says is left out, since its process is none
 * of ours (it has no pid here). */
#include "worker/check.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "worker/worker.h"

#define PREFIX "celeriac/"
#define READY "ready "

enum { ASK_SECONDS = 2, BACKLOG = 16, ANSWERS_AT_ONCE = 16, LINE_SIZE = 256, LISTENS = 0x10000 };

static socklen_t make_address(struct sockaddr_un *address, const char *worker);
static bool is_asked(const char *worker, const char *name);
static bool ask(const char *worker, FILE *out, struct error *err);
static bool read_line(int fd, char *line);

bool
check_listen(const char *worker, int *fd, struct error *err)
{
    struct sockaddr_un address;
    const socklen_t len = make_address(&address, worker);
    const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (s >= 0 && bind(s, (const struct sockaddr *)&address, len) == 0 && listen(s, BACKLOG) == 0) {
        *fd = s;
        return true;
    }
    (void)error_set_errno(err, ERROR_UNAVAILABLE, "cannot listen for --check");
    if (s >= 0)
        (void)close(s);
    return false;
}

void
check_answer(int fd, const struct check_state *state)
{
    char line[LINE_SIZE];
    const int len = snprintf(line, sizeof(line), "%sworker=%s state=%s processes=%u\n",
                             state->is_ready ? READY : "not ready ", state->worker, state->state,
                             state->processes);

    for (int i = 0; i < ANSWERS_AT_ONCE; i++) {
        const int asker = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (asker < 0)
            return;
        (void)!send(asker, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(asker);
    }
}

/* Lines of /proc/net/unix: "<address>: <count> <protocol> <flags> <type> <state> <inode>
 * @celeriac/<worker>". The flag tells listening sockets; the ends of their connections bear the
 * same name. */
bool
check_ask(const char *name, FILE *out, struct error *err)
{
    char line[512], worker[128];
    unsigned flags;
    bool is_ready = false;
    struct error why = ERROR_INIT;
    FILE *f = fopen("/proc/net/unix", "re");

    if (f == NULL)
        return error_set_errno(err, ERROR_UNAVAILABLE, "/proc/net/unix");
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s @" PREFIX "%127s", &flags, worker) == 2 &&
            (flags & LISTENS) != 0 && is_asked(worker, name))
            is_ready |= ask(worker, out, &why);
    }
    (void)fclose(f);
    if (is_ready)
        return true;
    if (why.code == ERROR_NONE)
        (void)error_set(&why, ERROR_UNAVAILABLE, "no worker answers here");
    return error_set(err, ERROR_UNAVAILABLE, "%s", why.message);
}

static socklen_t
make_address(struct sockaddr_un *address, const char *worker)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    const int len =
        snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, PREFIX "%s", worker);
    MUST(len > 0 && (size_t)len < sizeof(address->sun_path) - 1);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
}

/* An id is the name, a hyphen and a few characters of chance. */
static bool
is_asked(const char *worker, const char *name)
{
    const size_t len = name != NULL ? strlen(name) : 0;

    if (strlen(worker) >= WORKER_ID_MAX)
        return false;
    return name == NULL || (strncmp(worker, name, len) == 0 && worker[len] == '-' &&
                            strchr(worker + len + 1, '-') == NULL);
}

/* True if this worker is there and ready. `err` is left alone if it turns out to be in another
 * container, or gone. */
static bool
ask(const char *worker, FILE *out, struct error *err)
{
    static const struct timeval patience = {.tv_sec = ASK_SECONDS};
    struct sockaddr_un address;
    struct ucred master = {.pid = 0};
    char line[LINE_SIZE];
    const socklen_t len = make_address(&address, worker);
    socklen_t size = sizeof(master);
    bool is_ready = false;
    const int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (s < 0)
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot ask worker %s", worker);
    (void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)); /* of connect, too */
    if (connect(s, (const struct sockaddr *)&address, len) == 0 &&
        getsockopt(s, SOL_SOCKET, SO_PEERCRED, &master, &size) == 0 && master.pid != 0) {
        if (read_line(s, line)) {
            (void)fprintf(out, "%s\n", line);
            is_ready = strncmp(line, READY, strlen(READY)) == 0;
        }
        if (!is_ready)
            (void)error_set(err, ERROR_UNAVAILABLE, "worker %s: %s", worker,
                            line[0] != '\0' ? "not ready" : "no answer");
    }
    (void)close(s);
    return is_ready;
}

/* What comes until the end of the file, without the newline; false, and an empty line, if nothing
 * comes in time. */
static bool
read_line(int fd, char *line)
{
    size_t len = 0;
    ssize_t got;

    while (len < LINE_SIZE - 1 && (got = recv(fd, line + len, LINE_SIZE - 1 - len, 0)) > 0)
        len += (size_t)got;
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
    return line[0] != '\0';
}
