/* Beats, and what their answers tell: whether the worker is still registered, when delayed jobs are
 * due, and which other workers have fallen silent. */
#include <event2/event.h>
#include <string.h>

#include "common/clock.h"
#include "worker/metrics.h"
#include "worker/steward_state.h"

static void on_beat(void *arg, const char *queue, enum broker_registered registered,
                    const struct broker_peer *peers, size_t n, int64_t next_due_in_ms,
                    const struct error *err);
static void look_late(struct steward *s, int64_t at_ms, int64_t now_ms);
static void on_promoted(void *arg, const char *queue, size_t moved, int64_t next_due_in_ms,
                        const struct error *err);

void
beat_all(struct steward *s)
{
    if (!broker_loop_is_up(s->command) || s->has_to_leave)
        return;
    s->beat++;
    for (size_t i = 0; i < s->n_queues; i++) {
        struct steward_queue *q = &s->queues[i];
        if (q->is_beating)
            continue;
        q->is_beating = true;
        q->beat_sent_ms = clock_mono_ms();
        q->beat_sent_us = clock_mono_us();
        broker_loop_beat(s->command, q->name, &s->who, s->beat, on_beat, q);
    }
    publish_state(s);
    marks_read(s);
}

void
beat_fully(struct steward *s)
{
    s->beat += 2 - s->beat % 3; /* the next one is one that 3 divides */
    beat_all(s);
}

/* ---- registration ---- */

static void
on_rejoined(void *arg, const struct error *err)
{
    struct steward_queue *q = arg;

    q->is_rejoining = false;
    if (err == NULL) /* otherwise the next beat will tell */
        beat_fully(q->steward);
}

static void
on_nothing(void *arg, const struct error *err)
{
    (void)arg, (void)err;
}

/* Others took this worker for dead, or it has not joined yet. A runner that joins and leaves
 * registers its worker; the real runners notice by themselves and take new names. */
static void
rejoin(struct steward_queue *q)
{
    struct steward *s = q->steward;

    if (q->is_rejoining)
        return;
    if (s->is_ready && s->phantoms++ >= s->n_queues)
        log_event(LOG_WARN, "worker_forgotten", "queue=%s", q->name);
    q->is_rejoining = true;
    broker_loop_join(s->command, q->name, &s->who, on_nothing, q);
    broker_loop_leave(s->command, q->name, &s->who, on_rejoined, q);
}

/* ---- observing others ---- */

static bool
is_runner(const struct broker_peer *peer)
{
    return strchr(peer->name, '/') != NULL;
}

static void
look_late(struct steward *s, int64_t at_ms, int64_t now_ms)
{
    if (at_ms == INT64_MAX)
        return;
    const int64_t in = at_ms > now_ms ? at_ms - now_ms + 1 : 1;
    const struct timeval late = {.tv_sec = in / 1000, .tv_usec = in % 1000 * 1000};
    if (!event_pending(s->late_timer, EV_TIMEOUT, NULL))
        (void)event_add(s->late_timer, &late);
}

static void
observe(struct steward_queue *q, const struct broker_peer *peers, size_t n)
{
    struct steward *s = q->steward;
    const int64_t now = clock_mono_ms();

    q->registry_epoch = s->epoch;
    for (size_t i = 0; i < n; i++) {
        if (is_runner(&peers[i]) || strcmp(peers[i].name, s->settings->id) == 0)
            continue;
        const struct observer_verdict v =
            observer_see(q->observer, peers[i].name, peers[i].value, now, s->epoch);
        if (v.is_dead)
            recover_foreign(q, &peers[i], peers, n);
        else
            look_late(s, v.look_again_ms, now);
    }
    observer_end_pass(q->observer);
}

/* A beat of another worker, told at the moment it came. */
void
beat_heard(struct steward *s, const struct broker_notice *notice)
{
    char name[WORKER_ID_MAX];

    if (notice->worker_len >= sizeof(name))
        return;
    memcpy(name, notice->worker, notice->worker_len);
    name[notice->worker_len] = '\0';
    if (strcmp(name, s->settings->id) == 0)
        return;
    for (size_t i = 0; i < s->n_queues; i++) {
        if (strcmp(s->queues[i].name, notice->queue) == 0)
            observer_hear(s->queues[i].observer, name, notice->value, clock_mono_ms(), s->epoch);
    }
}

static void
on_beat(void *arg, const char *queue, enum broker_registered registered,
        const struct broker_peer *peers, size_t n, int64_t next_due_in_ms, const struct error *err)
{
    struct steward_queue *q = arg;
    struct steward *s = q->steward;
    (void)queue;

    q->is_beating = false;
    if (err != NULL || s->has_to_leave)
        return;
    s->heritage->metrics->round_trip_us = clock_mono_us() - q->beat_sent_us;
    s->heritage->metrics->redis_answered_ms = clock_mono_ms();
    if (registered == NOT_REGISTERED) {
        rejoin(q);
        return;
    }
    /* Redis stood still, and the others' beats with it: nobody is late for that. */
    if (clock_mono_ms() - q->beat_sent_ms > s->settings->lease_ms / 3)
        s->epoch++;
    if (next_due_in_ms >= 0)
        promote_in(q, next_due_in_ms);
    if (next_due_in_ms != -2)
        observe(q, peers, n);
    else if (q->registry_epoch != s->epoch)
        beat_fully(s); /* who is silent is silent from now on, not from the next third beat on */
    else
        look_late(s, observer_late_ms(q->observer, clock_mono_ms()), clock_mono_ms());
}

/* ---- promotion ---- */

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
    struct steward_queue *q = arg;
    (void)fd, (void)what;

    if (q->is_promoting || !broker_loop_is_up(q->steward->command))
        return;
    q->is_promoting = true;
    broker_loop_promote(q->steward->command, q->name, on_promoted, q);
}

/* Sooner wins; what is far off is found again by the beats. */
void
promote_in(struct steward_queue *q, int64_t ms)
{
    enum { FAR_MS = 3600 * 1000 };
    const int64_t in = ms < FAR_MS ? ms : FAR_MS;
    const struct timeval wait = {.tv_sec = in / 1000, .tv_usec = in % 1000 * 1000};
    struct timeval pending, now;

    if (q->due_timer == NULL) {
        q->due_timer = event_new(q->steward->base, -1, 0, on_due, q);
        MUST(q->due_timer != NULL);
    }
    if (event_pending(q->due_timer, EV_TIMEOUT, &pending)) {
        (void)gettimeofday(&now, NULL); /* event_pending tells by the wall clock */
        const int64_t left = (int64_t)(pending.tv_sec - now.tv_sec) * 1000 +
                             (int64_t)(pending.tv_usec - now.tv_usec) / 1000;
        if (left <= in)
            return;
    }
    (void)event_add(q->due_timer, &wait);
}

static void
on_promoted(void *arg, const char *queue, size_t moved, int64_t next_due_in_ms,
            const struct error *err)
{
    struct steward_queue *q = arg;
    (void)queue, (void)moved;

    q->is_promoting = false;
    if (err == NULL && next_due_in_ms >= 0)
        promote_in(q, next_due_in_ms);
}
