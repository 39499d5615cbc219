/* Metrics and health: a process of its own, so that nobody who asks can disturb the work.
 *
 * It reads the scoreboards and metrics, to which it writes nothing, and the queues from Redis, over
 * a blocking connection with a short deadline and at most once a second however many ask. Health is
 * judged from shared memory alone. If it crashes, or cannot listen, the master starts another one
 * after a while. */
#include "worker/http.h"

#include <event2/event.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "broker/broker.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "worker/http_server.h"
#include "worker/limits.h"
#include "worker/wire.h"
#include "worker/dump.h"

enum {
    REDIS_TIMEOUT_MS = 1500,
    LOOK_EVERY_MS = 1000,                        /* at Redis */
    STALLED_MS = LIMIT_RUNNER_SILENT_MS * 2 / 3, /* an idle loop shows itself every 5 s */
    FILES_MAX = HTTP_CONNECTIONS_MAX + 32,
};

struct http {
    const struct heritage *heritage;
    struct event_base *base;
    struct event *control_event;
    struct http_server *server;
    struct broker *broker; /* NULL: not connected */
    struct celeriac_arena *arena;
    struct broker_queue queues[WORKER_QUEUES_MAX];
    size_t n_queues;
    bool is_redis_up;
    int64_t next_look_ms;
};

/* ---- the queues ---- */

static bool
read_queues(struct http *h, struct error *err)
{
    const struct worker_settings *settings = h->heritage->settings;
    struct broker_settings broker = settings->broker;

    broker.connect_timeout_ms = broker.command_timeout_ms = REDIS_TIMEOUT_MS;
    if (h->broker == NULL && !broker_open(&h->broker, &broker, err))
        return false;
    for (size_t i = 0; i < settings->n_queues; i++) {
        struct error missing = ERROR_INIT;
        struct broker_queue *q;
        size_t n;
        if (broker_queues(h->broker, settings->queues[i].name, h->arena, &q, &n, &missing)) {
            if (n > 0)
                h->queues[h->n_queues++] = q[0];
        } else if (missing.code != ERROR_NOT_FOUND) {
            return error_set(err, missing.code, "%s", missing.message);
        }
    }
    return true;
}

static void
look(struct http *h)
{
    struct error err = ERROR_INIT;

    if (clock_mono_ms() < h->next_look_ms)
        return;
    arena_free(h->arena);
    h->arena = arena_new();
    h->n_queues = 0;
    h->is_redis_up = read_queues(h, &err);
    if (!h->is_redis_up) { /* the next look dials anew */
        broker_close(h->broker);
        h->broker = NULL;
        h->n_queues = 0;
        log_event(LOG_DEBUG, "http_redis", "reason=\"%s\"", log_quote(err.message));
    }
    h->next_look_ms = clock_mono_ms() + LOOK_EVERY_MS;
}

/* ---- health ---- */

bool
http_is_there(const struct scoreboard *b)
{
    const pid_t pid = b->pid;
    return b->number != 0 && pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static bool
refuse(struct buffer *body, const char *what, int64_t age_ms)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "%s for %lld ms\n", what, (long long)age_ms);
    buffer_append_text(body, text);
    return false;
}

/* False, with the reason in `body`, if a runner or the steward makes no round any more. */
static bool
is_alive(const struct heritage *h, struct buffer *body)
{
    const int64_t now = clock_mono_ms();
    const int64_t steward_ms = now - h->boards->steward_stamp_ms;

    if (steward_ms > limits_steward_ms(h->settings->lease_ms))
        return refuse(body, "the steward has made no round", steward_ms);
    for (size_t i = 0; i < h->boards->n; i++) {
        const struct scoreboard *b = &h->boards->seats[i];
        const int64_t age_ms = now - b->stamp_ms;
        if (age_ms > STALLED_MS && b->state != RUNNER_STARTING && http_is_there(b))
            return refuse(body, "claiming has stalled: a runner has made no round", age_ms);
    }
    return true;
}

static bool
takes_jobs(const struct heritage *h, struct buffer *body)
{
    static const char *const states[] = {"", "the worker is quiet\n", "the worker is stopping\n"};
    const uint32_t state = h->metrics->state;
    const int64_t answered = h->metrics->redis_answered_ms;
    const int64_t silent_ms = clock_mono_ms() - answered;
    bool has_runner = false;

    for (size_t i = 0; i < h->boards->n; i++) {
        const struct scoreboard *b = &h->boards->seats[i];
        has_runner |= b->state == RUNNER_READY && http_is_there(b);
    }
    if (state == WORKER_QUIET || state == WORKER_STOPPING)
        buffer_append_text(body, states[state]);
    else if (!has_runner)
        buffer_append_text(body, "no runner is ready\n");
    else if (answered == 0)
        buffer_append_text(body, "Redis has not answered yet\n");
    else if (silent_ms > h->settings->lease_ms)
        (void)refuse(body, "Redis has not answered", silent_ms);
    return body->len == 0;
}

/* ---- pages ---- */

static int
say(bool is_well, struct buffer *body)
{
    if (is_well)
        buffer_append_text(body, "ok\n");
    return is_well ? 200 : 503;
}

static int
make_health(void *arg, struct buffer *body)
{
    const struct http *h = arg;
    return say(is_alive(h->heritage, body), body);
}

static int
make_ready(void *arg, struct buffer *body)
{
    const struct http *h = arg;
    return say(is_alive(h->heritage, body) && takes_jobs(h->heritage, body), body);
}

static int
make_metrics(void *arg, struct buffer *body)
{
    struct http *h = arg;

    look(h);
    const struct http_view view = {.heritage = h->heritage,
                                   .queues = h->queues,
                                   .n_queues = h->n_queues,
                                   .is_redis_up = h->is_redis_up};
    http_metrics(&view, body);
    return 200;
}

/* ---- set-up ---- */

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
    const struct http *h = arg;
    struct wire w;
    (void)fd, (void)what;

    for (;;) {
        switch (wire_receive(h->heritage->control_fd, &w)) {
        case WIRE_GOT: /* the master has nothing else to say here */
            dump_write(NULL);
            (void)wire_tell(h->heritage->control_fd, WIRE_DUMPED, 0, 0);
            continue;
        case WIRE_NOTHING:
            return;
        case WIRE_GONE:
            (void)event_base_loopbreak(h->base);
            return;
        }
    }
}

int
http_main(struct heritage *heritage)
{
    static const char text[] = "text/plain; charset=utf-8";
    static const struct http_page pages[] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", make_metrics},
        {"/healthz", text, make_health},
        {"/readyz", text, make_ready}};
    const struct rlimit files = {FILES_MAX, FILES_MAX};
    struct error err = ERROR_INIT;
    struct http *h = mem_zero(sizeof(*h));
    char address[HTTP_ADDRESS_MAX];

    h->heritage = heritage;
    heritage->held = h;
    h->arena = arena_new();
    h->base = event_base_new();
    MUST(h->base != NULL);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    h->control_event =
        event_new(h->base, heritage->control_fd, EV_READ | EV_PERSIST, on_control, h);
    MUST(h->control_event != NULL && event_add(h->control_event, NULL) == 0);
    if (!http_server_new(&h->server, h->base, heritage->settings->http, pages,
                         sizeof(pages) / sizeof(pages[0]), h, &err)) {
        log_event(LOG_ERROR, "http_refused", "reason=\"%s\"", log_quote(err.message));
        return (int)err.code;
    }
    log_event(LOG_INFO, "http_listening", "address=%s", http_server_address(h->server, address));
    (void)event_base_dispatch(h->base);
    return 0;
}
