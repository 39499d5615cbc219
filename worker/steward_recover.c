/* Giving back what the dead owned.
 *
 * A runner of this worker: the master saw it die and says why; its scoreboard, which outlived it,
 * says what ran. All calls for it go out at once, in order: first the failure of a job that passed
 * its hard limit, in the dead runner's own name (it still owns the job), then for each queue and
 * each name that the runner may have had there, `recover`, which charges the victims
 * (worker/charge.h), hands all else back and unregisters the name. If any of them fails, all are
 * sent again: what was done before is then no longer owned, and nothing happens twice. At the end
 * the master is told, and uses the seat again.
 *
 * Another worker: found silent for its lease (worker/observer.h). Its runners are recovered against
 * the registry value that was seen; a beat that has come since turns that into a refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/mem.h"
#include "worker/charge.h"
#include "worker/fault_handler.h"
#include "worker/retry.h"
#include "worker/metrics.h"
#include "worker/steward_state.h"

struct own_recovery {
    struct own_recovery *next;
    struct steward *steward;
    struct scoreboard *board;
    struct wire_death death;
    uint32_t number;
    struct celeriac_arena *arena; /* names and outcomes, while calls are in flight */
    size_t pending, moved, buried;
    struct metrics_end culprit; /* that passed its hard limit */
    bool has_failed, is_told;
};

/* The jobs that ran in one queue under one name when the process died. */
struct victims {
    struct broker_victim items[SCOREBOARD_SLOTS_MAX];
    size_t n;
};

static void send_all(struct own_recovery *r);
static void end_call(struct own_recovery *r, const struct error *err);

/* ---- outcomes ---- */

/* "killed by SIGSEGV (core dumped), peak memory 12 MB" */
static const char *
describe_death(const struct own_recovery *r)
{
    const struct wire_death *d = &r->death;
    const char *cause;

    if (d->reason == DEATH_MEMORY)
        cause = "killed for its use of memory";
    else if (d->reason == DEATH_STALLED)
        cause = "killed since its process did not answer any more";
    else if (d->signal != 0)
        cause = arena_printf(r->arena, "killed by SIG%s%s", fault_signal_name(d->signal),
                             d->is_core ? " (core dumped)" : "");
    else
        cause = arena_printf(r->arena, "ended its process with exit code %d", d->code);
    return arena_printf(r->arena, "%s, peak memory %lld MB", cause,
                        (long long)(d->maxrss_kb + 1023) / 1024);
}

static const char *
signal_of(const struct wire_death *d)
{
    return d->signal != 0 ? fault_signal_name(d->signal) : NULL;
}

static struct buffer
encode(const struct own_recovery *r, const struct slot_view *v, struct outcome *o)
{
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;

    o->task = v->job.task;
    o->worker = r->steward->settings->id;
    o->started_at_ms = v->job.started_redis_ms;
    o->runtime_us = (clock_mono_ms() - v->job.started_ms) * 1000;
    o->finished_at_ms = o->started_at_ms + o->runtime_us / 1000;
    o->attempt = v->job.attempts + 1;
    MUST(outcome_encode(o, RESULT_MAX_DEFAULT, &out, &err));
    struct buffer kept = {arena_copy(r->arena, out.data, out.len), out.len, out.len};
    buffer_clear(&out);
    return kept;
}

static struct buffer
crash_outcome(const struct own_recovery *r, const struct slot_view *v)
{
    struct outcome o = OUTCOME_INIT;
    o.state = JOB_DEAD;
    o.error_type = "crash";
    o.error_message = describe_death(r);
    o.error_signal = signal_of(&r->death);
    o.crashes = v->job.crashes + 1;
    return encode(r, v, &o);
}

/* ---- a runner of this worker ---- */

static struct charge_case
case_of(const struct own_recovery *r)
{
    const struct scoreboard *b = r->board;
    struct charge_case c = {.reason = (enum death_reason)r->death.reason};
    struct slot_view v;

    if (c.reason == DEATH_HARD_LIMIT) {
        c.named_slot = r->death.slot;
        c.is_named = c.named_slot < b->n_slots && slot_read(&b->slots[c.named_slot], &v) &&
                     v.generation == r->death.generation;
    } else if (b->fault_slot != 0) {
        c.named_slot = b->fault_slot - 1;
        c.is_named = c.named_slot < b->n_slots && slot_is_running(&b->slots[c.named_slot]);
    }
    return c;
}

