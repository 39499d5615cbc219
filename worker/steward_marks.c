/* Cancellations of running jobs. A notice, or the marks in Redis, name a job; the slot that runs it
 * here gets its stop flag, and the master gives it its grace. A marked job may be reserved here and
 * start a moment later, so the slots are looked at again every 20 ms for a second; after that a
 * mark whose job runs elsewhere costs one look a beat, until the marks in Redis no longer hold it.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "worker/steward_state.h"

enum { LOOK_MS = 20, LOOK_FOR_MS = 1000, READ_EVERY_BEATS = 3 };

static struct steward_queue *
queue_named(struct steward *s, const char *name)
{
    for (size_t i = 0; i < s->n_queues; i++) {
        if (strcmp(s->queues[i].name, name) == 0)
            return &s->queues[i];
    }
    return NULL;
}

static struct mark *
remember(struct steward_queue *q, const struct id *id, bool is_forced)
{
    struct steward *s = q->steward;

    for (struct mark *m = s->marks; m != NULL; m = m->next) {
        if (m->queue == q && id_equal(&m->id, id)) {
            m->is_forced |= is_forced;
            return m;
        }
    }
    struct mark *m = mem_zero(sizeof(*m));
    *m = (struct mark){.next = s->marks,
                       .queue = q,
                       .id = *id,
                       .is_forced = is_forced,
                       .seen_ms = clock_mono_ms()};
    s->marks = m;
    return m;
}

void
marks_notice(struct steward *s, const struct broker_notice *notice)
{
    struct steward_queue *q = queue_named(s, notice->queue);
    if (q == NULL)
        return;
    struct mark *m = remember(q, &notice->id, notice->force);
    m->seen_ms = clock_mono_ms(); /* said again: looked for again */
    marks_apply(s);
}

static bool
is_marked(const struct mark *m, const struct slot_view *v)
{
    return strcmp(v->job.id, m->id.text) == 0 && strcmp(v->job.queue, m->queue->name) == 0;
}

static void
apply_to_slot(struct steward *s, struct scoreboard *board, struct scoreboard_slot *slot)
{
    struct slot_view v;

    if (!slot_read(slot, &v))
        return;
    for (const struct mark *m = s->marks; m != NULL; m = m->next) {
        if (!is_marked(m, &v) || (v.cancelled_ms != 0 && (v.is_forced || !m->is_forced)))
            continue;
        const int64_t now = clock_mono_ms();
        if (slot_cancel(slot, &v, m->is_forced, now) && m->is_forced) {
            struct wire w = {.kind = WIRE_LOOK, .number = board->number, .at_ms = now};
            (void)wire_send(s->heritage->control_fd, &w);
        }
    }
}

void
marks_apply(struct steward *s)
{
    struct scoreboards *boards = s->heritage->boards;
    const int64_t now = clock_mono_ms();
    bool is_fresh = false;

    if (s->marks == NULL)
        return;
    for (size_t i = 0; i < boards->n; i++) {
        struct scoreboard *b = &boards->seats[i];
        for (uint32_t j = 0; b->number != 0 && j < b->n_slots; j++)
            apply_to_slot(s, b, &b->slots[j]);
    }
    for (const struct mark *m = s->marks; m != NULL; m = m->next)
        is_fresh |= now - m->seen_ms < LOOK_FOR_MS;
    if (is_fresh) {
        const struct timeval soon = {.tv_usec = LOOK_MS * 1000};
        (void)event_add(s->marks_timer, &soon);
    }
}

/* The answer for one queue: marks that are not in it are done with, unless they came after the
 * question. */
static void
on_marks(void *arg, const char *queue, const struct id *ids, const bool *force, size_t n,
         const struct error *err)
{
    struct steward_queue *q = arg;
    struct steward *s = q->steward;
    (void)queue;

    if (err != NULL) {
        s->should_read_marks = true;
        return;
    }
    for (struct mark *m = s->marks; m != NULL; m = m->next)
        m->is_listed = m->queue != q || clock_mono_ms() - m->seen_ms < LOOK_FOR_MS;
    for (size_t i = 0; i < n; i++)
        remember(q, &ids[i], force[i])->is_listed = true;
    for (struct mark **at = &s->marks; *at != NULL;) {
        struct mark *m = *at;
        if (m->is_listed) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        free(m);
    }
    marks_apply(s);
}

/* Asks if there are marks to be kept up to date, if a notice may have been missed, or else now and
 * then. */
void
marks_read(struct steward *s)
{
    const bool is_time =
        s->marks != NULL || s->should_read_marks || s->beat % READ_EVERY_BEATS == 0;

    if (!is_time || !broker_loop_is_up(s->command) || s->has_to_leave)
        return;
    s->should_read_marks = false;
    for (size_t i = 0; i < s->n_queues; i++)
        broker_loop_marks(s->command, s->queues[i].name, on_marks, &s->queues[i]);
}
