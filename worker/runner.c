/* A runner: one thread with an event loop that talks to Redis, and T compute threads that run
 * tasks.
 *
 *     Redis --reserve--> jobs --submit--> [pool] --done--> finished --commit--> Redis
 *
 * The loop thread owns everything in struct runner; the compute threads see one job at a time, and
 * their slot of the scoreboard. Two connections: `command` for all calls, `bell` for the one call
 * that blocks (runner_claim.c).
 *
 * Every event ends in runner_round, which does whatever can be done now, in this order: names
 * (runner_identity.c), commits and hand-backs (runner_finish.c), claims (runner_claim.c), the end.
 * So what belongs together goes out in one write, and no event has to know what another one waits
 * for.
 *
 * The end: draining hands back what waits, lets finish what runs, commits it, leaves all queues,
 * and exits with 0. */
#include "worker/runner.h"

#include <event2/event.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "client/module.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/mem.h"
#include "worker/dump.h"
#include "worker/fault_handler.h"
#include "worker/runner_state.h"
#include "worker/task_environment.h"
#include "worker/wire.h"

enum {
    STAMP_S = 5,      /* how often an idle loop shows that it lives */
    PUBLISH_S = 1200, /* how often the signature table is published again */
    AGAIN_MS = 500,
    HOLD_AGAIN_US = 10000, /* least time between two looks for what has waited too long */
    KEPT_JOBS = 32,        /* unused jobs that an idle runner keeps */
    STACK_BYTES =
        2 * 1024 * 1024, /* GMP and muParser use up to some 100 KiB; untouched pages cost nothing */
    SPIN_US = 0,
};

static bool load_modules(struct runner *r, struct error *err);
static bool start_pool(struct runner *r, struct error *err);
static bool connect_broker(struct runner *r, struct error *err);
static void start_events(struct runner *r);
static void start_queues(struct runner *r);

static bool
start(struct runner *r, struct error *err)
{
    r->base = event_base_new();
    if (r->base == NULL)
        return error_set(err, ERROR_UNAVAILABLE, "no event base");
    if (!task_environment_set(&r->settings->broker, err) || !load_modules(r, err) ||
        !start_pool(r, err))
        return false;
    start_queues(r);
    start_events(r);
    return connect_broker(r, err);
}

int
runner_main(struct heritage *h)
{
    struct error err = ERROR_INIT;
    struct runner *r = mem_zero(sizeof(*r));

    (void)mallopt(M_ARENA_MAX, (int)h->settings->threads + 1);
    r->heritage = h;
    h->held = r;
    r->settings = h->settings;
    r->events = (struct events){.level = h->settings->events, .worker = h->settings->id};
    r->store.max_result_bytes = h->settings->max_result_bytes;
    r->mean_us = -1;
    r->mean_bytes = -1;
    r->look_at_ms = INT64_MAX;
    r->is_quiet = h->is_quiet;
    h->board->pid = (int32_t)getpid();
    fault_handler_install(h->board);
    const size_t seat = (size_t)(h->board - h->boards->seats);
    scoreboards_keep_only(h->boards, seat);
    struct metrics_seat *metrics = metrics_keep_only(h->metrics, seat);
    r->metrics = h->settings->http != NULL ? metrics : NULL;
    if (!start(r, &err)) {
        log_event(LOG_ERROR, "runner_refused", "reason=\"%s\"", log_quote(err.message));
        return (int)err.code;
    }
    (void)event_base_dispatch(r->base);
    if (r->is_draining) { /* nothing runs any more */
        pool_free(r->pool);
        module_set_process_clear(r->modules);
    }
    return r->exit_code;
}

/* ---- set-up ---- */

static bool
load_modules(struct runner *r, struct error *err)
{
    r->modules = module_set_new();
    for (size_t i = 0; i < r->settings->n_modules; i++) {
        if (!module_set_load_kept(r->modules, r->settings->modules[i], r->settings->module_dir,
                                  r->settings->copies, err))
            return false;
    }
    return module_set_process_setup(r->modules, err);
}

static bool
begin_thread(void *arg, unsigned slot, struct error *err)
{
    struct runner *r = arg;
    struct job_place *place = &r->places[slot];
    char name[16];

    *place =
        (struct job_place){.modules = r->modules,
                           .states = mem_array(module_set_count(r->modules) + 1, sizeof(void *)),
                           .worker = r->settings->id,
                           .board = r->heritage->board,
                           .slot = &r->heritage->board->slots[slot],
                           .look_at_ms = &r->look_at_ms,
                           .scratch = BUFFER_INIT};
    fault_handler_begin_thread(slot);
    (void)snprintf(name, sizeof(name), "slot %u", slot);
    (void)prctl(PR_SET_NAME, name);
    return module_set_thread_setup(r->modules, place->states, err);
}

static void
end_thread(void *arg, unsigned slot)
{
    struct runner *r = arg;
    module_set_thread_clear(r->modules, r->places[slot].states);
    fault_handler_end_thread();
}

static void
run_item(void *arg, unsigned slot, struct pool_item *item)
{
    struct runner *r = arg;
    r->places[slot].pool = r->pool; /* known since before the first submission */
    job_run(&r->places[slot], (struct job *)item);
}