static void
on_culprit_failed(void *arg, const char *queue, const enum finish_status *statuses, size_t n,
                  const struct error *err)
{
    struct own_recovery *r = arg;
    struct metrics *m = r->steward->heritage->metrics;
    (void)queue;

    if (err == NULL && n == 1 && statuses[0] != FINISH_STALE) {
        if (statuses[0] == FINISH_CANCELLED)
            r->culprit.outcome = METRICS_CANCELLED;
        metrics_count(&m->seats[m->n - 1], &r->culprit);
    }
    end_call(r, err);
}

static struct steward_queue *
queue_of(struct steward *s, const struct slot_view *v)
{
    for (size_t i = 0; i < s->n_queues; i++) {
        if (strcmp(s->queues[i].name, v->job.queue) == 0)
            return &s->queues[i];
    }
    return NULL;
}

/* The strings must outlive the call, hence the arena. */
static const struct broker_runner *
who_was(struct own_recovery *r, unsigned k)
{
    struct broker_runner *who = arena_alloc(r->arena, sizeof(*who));
    char name[RUNNER_NAME_MAX];

    (void)worker_runner_name(name, r->steward->settings->id, r->number, k);
    *who = (struct broker_runner){.worker = r->steward->settings->id,
                                  .runner = arena_text(r->arena, name, strlen(name)),
                                  .lease_ms = r->steward->settings->lease_ms};
    return who;
}

/* A job that passed its hard limit has failed: another attempt if one is left. */
static void
fail_culprit(struct own_recovery *r, const struct slot_view *v)
{
    struct steward *s = r->steward;
    const struct slot_job *job = &v->job;
    const struct steward_queue *q = queue_of(s, v);
    struct broker_finish f = {.has_unique = job->has_unique, .ttl_ms = job->result_ttl_ms};
    struct outcome o = OUTCOME_INIT;
    char text[ID_MAX + 1];

    if (q == NULL || !id_from_redis(&f.id, job->id, strlen(job->id)))
        return;
    if (job->attempts < job->max_retries) {
        f.kind = FINISH_RETRY;
        f.delay_ms =
            retry_delay_ms(job->attempts, job->backoff_ms, job->backoff_max_ms, retry_random());
    } else {
        o.state = JOB_FAILURE;
        o.error_type = "timeout";
        o.error_message = arena_printf(r->arena, "killed after the hard time limit of %lld ms",
                                       (long long)job->hard_limit_ms);
        o.crashes = job->crashes;
        const struct buffer outcome = encode(r, v, &o);
        f.kind = FINISH_BURY;
        f.state = JOB_FAILURE;
        f.outcome = outcome.data;
        f.len = outcome.len;
    }
    log_event(LOG_INFO, f.kind == FINISH_BURY ? "job_failed" : "job_retried",
              "id=%s queue=%s task=%s error=timeout attempt=%u", id_print(&f.id, text), q->name,
              job->task, job->attempts + 1);
    r->culprit =
        (struct metrics_end){.task = arena_text(r->arena, job->task, strlen(job->task)),
                             .task_len = strlen(job->task),
                             .queue = q->name,
                             .outcome = f.kind == FINISH_BURY ? METRICS_FAILURE : METRICS_RETRY,
                             .wait_us = -1,
                             .run_us = -1};
    if (!r->is_told)
        steward_tell(
            s, (struct broker_event){f.kind == FINISH_BURY ? EVENT_JOB_FAILED : EVENT_JOB_RETRIED,
                                     .queue = q->name, .id = &f.id, .attempt = job->attempts + 1});
    r->pending++;
    broker_loop_commit(s->command, q->name, who_was(r, job->runner_k), &f, 1, on_culprit_failed, r);
}

static void
add_victim(struct own_recovery *r, struct victims *out, const struct slot_view *v,
           enum charge charge)
{
    struct broker_victim victim = {.charge =
                                       charge == CHARGE_CRASH ? VICTIM_CRASHED : VICTIM_SUSPECT};

    if (!id_from_redis(&victim.id, v->job.id, strlen(v->job.id)))
        return;
    const struct buffer outcome = crash_outcome(r, v);
    victim.outcome = outcome.data;
    victim.len = outcome.len;
    if (charge == CHARGE_CRASH && !r->is_told)
        steward_tell(r->steward,
                     (struct broker_event){EVENT_JOB_CRASHED, .queue = v->job.queue,
                                           .id = &victim.id, .signal = signal_of(&r->death),
                                           .attempt = v->job.attempts + 1});
    out->items[out->n++] = victim;
}

