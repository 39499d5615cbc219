/* celeriac up: all that a developer needs, in one terminal.
 *
 *     celeriac up --- redis-server   append-only file in DIR, so the next `up` finds what waited
 *              |----- celeriac worker, with the options behind --
 *              `----- celeriac top, if there is a terminal; otherwise the worker's log is shown
 *
 * The first Ctrl-C, TERM or HUP, or the end of the dashboard, asks the worker to finish; a second
 * one to hand back now. Redis, which stands apart from the terminal's signals, ends last. Whoever
 * kills this process ends all: each child asks the kernel for a signal at its death. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/child.h"
#include "client/cli/redis_server.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/clock.h"
#include "common/mem.h"

enum { REDIS_END_MS = 30000, TICK_MS = 5 };

struct up_options {
    const char *dir;
    bool no_top;
};

struct up {
    struct cli *cli;
    char directory[PATH_MAX], *socket, *worker_log; /* NULL: shown */
    sigset_t heard;
    pid_t redis, worker, top;
    int asked;     /* how often we were told to end */
    int exit_code; /* once the worker has ended */
};

static int run(struct cli *cli, const void *options);
static bool prepare(struct up *u, const struct up_options *o, struct error *err);
static bool lock_directory(const struct up *u, struct error *err);
static bool start_all(struct up *u, struct error *err);
static pid_t start_worker(const struct up *u);
static void stand_by(struct up *u);
static void end_redis(struct up *u);

static const struct option rows[] = {
    {.name = "dir",
     .type = OPTION_TEXT,
     .fallback = ".celeriac",
     .unit = "DIR",
     .help = "where Redis keeps what is in it, and logs go; made if it is not there",
     .offset = offsetof(struct up_options, dir)},
    {.name = "no-top",
     .type = OPTION_FLAG,
     .help = "show the worker's log, not the dashboard, on a terminal too",
     .offset = offsetof(struct up_options, no_top)},
};

const struct command cmd_up = {
    .name = "up",
    .group = GROUP_PROGRAM,
    .summary = "Redis, a worker and a dashboard in the foreground, for development",
    .usage = "up [-- WORKER-OPTION...]",
    .details =
        "Prints the broker's address for other terminals. Redis writes an append-only file, so "
        "what "
        "waits is there again the next time.\n"
        "What stands behind -- is given to the worker. On a terminal the dashboard is shown, and "
        "the worker logs to DIR/worker.log;\n"
        "elsewhere its log goes to stderr. Ctrl-C (or q in the dashboard) lets the worker finish "
        "what runs and ends all; a second one ends at once.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct up_options),
    .examples = {"celeriac up", "celeriac up --dir /tmp/try -- -P 4 --module ./mine.so"},
    .exit_codes = "0   ended as asked\n64  usage\n69  no redis-server, or it ended by itself\n"
                  "73  another `up` uses the directory\n78  bad configuration; of the worker too\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct up_options *o = options;
    struct up u = {.cli = cli};
    struct error err = ERROR_INIT;
    bool ok = prepare(&u, o, &err) && lock_directory(&u, &err) && start_all(&u, &err);

    if (ok) {
        stand_by(&u);
    }
    end_redis(&u);
    free(u.socket);
    free(u.worker_log);
    return ok ? u.exit_code : cli_fail(&err);
}

static bool
prepare(struct up *u, const struct up_options *o, struct error *err)
{
    static const int heard[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    const bool has_top = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !o->no_top;

    if (mkdir(o->dir, 0700) != 0 && errno != EEXIST) {
        return error_set(err, ERROR_CONFIG, "--dir %s: %s", o->dir, strerror(errno));
    }
    if (!realpath(o->dir, u->directory)) {
        return error_set(err, ERROR_CONFIG, "--dir %s: %s", o->dir, strerror(errno));
    }
    u->socket = mem_printf("%s/redis.sock", u->directory);
    if (strlen(u->socket) > REDIS_SERVER_SOCKET_MAX) {
        return error_set(
            err, ERROR_CONFIG,
            "--dir %s: %s is %zu bytes long, but the path of a socket holds %d at most", o->dir,
            u->socket, strlen(u->socket), REDIS_SERVER_SOCKET_MAX);
    }
    u->worker_log = has_top ? mem_printf("%s/worker.log", u->directory) : NULL;
    sigemptyset(&u->heard);
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        sigaddset(&u->heard, heard[i]);
    }
    sigprocmask(SIG_BLOCK, &u->heard, NULL);
    return true;
}