static bool
start_pool(struct runner *r, struct error *err)
{
    r->places = mem_array(r->settings->threads, sizeof(*r->places));
    const struct pool_settings settings = {.threads = r->settings->threads,
                                           .stack_bytes = STACK_BYTES,
                                           .spin_us = SPIN_US,
                                           .arg = r,
                                           .begin = begin_thread,
                                           .run = run_item,
                                           .end = end_thread};
    return pool_new(&r->pool, &settings, err);
}

static void
start_queues(struct runner *r)
{
    unsigned weights[WORKER_QUEUES_MAX];

    r->n_queues = r->settings->n_queues;
    for (size_t i = 0; i < r->n_queues; i++) {
        r->queues[i] = (struct runner_queue){.runner = r, .name = r->settings->queues[i].name};
        weights[i] = r->settings->queues[i].weight;
    }
    queue_order_init(&r->order, r->settings->is_strict, weights, r->n_queues);
}

/* ---- events ---- */

static void
on_ready_published(void *arg, const struct error *err)
{
    struct runner *r = arg;
    (void)err; /* published again in time; the worker can work without */
    r->is_ready = true;
    r->heritage->board->state = RUNNER_READY;
    (void)wire_tell(r->heritage->control_fd, WIRE_READY, r->heritage->number, 0);
    runner_round(r);
}

static void
on_up(void *arg)
{
    struct runner *r = arg;
    unsigned left_out;

    if (r->is_ready && log_allowed(&r->up_limit, 10000, &left_out))
        log_event(LOG_INFO, "redis_up", "unnoticed=%u", left_out);
    runner_round(r);
}

static void
on_down(void *arg, const struct error *err)
{
    struct runner *r = arg;
    unsigned left_out;

    if (log_allowed(&r->down_limit, 10000, &left_out))
        log_event(LOG_WARN, "redis_down", "reason=\"%s\" unnoticed=%u", log_quote(err->message),
                  left_out);
}

static void
on_bell_up(void *arg)
{
    runner_round(arg);
}

static void
on_bell_down(void *arg, const struct error *err)
{
    (void)arg; /* the other connection tells of it */
    (void)err;
}

static bool
connect_broker(struct runner *r, struct error *err)
{
    const struct broker_loop_events command = {.on_up = on_up, .on_down = on_down, .arg = r};
    const struct broker_loop_events bell = {.on_up = on_bell_up, .on_down = on_bell_down, .arg = r};

    return broker_loop_new(&r->command, r->base, &r->settings->broker, &command, err) &&
           broker_loop_new(&r->bell, r->base, &r->settings->broker, &bell, err);
}

static void
stamp(struct runner *r)
{
    r->heritage->board->stamp_ms = clock_mono_ms();
}

static void
on_stamp(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    (void)fd, (void)what;
    stamp(r);
    if (r->in_pool == 0)
        job_store_trim(&r->store, KEPT_JOBS);
}

/* Closes the bell here, from an event of its own: never from inside a callback of that connection.
 * If jobs are on their way on it, leaving hands them back. */
static void
on_again(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    struct broker_loop *bell = r->bell;
    (void)fd, (void)what;

    if (r->is_draining && bell != NULL) {
        r->bell = NULL;
        broker_loop_free(bell);
    }
    runner_round(r);
}

static void
on_published_again(void *arg, const struct error *err)
{
    (void)arg, (void)err;
}

static void
on_publish(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    (void)fd, (void)what;
    if (r->is_ready)
        publish_tasks(r, on_published_again);
}

/* What was reserved ahead and has not started in time goes back; it would start earlier elsewhere.
 * While Redis is away nobody else could take it, so it stays and runs here. */
static void
on_hold(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    struct pool_list late = POOL_LIST_INIT;
    (void)fd, (void)what;

    if (broker_loop_is_up(r->command))
        pool_withdraw(r->pool, clock_mono_us() - LOOKAHEAD_HOLD_MS * 1000, &late);
    if (late.n > 0) {
        r->holds_back = true;
        r->in_pool -= late.n;
        r->reserved -= late.n;
        finish_hand_back(r, &late, 0);
    }
    const int64_t oldest_us = pool_oldest_us(r->pool);
    if (oldest_us >= 0) {
        const int64_t due_us = oldest_us + LOOKAHEAD_HOLD_MS * 1000 - clock_mono_us();
        const struct timeval rest = {.tv_usec = due_us > HOLD_AGAIN_US ? due_us : HOLD_AGAIN_US};
        (void)event_add(r->hold_timer, &rest);
    }
    runner_round(r);
}

static void
on_pool(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    (void)fd, (void)what;

    stamp(r);
    const int64_t look_at_ms = atomic_exchange(&r->look_at_ms, INT64_MAX);
    if (look_at_ms != INT64_MAX) {
        struct wire w = {.kind = WIRE_LOOK, .number = r->heritage->number, .at_ms = look_at_ms};
        (void)wire_send(r->heritage->control_fd, &w);
    }
    finish_take(r);
    runner_round(r);
}

