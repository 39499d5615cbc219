/* --local.
 *
 *     celeriac map ... ---- fork --> keeper ---- fork, exec --> redis-server   (unix socket, no TCP
 * port, no disk) |                        |   `----- fork, exec --> celeriac worker
 *            `------- pipe -----------'
 *
 * The keeper holds the reading end of a pipe. Its end of file means that the command is over,
 * however it ended: kill -9 included. Then the keeper ends its children and deletes the directory.
 * It stands in a session of its own, so that Ctrl-C reaches the command alone. Should the keeper
 * itself be killed, its children die with it (PR_SET_PDEATHSIG), and the command ends with 69
 * (interrupt.c). As a subreaper it also inherits and waits for what the worker leaves. */
#include "client/cli/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/interrupt.h"
#include "client/module_trial.h"
#include "common/clock.h"
#include "common/mem.h"

enum { START_MS = 10000, QUIT_MS = 3000, TICK_MS = 5 };

struct local {
    pid_t keeper;
    int life; /* writing end of the pipe */
    char *url;
};

/* What the keeper knows. */
struct keeper {
    char directory[64], socket[96];
    const char *namespace, *queue;
    const struct option_list *modules;
    int life;   /* reading end */
    int report; /* one byte: up; end of file without it: failed */
    pid_t redis, worker;
};

static bool make_directory(struct keeper *k, struct error *err);
static bool find_redis(struct error *err);
static bool try_modules(const struct option_list *modules, struct error *err);
static void keep(struct keeper *k) __attribute__((noreturn));
static pid_t start(char *const *argv, bool is_silent);
static pid_t start_redis(const struct keeper *k);
static pid_t start_worker(const struct keeper *k);
static bool await_redis(struct keeper *k);
static void stand_by(struct keeper *k);
static bool answers(const char *path);
static void end_children(struct keeper *k);
static bool is_alive(pid_t *pid);
static void reap_until(int64_t deadline_ms);
static void delete_directory(const char *path);

static bool
start_all(struct local **out, struct cli *cli, const struct local_wish *wish, struct error *err)
{
    struct keeper k = {
        .namespace = cli->settings.namespace, .queue = wish->queue, .modules = &wish->modules};
    int life[2], report[2];
    char byte;
    ssize_t n;
    struct local *l;
    pid_t pid;

    if (!find_redis(err) || !try_modules(&wish->modules, err) || !make_directory(&k, err)) {
        return false;
    }
    if (pipe2(life, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        return error_set_errno(err, ERROR_INTERNAL, "pipe");
    }
    interrupt_block();
    pid = fork();
    if (pid < 0) {
        return error_set_errno(err, ERROR_INTERNAL, "fork");
    }
    if (pid == 0) {
        close(life[1]);
        close(report[0]);
        k.life = life[0];
        k.report = report[1];
        keep(&k);
    }
    close(life[0]);
    close(report[1]);
    l = mem_zero(sizeof *l);
    l->keeper = pid;
    l->life = life[1];
    l->url = mem_printf("unix://%s", k.socket);
    interrupt_unblock();
    interrupt_keeper(pid, life[1]);
    do {
        n = read(report[0], &byte, 1);
    } while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n != 1) {
        local_stop(l);
        return error_set(err, ERROR_UNAVAILABLE, "the private redis-server does not start");
    }
    cli->settings.broker = l->url;
    cli->settings.password_file = NULL;
    cli->broker = client_settings_broker(&cli->settings);
    *out = l;
    return true;
}

bool
local_start(struct local **out, struct cli *cli, const char *queue, struct error *err)
{
    const struct local_wish wish = {.queue = queue};

    return start_all(out, cli, &wish, err);
}

bool
local_if_wanted(struct local **out, struct cli *cli, const struct local_wish *wish,
                struct error *err)
{
    const bool is_asked = wish->is_asked || wish->modules.count > 0;

    *out = NULL;
    if (!is_asked && cli->is_broker_configured) {
        return true;
    }
    if (!is_asked) {
        fprintf(stderr, "celeriac: no broker is configured: running locally, with a private "
                        "redis-server and worker\n");
    }
    return start_all(out, cli, wish, err);
}

void
local_stop(struct local *l)
{
    if (!l) {
        return;
    }
    interrupt_block();
    interrupt_keeper(0, -1);
    close(l->life);
    while (waitpid(l->keeper, NULL, 0) < 0 && errno == EINTR) {
    }
    interrupt_unblock();
    free(l->url);
    free(l);
}

static bool
make_directory(struct keeper *k, struct error *err)
{
    const char *base = getenv("TMPDIR");

    /* A socket's path has at most 107 bytes. */
    snprintf(k->directory, sizeof k->directory, "%s/celeriac-XXXXXX",
             base && *base && strlen(base) < 40 ? base : "/tmp");
    if (!mkdtemp(k->directory)) {
        return error_set_errno(err, ERROR_UNAVAILABLE, "%s", k->directory);
    }
    snprintf(k->socket, sizeof k->socket, "%s/redis.sock", k->directory);
    return true;
}

static bool
find_redis(struct error *err)
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

