/* The steward: one process with one event loop and no task code.
 *
 * It beats and publishes the worker's state (steward_beat.c, steward_publish.c), moves delayed jobs
 * when they are due, gives back what dead runners and dead workers owned (steward_recover.c),
 * passes cancellations on to the runners' slots (steward_marks.c), and hears remote commands, which
 * the master carries out (steward_control.c).
 *
 * Two connections: `command` for calls, `listener` for notices. It shows the master that it lives
 * by a stamp in the scoreboards. Whatever it has not finished when it dies, the master tells its
 * successor again.
 *
 * With --burst it asks whether the queues are empty; that one question goes through a blocking
 * client with a short deadline, and only while no job runs here. */
#include "worker/steward.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/mem.h"
#include "worker/limits.h"
#include "worker/steward_state.h"
#include "worker/dump.h"

enum { AGAIN_MS = 500, BURST_MS = 100, BURST_TIMEOUT_MS = 1500 };

static void on_control(evutil_socket_t fd, short what, void *arg);
static void on_notice(void *arg, const struct broker_notice *notice);

/* ---- connections ---- */

static void
on_up(void *arg)
{
    struct steward *s = arg;
    unsigned left_out;

    if (s->is_ready && log_allowed(&s->up_limit, 10000, &left_out))
        log_event(LOG_INFO, "redis_up", "unnoticed=%u", left_out);
    s->epoch++;
    s->should_read_marks = true;
    beat_fully(s);
    recover_retry(s);
    if (!s->is_ready) {
        s->is_ready = true;
        steward_tell(s, (struct broker_event){EVENT_WORKER_READY, .queue = NULL});
        (void)wire_tell(s->heritage->control_fd, WIRE_READY, 0, 0);
    }
}

static void
on_down(void *arg, const struct error *err)
{
    struct steward *s = arg;
    unsigned left_out;

    /* Wrong from the beginning: it will not be right by trying again. What is refused later may be
     * allowed again. */
    if (!s->is_ready && (err->code == ERROR_DENIED || err->code == ERROR_CONFIG)) {
        log_event(LOG_ERROR, "worker_refused", "reason=\"%s\"", log_quote(err->message));
        s->exit_code = (int)err->code;
        (void)event_base_loopbreak(s->base);
        return;
    }
    if (log_allowed(&s->down_limit, 10000, &left_out))
        log_event(LOG_WARN, "redis_down", "reason=\"%s\" unnoticed=%u", log_quote(err->message),
                  left_out);
}

static void
on_listener_up(void *arg)
{
    struct steward *s = arg;
    s->epoch++; /* beats may have gone unheard */
    broker_loop_listen(s->listener, s->queue_names, s->n_queues, s->settings->id, on_notice, s);
    beat_fully(s);
    s->should_read_marks = true; /* what was said while nobody listened */
    marks_read(s);
}

static void
on_listener_down(void *arg, const struct error *err)
{
    (void)arg, (void)err; /* the other connection tells of it */
}

static bool
connect_broker(struct steward *s, struct error *err)
{
    const struct broker_loop_events command = {.on_up = on_up, .on_down = on_down, .arg = s};
    const struct broker_loop_events listener = {
        .on_up = on_listener_up, .on_down = on_listener_down, .arg = s};

    return broker_loop_new(&s->command, s->base, &s->settings->broker, &command, err) &&
           broker_loop_new(&s->listener, s->base, &s->settings->broker, &listener, err);
}

/* ---- what the master and remote control say ---- */

static void
end_if_left(struct steward *s, const struct error *err)
{
    if (err != NULL) {
        s->is_leaving = false; /* and begins again from steward_again */
        steward_again(s);
    }
    if (--s->leaving_calls == 0 && s->is_leaving)
        (void)event_base_loopbreak(s->base);
}

static void
on_left(void *arg, const struct error *err)
{
    end_if_left(arg, err);
}