static void
find_victims(struct own_recovery *r, const char *queue, unsigned k, struct victims *out)
{
    const struct charge_case c = case_of(r);
    struct slot_view v;

    out->n = 0;
    for (uint32_t i = 0; i < r->board->n_slots; i++) {
        const enum charge charge = charge_of(&c, i);
        if (charge != CHARGE_CRASH && charge != CHARGE_SUSPECT)
            continue;
        if (slot_read(&r->board->slots[i], &v) && strcmp(v.job.queue, queue) == 0 &&
            v.job.runner_k == k)
            add_victim(r, out, &v, charge);
    }
}

static void
on_own_recovered(void *arg, const char *queue, size_t moved, size_t buried, bool was_refused,
                 const struct error *err)
{
    struct own_recovery *r = arg;
    (void)was_refused; /* never: no value was expected */

    if (err == NULL && moved + buried > 0)
        log_event(buried > 0 ? LOG_WARN : LOG_INFO, "recovered",
                  "runner=%u queue=%s moved=%zu buried=%zu", r->number, queue, moved, buried);
    if (err == NULL && buried > 0)
        steward_tell(r->steward, (struct broker_event){EVENT_JOB_DEAD, .queue = queue,
                                                       .count = (int64_t)buried});
    r->moved += moved;
    r->buried += buried;
    r->steward->heritage->metrics->recovered += moved;
    r->steward->heritage->metrics->buried += buried;
    end_call(r, err);
}

static void
recover_name(struct own_recovery *r, const char *queue, unsigned k)
{
    struct steward *s = r->steward;
    const struct broker_runner *who = who_was(r, k);
    struct victims *victims = mem_alloc(sizeof(*victims));

    find_victims(r, queue, k, victims);
    const struct broker_recovery recovery = {.worker = who->worker,
                                             .runner = who->runner,
                                             .victims = victims->items,
                                             .n_victims = victims->n,
                                             .max_crashes = s->settings->max_crashes,
                                             .max_lost = s->settings->max_lost};
    r->pending++;
    broker_loop_recover(s->command, queue, &recovery, on_own_recovered, r);
    free(victims);
}

static void
send_all(struct own_recovery *r)
{
    struct steward *s = r->steward;
    const struct charge_case c = case_of(r);
    struct slot_view v;

    r->has_failed = false;
    r->pending = 1; /* held until everything is sent */
    if (!r->is_told && c.reason != DEATH_DRAINED && c.reason != DEATH_HANDBACK)
        steward_tell(s, (struct broker_event){EVENT_RUNNER_DIED, .signal = signal_of(&r->death)});
    arena_clear(r->arena);
    if (c.reason == DEATH_HARD_LIMIT && c.is_named && slot_read(&r->board->slots[c.named_slot], &v))
        fail_culprit(r, &v);
    for (size_t i = 0; i < s->n_queues; i++) {
        for (unsigned k = 0; k <= r->board->renames; k++)
            recover_name(r, s->queues[i].name, k);
    }
    r->is_told = true;
    end_call(r, NULL);
}

static void
forget_recovery(struct own_recovery *r)
{
    struct own_recovery **at = &r->steward->recoveries;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    arena_free(r->arena);
    free(r);
}

static void
end_call(struct own_recovery *r, const struct error *err)
{
    struct steward *s = r->steward;

    if (err != NULL && !r->has_failed) {
        r->has_failed = true;
        log_event(LOG_WARN, "recovery_failed", "runner=%u reason=\"%s\"", r->number,
                  log_quote(err->message));
    }
    if (--r->pending > 0)
        return;
    if (r->has_failed) {
        steward_again(s);
        return;
    }
    (void)wire_tell(s->heritage->control_fd, WIRE_RECOVERED, r->number, 0);
    forget_recovery(r);
}

