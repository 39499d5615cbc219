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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/child.h"
#include "client/cli/interrupt.h"
#include "client/cli/redis_server.h"
#include "client/module_trial.h"
#include "common/clock.h"
#include "common/mem.h"

enum { QUIT_MS = 3000, TICK_MS = 5 };

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
static bool try_modules(const struct option_list *modules, struct error *err);
static void keep(struct keeper *k) __attribute__((noreturn));
static pid_t start_worker(const struct keeper *k);
static bool await_redis(struct keeper *k);
static void stand_by(struct keeper *k);
static void end_children(struct keeper *k);
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

    if (!redis_server_find(err) || !try_modules(&wish->modules, err) || !make_directory(&k, err)) {
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
    const struct redis_server_wish redis = {k->directory, k->socket, false};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    interrupt_unblock();
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO); /* whoever reads the command's output must not wait for us */
    k->redis = redis_server_start(&redis);
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
start_worker(const struct keeper *k)
{
    char **argv = mem_array(k->modules->count + 8, sizeof *argv);
    size_t n = 0;
    pid_t pid;

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
    argv[n] = NULL;
    pid = child_start(&(struct child_wish){.argv = argv, .death_signal = SIGKILL});
    child_argv_free(argv);
    return pid;
}

static bool
await_redis(struct keeper *k)
{
    int64_t deadline_ms = clock_mono_ms() + REDIS_SERVER_START_MS;
    struct pollfd life = {.fd = k->life, .events = POLLIN};

    while (!redis_server_answers(k->socket)) {
        if (clock_mono_ms() > deadline_ms || !child_is_alive(&k->redis, NULL)) {
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
        if (!child_is_alive(&k->redis, NULL) || (k->queue && !child_is_alive(&k->worker, NULL))) {
            return;
        }
    } while (ready == 0 || (ready < 0 && errno == EINTR));
}

/* The worker is asked first, since it cleans up better than anybody else; Redis has nothing to
 * save. */
static void
end_children(struct keeper *k)
{
    int64_t deadline_ms = clock_mono_ms() + QUIT_MS;

    if (child_is_alive(&k->worker, NULL)) {
        kill(k->worker, SIGQUIT);
        while (child_is_alive(&k->worker, NULL) && clock_mono_ms() < deadline_ms) {
            poll(NULL, 0, TICK_MS);
        }
    }
    if (child_is_alive(&k->worker, NULL)) {
        kill(k->worker, SIGKILL);
    }
    if (child_is_alive(&k->redis, NULL)) {
        kill(k->redis, SIGKILL);
    }
    reap_until(clock_mono_ms() + QUIT_MS);
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