/* Redis inherits the lock: the directory is free once nobody writes to it any more. */
static bool
lock_directory(const struct up *u, struct error *err)
{
    char *path = mem_printf("%s/lock", u->directory);
    const int fd = open(path, O_RDWR | O_CREAT, 0600); // NOLINT(android-cloexec-open)
    bool ok = true;

    if (fd < 0) {
        ok = error_set(err, ERROR_CONFIG, "%s: %s", path, strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ok = error_set(err, ERROR_EXISTS,
                       "--dir %s: another `celeriac up` uses it; end that one, or name another "
                       "directory",
                       u->directory);
    }
    free(path);
    return ok; /* cppcheck-suppress resourceLeak ; the lock is held until the process ends */
}

static bool
await_redis(struct up *u, struct error *err)
{
    const int64_t deadline_ms = clock_mono_ms() + REDIS_SERVER_START_MS;
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000 * 1000};

    while (!redis_server_answers(u->socket)) {
        if (clock_mono_ms() > deadline_ms || !child_is_alive(&u->redis, NULL)) {
            return error_set(err, ERROR_UNAVAILABLE,
                             "redis-server does not start: see %s/redis.log", u->directory);
        }
        nanosleep(&tick, NULL);
    }
    return true;
}

static pid_t
start_top(const struct up *u)
{
    char *argv[] = {mem_text("/proc/self/exe"),
                    mem_text("top"),
                    mem_printf("--broker=unix://%s", u->socket),
                    mem_printf("--namespace=%s", u->cli->settings.namespace),
                    mem_text("--password-file="),
                    NULL};
    const pid_t pid = child_start(&(struct child_wish){.argv = argv, .death_signal = SIGTERM});

    for (size_t i = 0; argv[i]; i++) {
        free(argv[i]);
    }
    return pid;
}

static bool
start_all(struct up *u, struct error *err)
{
    const struct redis_server_wish redis = {u->directory, u->socket, true};

    if (!redis_server_find(err)) {
        return false;
    }
    (void)unlink(u->socket); /* of one that was killed; the lock is ours */
    u->redis = redis_server_start(&redis);
    if (!await_redis(u, err)) {
        return false;
    }
    u->worker = start_worker(u);
    if (u->worker < 0) {
        return error_set_errno(err, ERROR_INTERNAL, "fork");
    }
    printf("CELERIAC_BROKER=unix://%s\n", u->socket);
    fflush(stdout);
    u->top = u->worker_log ? start_top(u) : 0;
    return true;
}

static pid_t
start_worker(const struct up *u)
{
    const struct option_operands *given = &u->cli->operands;
    char **argv = mem_array(given->count + 6, sizeof *argv);
    /* Asked to end before it can hear it, it would die by the signal instead. */
    struct child_wish wish = {.argv = argv,
                              .death_signal = SIGQUIT,
                              .is_apart = true,
                              .is_held = true,
                              .output = u->worker_log};
    size_t n = 0;
    pid_t pid;

    argv[n++] = mem_text("/proc/self/exe");
    argv[n++] = mem_text("worker");
    argv[n++] = mem_printf("--broker=unix://%s", u->socket);
    argv[n++] = mem_printf("--namespace=%s", u->cli->settings.namespace);
    argv[n++] = mem_text("--password-file=");
    for (size_t i = 0; i < given->count; i++) {
        argv[n++] = mem_text(given->items[i]);
    }
    argv[n] = NULL;
    pid = child_start(&wish);
    child_argv_free(argv);
    return pid;
}

/* ---- until all has ended but Redis ---- */

static void
ask_to_end(struct up *u)
{
    u->asked++;
    if (u->top > 0) {
        kill(u->top, SIGTERM);
    }
    if (u->worker > 0) {
        kill(u->worker, u->asked == 1 ? SIGTERM : SIGQUIT);
    }
}

static int
code_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
reap(struct up *u)
{
    const bool had_top = u->top > 0, had_redis = u->redis > 0;
    int status = 0;

    if (u->worker > 0 && !child_is_alive(&u->worker, &status)) {
        u->exit_code = u->exit_code ? u->exit_code : code_of(status);
        if (u->top > 0) {
            kill(u->top, SIGTERM);
        }
    }
    if (had_top && !child_is_alive(&u->top, NULL) && u->worker > 0 && u->asked == 0) {
        ask_to_end(u);
    }
    if (had_redis && !child_is_alive(&u->redis, NULL)) {
        fprintf(stderr, "celeriac: redis-server has ended: see %s/redis.log\n", u->directory);
        u->exit_code = ERROR_UNAVAILABLE;
        u->asked = 1; /* nothing can be finished without it */
        ask_to_end(u);
    }
}

static void
stand_by(struct up *u)
{
    while (u->worker > 0 || u->top > 0) {
        const int signal = sigwaitinfo(&u->heard, NULL);
        if (signal == SIGCHLD) {
            reap(u);
        } else if (signal > 0) {
            ask_to_end(u);
        }
    }
}

static void
end_redis(struct up *u)
{
    const int64_t deadline_ms = clock_mono_ms() + REDIS_END_MS;
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000 * 1000};

    if (child_is_alive(&u->redis, NULL)) {
        kill(u->redis, SIGTERM);
    }
    while (child_is_alive(&u->redis, NULL)) {
        if (clock_mono_ms() > deadline_ms) {
            kill(u->redis, SIGKILL);
        }
        nanosleep(&tick, NULL);
    }
}