void
recover_own(struct steward *s, const struct wire *w)
{
    struct scoreboards *boards = s->heritage->boards;

    if (w->death.seat >= boards->n || boards->seats[w->death.seat].number != w->number)
        return; /* said again, though it has been acknowledged meanwhile */
    for (const struct own_recovery *r = s->recoveries; r != NULL; r = r->next) {
        if (r->number == w->number)
            return; /* under way */
    }
    struct own_recovery *r = mem_zero(sizeof(*r));
    r->steward = s;
    r->board = &boards->seats[w->death.seat];
    r->death = w->death;
    r->number = w->number;
    r->arena = arena_new();
    r->next = s->recoveries;
    s->recoveries = r;
    if (broker_loop_is_up(s->command))
        send_all(r);
    else
        r->has_failed = true; /* on_up begins it */
}

void
recover_retry(struct steward *s)
{
    struct own_recovery *next;

    if (!broker_loop_is_up(s->command))
        return;
    for (struct own_recovery *r = s->recoveries; r != NULL; r = next) {
        next = r->next;
        if (r->pending == 0 && r->has_failed)
            send_all(r);
    }
}

/* ---- another worker ---- */

struct foreign_recovery {
    struct steward_queue *queue;
    char *worker, *value;
    size_t pending, moved, buried;
    bool was_refused, has_failed;
};

static void
end_foreign(struct foreign_recovery *f)
{
    f->queue->recovering--;
    free(f->worker);
    free(f->value);
    free(f);
}

static void
on_forgotten(void *arg, const struct error *err)
{
    (void)err; /* the next pass over the registry finds it again */
    end_foreign(arg);
}

static void
end_foreign_call(struct foreign_recovery *f)
{
    if (--f->pending > 0)
        return;
    if (f->was_refused || f->has_failed) {
        end_foreign(f);
        return;
    }
    log_event(LOG_WARN, "recovered", "dead_worker=%s queue=%s moved=%zu buried=%zu", f->worker,
              f->queue->name, f->moved, f->buried);
    steward_tell(f->queue->steward,
                 (struct broker_event){EVENT_WORKER_LOST, .queue = f->queue->name,
                                       .worker = f->worker, .count = (int64_t)f->moved});
    broker_loop_forget(f->queue->steward->command, f->queue->name, f->worker, f->value,
                       on_forgotten, f);
}

static void
on_foreign_recovered(void *arg, const char *queue, size_t moved, size_t buried, bool was_refused,
                     const struct error *err)
{
    struct foreign_recovery *f = arg;
    (void)queue;

    f->moved += moved;
    f->buried += buried;
    f->queue->steward->heritage->metrics->recovered += moved;
    f->queue->steward->heritage->metrics->buried += buried;
    f->was_refused |= was_refused;
    f->has_failed |= err != NULL;
    end_foreign_call(f);
}

static struct buffer
lost_outcome(const struct steward *s)
{
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct outcome o = OUTCOME_INIT;

    o.state = JOB_DEAD;
    o.error_type = "lost";
    o.error_message = "its worker died or was cut off too often while it ran";
    o.worker = s->settings->id;
    MUST(outcome_encode(&o, RESULT_MAX_DEFAULT, &out, &err));
    return out;
}

/* The value of a runner is its worker's name; " retired" may stand behind it. */
static bool
is_runner_of(const struct broker_peer *peer, const char *worker)
{
    const size_t len = strcspn(peer->value, " ");
    return strchr(peer->name, '/') != NULL && len == strlen(worker) &&
           memcmp(peer->value, worker, len) == 0;
}

void
recover_foreign(struct steward_queue *q, const struct broker_peer *worker,
                const struct broker_peer *peers, size_t n)
{
    struct steward *s = q->steward;

    if (q->recovering > 0) /* one at a time; the next beat goes on */
        return;
    struct foreign_recovery *f = mem_zero(sizeof(*f));
    struct buffer outcome = lost_outcome(s);
    f->queue = q;
    f->worker = mem_text(worker->name);
    f->value = mem_text(worker->value);
    f->pending = 1;
    q->recovering++;
    for (size_t i = 0; i < n; i++) {
        if (!is_runner_of(&peers[i], worker->name))
            continue;
        const struct broker_recovery recovery = {.worker = worker->name,
                                                 .runner = peers[i].name,
                                                 .expected = worker->value,
                                                 .max_crashes = s->settings->max_crashes,
                                                 .max_lost = s->settings->max_lost,
                                                 .lost_outcome = outcome.data,
                                                 .lost_len = outcome.len};
        f->pending++;
        broker_loop_recover(s->command, q->name, &recovery, on_foreign_recovered, f);
    }
    buffer_clear(&outcome);
    end_foreign_call(f);
}