static void
leave(struct steward *s)
{
    s->state = WORKER_STOPPING;
    if (s->leaving_calls > 0)
        return;
    s->is_leaving = true;
    s->leaving_calls = s->n_queues + 1;
    for (size_t i = 0; i < s->n_queues; i++)
        broker_loop_forget(s->command, s->queues[i].name, s->settings->id, NULL, on_left, s);
    broker_loop_publish(s->command, s->settings->id, NULL, 0, on_left, s);
}

static void
tell_state(struct steward *s, enum worker_state state)
{
    static const enum broker_event_kind kinds[] = {[WORKER_RUNNING] = EVENT_WORKER_RESUMED,
                                                   [WORKER_QUIET] = EVENT_WORKER_QUIET,
                                                   [WORKER_STOPPING] = EVENT_WORKER_STOPPING};

    if (s->state != state)
        steward_tell(s, (struct broker_event){kinds[state], .queue = NULL});
    s->state = state;
}

static void
obey(struct steward *s, const struct wire *w)
{
    switch (w->kind) {
    case WIRE_DEATH:
        recover_own(s, w);
        return;
    case WIRE_STATE:
        tell_state(s, (enum worker_state)w->value);
        if (broker_loop_is_up(s->command))
            publish_state(s);
        return;
    case WIRE_ANSWER:
        control_answer(s, w);
        return;
    case WIRE_DUMP:
        dump_write(NULL);
        (void)wire_tell(s->heritage->control_fd, WIRE_DUMPED, 0, 0);
        return;
    case WIRE_LEAVE:
        s->has_to_leave = true;
        steward_tell(s, (struct broker_event){EVENT_WORKER_ENDED, .queue = NULL});
        leave(s);
        return;
    default:
        log_event(LOG_ERROR, "wire_unknown", "kind=%u", (unsigned)w->kind);
    }
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
    struct steward *s = arg;
    struct wire w;
    (void)fd, (void)what;

    for (;;) {
        switch (wire_receive(s->heritage->control_fd, &w)) {
        case WIRE_GOT:
            obey(s, &w);
            continue;
        case WIRE_NOTHING:
            return;
        case WIRE_GONE:
            (void)event_base_loopbreak(s->base);
            return;
        }
    }
}

static void
on_notice(void *arg, const struct broker_notice *notice)
{
    struct steward *s = arg;

    switch (notice->kind) {
    case NOTICE_CANCEL:
        marks_notice(s, notice);
        return;
    case NOTICE_DUE:
        for (size_t i = 0; i < s->n_queues; i++) {
            if (strcmp(s->queues[i].name, notice->queue) == 0)
                promote_in(&s->queues[i], notice->due_in_ms);
        }
        return;
    case NOTICE_BEAT:
        beat_heard(s, notice);
        return;
    case NOTICE_COMMAND:
        control_notice(s, notice);
        return;
    }
}

/* ---- timers ---- */

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    beat_all(arg);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    beat_fully(arg);
}

static void
on_stamp(evutil_socket_t fd, short what, void *arg)
{
    struct steward *s = arg;
    (void)fd, (void)what;
    s->heritage->boards->steward_stamp_ms = clock_mono_ms();
}

static void
on_marks(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    marks_apply(arg);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    struct steward *s = arg;
    (void)fd, (void)what;
    recover_retry(s);
    if (s->has_to_leave)
        leave(s);
}

void
steward_tell(struct steward *s, struct broker_event event)
{
    events_tell(&s->events, s->command, event);
}

void
steward_again(struct steward *s)
{
    const struct timeval again = {.tv_usec = AGAIN_MS * 1000};
    (void)event_add(s->again_timer, &again);
}

static bool
is_working(const struct steward *s)
{
    const struct scoreboards *boards = s->heritage->boards;
    bool has_runner = false;

    for (size_t i = 0; i < boards->n; i++) {
        const struct scoreboard *b = &boards->seats[i];
        if (b->number == 0)
            continue;
        has_runner |= b->state == RUNNER_READY;
        if (b->state == RUNNER_STARTING || scoreboard_busy(b) > 0)
            return true;
    }
    return !has_runner;
}

