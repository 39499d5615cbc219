/* A private redis-server for one test: on a unix socket in a temporary directory, dead when the
 * test ends, however it ends. `redis_do` says commands to it over a connection of its own.
 * Everything here fails the test when it fails. */
#ifndef TESTS_REDIS_FIXTURE_H
#define TESTS_REDIS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "common/clock.h"

/* Waits for `cond` without a fixed sleep. */
#define UNTIL(cond, ms)                                                                            \
    do {                                                                                           \
        int64_t until_ = clock_mono_ms() + (ms);                                                   \
        while (!(cond)) {                                                                          \
            assert_true(clock_mono_ms() < until_);                                                 \
            nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);                           \
        }                                                                                          \
    } while (0)

enum { REDIS_ARGS_MAX = 16 };

struct redis_fixture {
    char dir[64], socket[96], url[128];
    const char *args[REDIS_ARGS_MAX + 1]; /* more options of redis-server, NULL-terminated */
    pid_t pid;
    redisContext *control;
};

static inline bool
redis_can_ping(struct redis_fixture *f)
{
    f->control = redisConnectUnix(f->socket);
    assert_non_null(f->control);
    redisReply *r = f->control->err == 0 ? redisCommand(f->control, "PING") : NULL;
    bool ok = r != NULL && (r->type == REDIS_REPLY_STATUS || strncmp(r->str, "NOAUTH", 6) == 0);
    if (r != NULL)
        freeReplyObject(r);
    if (!ok)
        redisFree(f->control);
    return ok;
}

static inline void
redis_exec(const struct redis_fixture *f)
{
    static char *argv[REDIS_ARGS_MAX + 20];
    char log[128];
    size_t n = 0;
    snprintf(log, sizeof log, "%s/log", f->dir);
    const char *base[] = {"redis-server", "--port",    "0",     "--save",      "",
                          "--appendonly", "no",        "--dir", f->dir,        "--unixsocket",
                          f->socket,      "--logfile", log,     "--daemonize", "no"};
    for (size_t i = 0; i < sizeof base / sizeof base[0]; i++)
        argv[n++] = strdup(base[i]);
    for (size_t i = 0; f->args[i] != NULL; i++)
        argv[n++] = strdup(f->args[i]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv);
    _exit(127);
}

/* Starts it, or starts it again after redis_kill. */
static inline void
redis_run(struct redis_fixture *f)
{
    unlink(f->socket);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0)
        redis_exec(f);
    UNTIL(redis_can_ping(f), 10000);
}

static inline void
redis_make_dir(struct redis_fixture *f)
{
    *f = (struct redis_fixture){.pid = -1};
    strcpy(f->dir, "/tmp/celeriac-test-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->socket, sizeof f->socket, "%s/redis.sock", f->dir);
    snprintf(f->url, sizeof f->url, "unix://%s", f->socket);
}

static inline void
redis_start(struct redis_fixture *f)
{
    redis_make_dir(f);
    redis_run(f);
}

static inline void
redis_kill(struct redis_fixture *f)
{
    if (f->control != NULL)
        redisFree(f->control);
    f->control = NULL;
    if (f->pid <= 0)
        return;
    kill(f->pid, SIGKILL);
    assert_int_equal(waitpid(f->pid, NULL, 0), f->pid);
    f->pid = -1;
}

static inline void
redis_remove_dir(struct redis_fixture *f)
{
    static const char *const names[] = {"redis.sock", "log", "dump.rdb"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        unlink(path);
    }
    rmdir(f->dir);
}

static inline void
redis_stop(struct redis_fixture *f)
{
    redis_kill(f);
    redis_remove_dir(f);
}

/* The format is that of hiredis (%b is bytes with their length). The answer lives until the next
 * call. */
static inline const redisReply *
redis_do(struct redis_fixture *f, const char *format, ...)
{
    static redisReply *last;
    va_list ap;
    va_start(ap, format);
    redisReply *r = redisvCommand(f->control, format, ap);
    va_end(ap);
    assert_non_null(r);
    if (last != NULL)
        freeReplyObject(last);
    last = r;
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", format, r->str);
    return r;
}

static inline long long
redis_number(const redisReply *r)
{
    return r->type == REDIS_REPLY_INTEGER ? r->integer : r->str != NULL ? atoll(r->str) : -1;
}

/* ---- a server that says what a test wants ---- */

/* Serves one connection, the nth (from 0); returns when it is done with it. Runs in a process of
 * its own. */
typedef void redis_fake_fn(int fd, int nth);

static inline void
redis_start_fake(struct redis_fixture *f, redis_fake_fn *serve)
{
    redis_make_dir(f);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, f->socket, strlen(f->socket));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 16), 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid > 0) {
        close(listener);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int nth = 0;; nth++) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            serve(fd, nth);
            close(fd);
        }
    }
}

static inline void
fake_say(int fd, const char *text)
{
    size_t len = strlen(text);
    if (write(fd, text, len) != (ssize_t)len)
        _exit(1);
}

/* Reads until `word` has come (all that comes after it in the same read is lost). False: the other
 * side closed. */
static inline bool
fake_hear(int fd, const char *word)
{
    static char heard[1 << 20];
    size_t len = 0;
    while (len < sizeof heard - 1) {
        ssize_t n = read(fd, heard + len, sizeof heard - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        heard[len] = '\0';
        if (memmem(heard, len, word, strlen(word)) != NULL)
            return true;
    }
    return false;
}

/* The greeting of a client: INFO and nothing else. */
static inline bool
fake_greet(int fd, const char *version)
{
    char info[128], text[64];
    if (!fake_hear(fd, "server\r\n"))
        return false;
    snprintf(text, sizeof text, "redis_version:%s\r\n", version);
    snprintf(info, sizeof info, "$%zu\r\n%s\r\n", strlen(text), text);
    fake_say(fd, info);
    return true;
}

/* Commands one by one, for a fake that answers each. */
struct fake_reader {
    int fd;
    char data[1 << 20];
    size_t at, len;
};

static inline bool
fake_line(struct fake_reader *r, char *out, size_t size)
{
    for (size_t n = 0;;) {
        while (r->at < r->len) {
            char c = r->data[r->at++];
            if (c == '\n') {
                out[n > 0 ? n - 1 : 0] = '\0'; /* without the '\r' */
                return true;
            }
            if (n < size - 1)
                out[n++] = c;
        }
        ssize_t got = read(r->fd, r->data, sizeof r->data);
        if (got <= 0)
            return false;
        r->at = 0;
        r->len = (size_t)got;
    }
}

/* The first word of the next command; its arguments must not hold newlines, but for scripts: those
 * have no line that begins with '*' or '$'. */
static inline bool
fake_next_command(struct fake_reader *r, char *word, size_t size)
{
    char line[256];
    do
        if (!fake_line(r, line, sizeof line))
            return false;
    while (line[0] != '*');
    return fake_line(r, line, sizeof line) && fake_line(r, word, size);
}

#endif