/* The worker would refuse them as well, but only into its log. Names without a file are left to it:
 * it knows where they are installed. */
static bool
try_modules(const struct option_list *modules, struct error *err)
{
    const char **files = mem_array(modules->count + 1, sizeof *files);
    struct module_list list = {.names = files};
    bool ok;

    for (size_t i = 0; i < modules->count; i++) {
        if (strchr(modules->items[i], '/') || strstr(modules->items[i], ".so")) {
            files[list.n++] = modules->items[i];
        }
    }
    ok = list.n == 0 || module_trial_run(&list, MODULE_TRIAL_MS, err);
    free(files);
    return ok;
}

/* ---- the keeper ---- */

static void
keep(struct keeper *k)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    interrupt_unblock();
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO); /* whoever reads the command's output must not wait for us */
    k->redis = start_redis(k);
    if (await_redis(k)) {
        k->worker = k->queue ? start_worker(k) : 0;
        if (write(k->report, "u", 1) == 1) {
            close(k->report);
            stand_by(k);
        }
    }
    end_children(k);
    delete_directory(k->directory);
    _exit(0);
}

static pid_t
start(char *const *argv, bool is_silent)
{
    pid_t keeper = getpid();
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) {
        _exit(1);
    }
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (is_silent) {
        dup2(STDOUT_FILENO, STDERR_FILENO);
    }
    execvp(argv[0], argv);
    _exit(127);
}

static pid_t
start_redis(const struct keeper *k)
{
    char *argv[] = {mem_text("redis-server"),
                    mem_text("--port"),
                    mem_text("0"),
                    mem_text("--unixsocket"),
                    mem_text(k->socket),
                    mem_text("--unixsocketperm"),
                    mem_text("700"),
                    mem_text("--dir"),
                    mem_text(k->directory),
                    mem_text("--save"),
                    mem_text(""),
                    mem_text("--appendonly"),
                    mem_text("no"),
                    mem_text("--logfile"),
                    mem_printf("%s/redis.log", k->directory),
                    NULL};

    return start(argv, true);
}

static pid_t
start_worker(const struct keeper *k)
{
    char **argv = mem_array(k->modules->count + 8, sizeof *argv);
    size_t n = 0;

    argv[n++] = mem_text("/proc/self/exe");
    argv[n++] = mem_text("worker");
    argv[n++] = mem_printf("--broker=unix://%s", k->socket);
    argv[n++] = mem_printf("--namespace=%s", k->namespace);
    argv[n++] = mem_text("--password-file=");
    argv[n++] = mem_printf("--queue=%s", k->queue);
    argv[n++] = mem_text("--log-level=warn");
    for (size_t i = 0; i < k->modules->count; i++) {
        argv[n++] = mem_printf("--module=%s", k->modules->items[i]);
    }
    return start(argv, false);
}

static bool
await_redis(struct keeper *k)
{
    int64_t deadline_ms = clock_mono_ms() + START_MS;
    struct pollfd life = {.fd = k->life, .events = POLLIN};

    while (!answers(k->socket)) {
        if (clock_mono_ms() > deadline_ms || !is_alive(&k->redis)) {
            return false;
        }
        if (poll(&life, 1, TICK_MS) > 0) {
            return false; /* the command has gone */
        }
    }
    return true;
}

/* Until the command is over, or a child has ended. */
static void
stand_by(struct keeper *k)
{
    struct pollfd life = {.fd = k->life, .events = POLLIN};
    int ready;

    do {
        ready = poll(&life, 1, 500);
        if (!is_alive(&k->redis) || (k->queue && !is_alive(&k->worker))) {
            return;
        }
    } while (ready == 0 || (ready < 0 && errno == EINTR));
}

static bool
answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return ok;
}

/* The worker is asked first, since it cleans up better than anybody else; Redis has nothing to
 * save. */
static void
end_children(struct keeper *k)
{
    int64_t deadline_ms = clock_mono_ms() + QUIT_MS;

    if (is_alive(&k->worker)) {
        kill(k->worker, SIGQUIT);
        while (is_alive(&k->worker) && clock_mono_ms() < deadline_ms) {
            poll(NULL, 0, TICK_MS);
        }
    }
    if (is_alive(&k->worker)) {
        kill(k->worker, SIGKILL);
    }
    if (is_alive(&k->redis)) {
        kill(k->redis, SIGKILL);
    }
    reap_until(clock_mono_ms() + QUIT_MS);
}

/* Reaps it if it has ended; *pid is 0 from then on. */
static bool
is_alive(pid_t *pid)
{
    if (*pid > 0 && waitpid(*pid, NULL, WNOHANG) != 0) {
        *pid = 0;
    }
    return *pid > 0;
}

static void
reap_until(int64_t deadline_ms)
{
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 || clock_mono_ms() > deadline_ms) {
            return;
        }
        if (pid == 0) {
            poll(NULL, 0, TICK_MS);
        }
    }
}

static void
delete_directory(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry;

    while (d && (entry = readdir(d))) { /* cppcheck-suppress readdirCalled */
        unlinkat(dirfd(d), entry->d_name, 0);
    }
    if (d) {
        closedir(d);
    }
    rmdir(path);
}
