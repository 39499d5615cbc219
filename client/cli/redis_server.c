/* A private redis-server: no TCP port, a socket for this user alone. */
#include "client/cli/redis_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/cli/child.h"
#include "common/mem.h"

bool
redis_server_find(struct error *err)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (path = path ? path : "/usr/bin:/bin"; *path;) {
        size_t len = strcspn(path, ":");
        snprintf(file, sizeof file, "%.*s/redis-server", (int)len, path);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return error_set(
        err, ERROR_UNAVAILABLE,
        "redis-server is not installed: install it, or name a broker with --broker URL");
}

pid_t
redis_server_start(const struct redis_server_wish *wish)
{
    char *log = mem_printf("%s/redis.log", wish->directory);
    const char *const words[] = {"redis-server",
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 wish->socket,
                                 "--unixsocketperm",
                                 "700",
                                 "--dir",
                                 wish->directory,
                                 "--save",
                                 "",
                                 "--logfile",
                                 log,
                                 "--appendonly",
                                 wish->is_durable ? "yes" : "no",
                                 "--appendfsync",
                                 "everysec"};
    const size_t n = sizeof words / sizeof *words;
    char **argv = mem_array(n + 1, sizeof *argv);
    struct child_wish child = {.argv = argv, .output = log, .is_apart = wish->is_durable};
    pid_t pid;

    for (size_t i = 0; i < n; i++) {
        argv[i] = mem_text(words[i]);
    }
    argv[n] = NULL;
    child.death_signal = wish->is_durable ? SIGTERM : SIGKILL;
    pid = child_start(&child);
    child_argv_free(argv);
    free(log);
    return pid;
}

bool
redis_server_answers(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return ok;
}