static bool
are_queues_empty(struct steward *s, struct error *err)
{
    struct broker_settings settings = s->settings->broker;
    struct celeriac_arena *arena = arena_new();
    bool is_empty = true;

    settings.connect_timeout_ms = settings.command_timeout_ms = BURST_TIMEOUT_MS;
    bool ok = s->burst_broker != NULL || broker_open(&s->burst_broker, &settings, err);
    for (size_t i = 0; ok && is_empty && i < s->n_queues; i++) {
        struct broker_queue *q;
        size_t n;
        struct error missing = ERROR_INIT;
        if (broker_queues(s->burst_broker, s->queues[i].name, arena, &q, &n, &missing))
            is_empty = n == 0 || q[0].ready + q[0].parked + q[0].delayed + q[0].running == 0;
        else if (missing.code != ERROR_NOT_FOUND) /* a queue that never held a job is empty, too */
            ok = error_set(err, missing.code, "%s", missing.message);
    }
    arena_free(arena);
    return ok && is_empty;
}

static void
on_burst(evutil_socket_t fd, short what, void *arg)
{
    struct steward *s = arg;
    struct error err = ERROR_INIT;
    (void)fd, (void)what;

    if (!broker_loop_is_up(s->command) || is_working(s))
        return;
    if (are_queues_empty(s, &err))
        (void)wire_tell(s->heritage->control_fd, WIRE_EMPTY, 0, 0);
    else if (err.code != ERROR_NONE)
        log_event(LOG_WARN, "burst_unsure", "reason=\"%s\"", log_quote(err.message));
}

/* ---- set-up ---- */

static struct event *
add_event(struct steward *s, int fd, short what, event_callback_fn run, int64_t ms)
{
    const struct timeval every = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    struct event *e = event_new(s->base, fd, what, run, s);

    MUST(e != NULL);
    if (fd >= 0 || ms > 0)
        MUST(event_add(e, ms > 0 ? &every : NULL) == 0);
    return e;
}

static void
start_events(struct steward *s)
{
    s->control_event = add_event(s, s->heritage->control_fd, EV_READ | EV_PERSIST, on_control, 0);
    s->beat_timer = add_event(s, -1, EV_PERSIST, on_beat, s->settings->lease_ms / 3);
    s->stamp_timer =
        add_event(s, -1, EV_PERSIST, on_stamp, limits_steward_ms(s->settings->lease_ms) / 5);
    s->marks_timer = add_event(s, -1, 0, on_marks, 0);
    s->again_timer = add_event(s, -1, 0, on_again, 0);
    s->late_timer = add_event(s, -1, 0, on_late, 0);
    if (s->settings->is_burst)
        s->burst_timer = add_event(s, -1, EV_PERSIST, on_burst, BURST_MS);
}

static void
start_queues(struct steward *s)
{
    s->n_queues = s->settings->n_queues;
    for (size_t i = 0; i < s->n_queues; i++) {
        s->queue_names[i] = s->settings->queues[i].name;
        s->queues[i] = (struct steward_queue){
            .steward = s, .name = s->queue_names[i], .observer = observer_new()};
    }
    (void)worker_runner_name(s->phantom_name, s->settings->id, 0, 0);
    s->who = (struct broker_runner){s->settings->id, s->phantom_name, s->settings->lease_ms};
}

int
steward_main(struct heritage *h)
{
    struct error err = ERROR_INIT;
    struct steward *s = mem_zero(sizeof(*s));

    s->heritage = h;
    h->held = s;
    s->settings = h->settings;
    s->events = (struct events){.level = h->settings->events, .worker = h->settings->id};
    s->started_ms = clock_wall_ms();
    s->beat = (uint64_t)
        clock_mono_ms(); /* greater than any of a steward before: there are fewer beats than ms */
    s->state = h->is_quiet ? WORKER_QUIET : WORKER_RUNNING;
    s->base = event_base_new();
    MUST(s->base != NULL);
    h->boards->steward_stamp_ms = clock_mono_ms();
    start_queues(s);
    start_events(s);
    if (!connect_broker(s, &err)) {
        log_event(LOG_ERROR, "steward_refused", "reason=\"%s\"", log_quote(err.message));
        return (int)err.code;
    }
    (void)event_base_dispatch(s->base);
    return s->exit_code;
}
