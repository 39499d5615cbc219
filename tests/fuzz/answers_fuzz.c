/* Fuzzing of what a client reads from Redis: a server that greets as Redis does and then says
 * anything. The first byte chooses the call. Whatever comes, the call ends, with an answer or with
 * an error that has a message. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/checkup.h"
#include "common/arena.h"

enum { SAID_MAX = 65536 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char greeting[] = "$21\r\nredis_version:7.0.0\r\n\r\n";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char url[160];
static int listener;
/* What is said next. The server may still be at a connection that its client has left. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t said[SAID_MAX];
static size_t said_len;

static void
say(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        at += n;
        len -= (size_t)n;
    }
}

/* Hears the greeting's INFO, answers, says the input, and hears the client out. */
static void *
serve(void *arg)
{
    char heard[65536];
    uint8_t now[SAID_MAX];
    size_t len;

    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            return arg;
        }
        pthread_mutex_lock(&lock);
        len = said_len;
        memcpy(now, said, len);
        pthread_mutex_unlock(&lock);
        if (recv(fd, heard, sizeof heard, 0) > 0) {
            say(fd, greeting, sizeof greeting - 1);
            say(fd, now, len);
        }
        shutdown(fd, SHUT_WR);
        while (recv(fd, heard, sizeof heard, 0) > 0) {
        }
        close(fd);
    }
}

static void
remove_socket(void)
{
    unlink(address.sun_path);
}

static void
start_server(void)
{
    pthread_t thread;

    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/celeriac-answers-%d.sock",
             (int)getpid());
    snprintf(url, sizeof url, "unix://%s", address.sun_path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
    MUST(listen(listener, 8) == 0);
    MUST(pthread_create(&thread, NULL, serve, NULL) == 0);
    atexit(remove_socket);
}

static void
on_outcome(void *arg, const struct id *id, const char *outcome, size_t len)
{
    size_t *bytes = arg;

    *bytes += id->len + (outcome ? strnlen(outcome, len) : 0);
}

static void
on_finding(void *arg, const struct broker_finding *finding)
{
    (void)arg;
    MUST(finding->flaw[0] && finding->text[0]);
}

static bool
on_record(void *arg, const struct broker_record *record)
{
    size_t *left = arg;

    (void)record;
    return --*left > 0;
}

static bool
submit(struct broker *b, const struct id *id, bool is_fresh, struct error *err)
{
    enum { N = 300 };
    struct broker_job jobs[N];
    enum broker_submitted results[N];

    for (size_t i = 0; i < N; i++) {
        jobs[i] = (struct broker_job){
            .id = *id, .message = "\1005\0\0\0\0\0\0", .len = MESSAGE_HEAD, .is_fresh = is_fresh};
    }
    return broker_enqueue(b, "q", jobs, is_fresh ? N : 3, "c", results, err);
}

static bool
listen_to_feed(const struct broker_settings *settings, struct error *err)
{
    struct broker_feed *feed;
    size_t bytes = 0;

    if (!broker_feed_open(&feed, settings, err)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        (void)broker_feed_wait(feed, 0, on_outcome, &bytes, err);
    }
    broker_feed_close(feed);
    return true;
}

static bool
call(struct broker *b, unsigned which, struct celeriac_arena *arena, struct error *err)
{
    struct broker_checkup checkup = {.each = on_finding};
    struct broker_listing listing = {which & 16 ? "q" : NULL, JOB_UNKNOWN, 10};
    const char *queue = which & 16 ? "q" : NULL, **texts, *text;
    struct broker_record record;
    struct broker_queue *queues;
    struct broker_counter *counters;
    enum job_state now;
    struct id id;
    size_t n, bytes = 0, left = 100;
    int64_t number;
    bool missing, is_done;

    MUST(id_parse(&id, "0198c0de-0000-7000-8000-000000000000", 36));
    switch (which % 16) {
    case 0:
        return submit(b, &id, true, err);
    case 1:
        return submit(b, &id, false, err);
    case 2:
        return broker_watch(b, "q", &id, 1, "c", on_outcome, &bytes, &missing, err);
    case 3:
        return broker_find(b, queue, &id, 1, true, arena, &record, err);
    case 4:
        return broker_list(b, &listing, arena, on_record, &left, err);
    case 5:
        return broker_queues(b, queue, arena, &queues, &n, err);
    case 6:
        return broker_workers(b, queue, arena, &texts, &n, err);
    case 7:
        return broker_tasks(b, "h", arena, &text, err);
    case 8:
        return broker_stats(b, "q", arena, &counters, &n, err);
    case 9:
        return broker_redis_time(b, &number, err);
    case 10:
        return broker_cancel(b, &id, false, &now, err);
    case 11:
        return broker_retry(b, &id, &now, err);
    case 12:
        return broker_discard(b, &id, &is_done, &now, err);
    case 13:
        return broker_checkup(b, &checkup, err);
    case 14:
        return broker_purge(b, "q", &number, err);
    default:
        return broker_pause(b, "q", true, err);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct broker_settings settings = {.url = url, .command_timeout_ms = 5000};
    struct celeriac_arena *arena;
    struct error err = ERROR_INIT;
    struct broker *b;

    if (size == 0 || size > SAID_MAX) {
        return 0;
    }
    if (!listener) {
        start_server();
    }
    pthread_mutex_lock(&lock);
    said_len = size - 1;
    memcpy(said, data + 1, said_len);
    pthread_mutex_unlock(&lock);
    if (data[0] % 17 == 16) {
        MUST(listen_to_feed(&settings, &err) || err.message[0]);
        return 0;
    }
    MUST(broker_open(&b, &settings, &err));
    arena = arena_new();
    MUST(call(b, data[0], arena, &err) || (err.code != ERROR_NONE && err.message[0]));
    arena_free(arena);
    broker_close(b);
    return 0;
}