static void
take_back_waiting(struct runner *r)
{
    struct pool_list waiting = POOL_LIST_INIT;
    pool_withdraw(r->pool, INT64_MAX, &waiting);
    r->in_pool -= waiting.n;
    r->reserved -= waiting.n;
    finish_hand_back(r, &waiting, 0);
}

static void
obey(struct runner *r, const struct wire *w)
{
    switch (w->kind) {
    case WIRE_DRAIN:
        runner_drain(r, true);
        return;
    case WIRE_QUIET:
        r->is_quiet = true;
        take_back_waiting(r);
        return;
    case WIRE_RESUME:
        r->is_quiet = false;
        return;
    case WIRE_DUMP:
        dump_write(r->heritage->board);
        (void)wire_tell(r->heritage->control_fd, WIRE_DUMPED, 0, 0);
        return;
    default:
        log_event(LOG_ERROR, "wire_unknown", "kind=%u", (unsigned)w->kind);
    }
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
    struct runner *r = arg;
    struct wire w;
    (void)fd, (void)what;

    for (;;) {
        switch (wire_receive(r->heritage->control_fd, &w)) {
        case WIRE_GOT:
            obey(r, &w);
            continue;
        case WIRE_NOTHING:
            runner_round(r);
            return;
        case WIRE_GONE: /* the master is gone, and we are about to be killed */
            (void)event_base_loopbreak(r->base);
            return;
        }
    }
}

static struct event *
add_event(struct runner *r, int fd, short what, event_callback_fn run, int seconds)
{
    const struct timeval every = {.tv_sec = seconds};
    struct event *e = event_new(r->base, fd, what, run, r);

    MUST(e != NULL);
    if (fd >= 0 || seconds > 0)
        MUST(event_add(e, seconds > 0 ? &every : NULL) == 0);
    return e;
}

static void
start_events(struct runner *r)
{
    r->control_event = add_event(r, r->heritage->control_fd, EV_READ | EV_PERSIST, on_control, 0);
    r->pool_event = add_event(r, pool_fd(r->pool), EV_READ | EV_PERSIST, on_pool, 0);
    r->stamp_timer = add_event(r, -1, EV_PERSIST, on_stamp, STAMP_S);
    r->publish_timer = add_event(r, -1, EV_PERSIST, on_publish, PUBLISH_S);
    r->hold_timer = add_event(r, -1, 0, on_hold, 0);
    r->again_timer = add_event(r, -1, 0, on_again, 0);
}

/* ---- what the parts share ---- */

void
runner_refuse(struct runner *r, const struct error *err)
{
    log_event(LOG_ERROR, "runner_refused", "reason=\"%s\"", log_quote(err->message));
    r->exit_code = (int)err->code;
    (void)event_base_loopbreak(r->base);
}

void
runner_submit(struct runner *r, struct pool_list *jobs)
{
    r->in_pool += jobs->n;
    pool_submit(r->pool, jobs);
    if (r->in_pool > r->settings->threads && !event_pending(r->hold_timer, EV_TIMEOUT, NULL)) {
        const struct timeval hold = {.tv_usec = LOOKAHEAD_HOLD_MS * 1000};
        (void)event_add(r->hold_timer, &hold);
    }
}

void
runner_back_off(struct runner *r)
{
    const struct timeval again = {.tv_usec = AGAIN_MS * 1000};
    r->not_before_us = clock_mono_us() + AGAIN_MS * 1000;
    (void)event_add(r->again_timer, &again);
}

void
runner_drain(struct runner *r, bool takes_back)
{
    if (r->is_draining)
        return;
    r->is_draining = true;
    r->heritage->board->state = RUNNER_DRAINING;
    if (takes_back)
        take_back_waiting(r);
    const struct timeval now = {0};
    (void)event_add(r->again_timer, &now);
}

static void
end_if_done(struct runner *r)
{
    if (!r->is_draining || r->bell != NULL || r->in_pool > 0 || r->asked > 0 || !finish_is_idle(r))
        return;
    if (!broker_loop_is_up(
            r->command)) { /* nothing is held back; the steward unregisters the name when it can */
        (void)event_base_loopbreak(r->base);
        return;
    }
    identity_leave_all(r);
    if (!identity_none_left(r))
        return;
    r->heritage->board->state = RUNNER_LEFT;
    (void)event_base_loopbreak(r->base);
}

void
runner_round(struct runner *r)
{
    if (!broker_loop_is_up(r->command)) {
        end_if_done(r);
        return;
    }
    const int64_t left_us = r->not_before_us - clock_mono_us();
    if (left_us > 0) { /* the timer runs on a coarser clock and may come early */
        const struct timeval rest = {.tv_sec = left_us / 1000000, .tv_usec = left_us % 1000000};
        if (!event_pending(r->again_timer, EV_TIMEOUT, NULL))
            (void)event_add(r->again_timer, &rest);
        return;
    }
    identity_upkeep(r);
    finish_flush(r);
    if (!r->is_publishing && identity_all_joined(r)) {
        r->is_publishing = true;
        publish_tasks(r, on_ready_published);
    }
    claim_round(r);
    end_if_done(r);
}
