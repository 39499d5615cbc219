/* Committing: finished jobs are sorted into groups that one script call can end together (same
 * kind, same counter, same bucket, same life time), and all calls go out in one write. The
 * caller hears once, when the last is answered. */
#include <stdlib.h>
#include <string.h>

#include "broker/loop_call.h"
#include "broker/outcome_state.h"
#include "common/mem.h"

enum { GROUP_MAX = 500 };

/* One commit: what is put together again from the answers. */
struct commit {
    broker_committed_fn *done;
    void *arg;
    char queue[QUEUE_NAME_MAX + 1];
    size_t n;
    size_t calls_left;
    struct error first; /* the first error of any call */
    enum finish_status *statuses;
    size_t *order; /* finishes in the order in which they were written; a call has order[first ..
                      first + n) */
};

/* What a group has in common. */
struct group {
    enum finish_kind kind;
    enum job_state state;
    const struct id *id; /* STORE: the bucket; without one the job is alone */
    int64_t ttl_ms;
};

static struct commit *new_commit(const char *queue, size_t n, broker_committed_fn *done, void *arg);
static struct group group_of(const struct broker_finish *f);
static size_t gather_group(struct commit *op, const struct broker_finish *finishes, size_t from);
static void send_group(struct broker_loop *b, const struct broker_runner *who, struct commit *op,
                       const struct broker_finish *finishes, size_t first, size_t n);
static bool deliver_commit(struct broker_loop *b, struct call *c, const redisReply *answer,
                           struct error *err);
static void fail_commit(struct broker_loop *b, struct call *c, const struct error *err);

static const struct call_kind kind_commit = {deliver_commit, fail_commit};

void
broker_loop_commit(struct broker_loop *b, const char *queue, const struct broker_runner *who,
                   const struct broker_finish *finishes, size_t n, broker_committed_fn *done,
                   void *arg)
{
    struct commit *op = new_commit(queue, n, done, arg);
    MUST(n > 0);
    for (size_t from = 0; from < n;) {
        size_t count = gather_group(op, finishes, from);
        send_group(b, who, op, finishes, from, count);
        from += count;
    }
}

static struct commit *
new_commit(const char *queue, size_t n, broker_committed_fn *done, void *arg)
{
    struct commit *op = mem_alloc(sizeof *op + n * (sizeof(size_t) + sizeof(enum finish_status)));
    op->done = done;
    op->arg = arg;
    op->n = n;
    op->calls_left = 0;
    op->first = ERROR_INIT;
    op->order = (size_t *)(void *)(op + 1);
    op->statuses = (enum finish_status *)(void *)(op->order + n);
    size_t len = strnlen(queue, QUEUE_NAME_MAX);
    memcpy(op->queue, queue, len);
    op->queue[len] = '\0';
    for (size_t i = 0; i < n; i++) {
        op->order[i] = i;
        op->statuses[i] = FINISHED;
    }
    return op;
}

static struct group
group_of(const struct broker_finish *f)
{
    struct group g = {.kind = f->kind};
    if (f->kind == FINISH_RETRY)
        return g;
    g.state = f->state;
    if (g.state == JOB_UNKNOWN)
        g.state =
            outcome_state(f->outcome, f->len, f->kind == FINISH_STORE ? JOB_SUCCESS : JOB_FAILURE);
    if (f->kind == FINISH_BURY)
        return g;
    g.id = &f->id;
    g.ttl_ms = f->ttl_ms < 0 ? OUTCOME_TTL_MS : f->ttl_ms;
    return g;
}

static bool
is_same(const struct group *a, const struct group *b)
{
    return a->kind == b->kind && a->state == b->state && a->ttl_ms == b->ttl_ms &&
           (a->id == b->id || id_same_bucket(a->id, b->id));
}

/* Moves all that go with order[from] behind it; returns how many they are. Usually all, and nothing
 * moves. */
static size_t
gather_group(struct commit *op, const struct broker_finish *finishes, size_t from)
{
    struct group group = group_of(&finishes[op->order[from]]);
    size_t count = 1;
    for (size_t i = from + 1; i < op->n && count < GROUP_MAX; i++) {
        size_t index = op->order[i];
        struct group other = group_of(&finishes[index]);
        if (!is_same(&group, &other))
            continue;
        op->order[i] = op->order[from + count];
        op->order[from + count] = index;
        count++;
    }
    return count;
}

/* ---- writing ---- */

static void
write_store(struct broker_loop *b, struct call *c, const struct group *g,
            const struct broker_finish *first, bool has_unique)
{
    static const enum queue_key keys[] = {QUEUE_CANCELLED, QUEUE_WAITERS, QUEUE_UNIQUE,
                                          QUEUE_STATS};
    const char *counter = g->state == JOB_CANCELLED ? "cancelled"
                          : g->state == JOB_EXPIRED ? "expired"
                                                    : "succeeded";
    static const enum queue_key limits[] = {QUEUE_PERMITS, QUEUE_BARRED, QUEUE_BELL};
    struct key results;
    call_keys(b, c, keys, sizeof keys / sizeof keys[0]);
    key_results(&results, b->space, c->queue, &first->id);
    request_key(&c->request, &results);
    call_keys(b, c, limits, 3);
    request_text(&c->request, counter);
    request_number(&c->request, g->ttl_ms > 0 ? g->ttl_ms : OUTCOME_TTL_MS);
    call_arg(c, b->cancelled.data, b->cancelled.len);
    request_text(&c->request, id_has_bucket(g->id) ? "0" : "1");
    request_text(&c->request, has_unique ? "1" : "0");
    struct buffer bare = BUFFER_INIT;
    if (g->ttl_ms == 0)
        outcome_bare(g->state, &bare);
    call_arg(c, bare.data, bare.len);
    buffer_clear(&bare);
}

static void
write_bury(struct broker_loop *b, struct call *c, const struct group *g)
{
    static const enum queue_key keys[] = {QUEUE_CANCELLED, QUEUE_WAITERS, QUEUE_UNIQUE, QUEUE_STATS,
                                          QUEUE_DEAD,      QUEUE_REASONS, QUEUE_BELL};
    call_keys(b, c, keys, sizeof keys / sizeof keys[0]);
    request_ready_keys(&c->request, b->space, c->queue);
    call_permit_keys(b, c);
    request_text(&c->request, g->state == JOB_DEAD ? "dead" : "failed");
    request_number(&c->request, DEAD_LETTERS_MAX);
    request_number(&c->request, DEAD_LETTER_AGE_MS);
}

static void
write_requeue(struct broker_loop *b, struct call *c)
{
    static const enum queue_key keys[] = {QUEUE_CANCELLED, QUEUE_STATS, QUEUE_DELAYED, QUEUE_BELL};
    struct key control;
    call_keys(b, c, keys, sizeof keys / sizeof keys[0]);
    request_ready_keys(&c->request, b->space, c->queue);
    call_permit_keys(b, c);
    key_of_queue(&control, b->space, c->queue, QUEUE_CONTROL);
    request_key(&c->request, &control);
}

static void
write_jobs(struct call *c, const struct group *g, const struct broker_finish *finishes,
           const size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct broker_finish *f = &finishes[order[i]];
        call_arg(c, f->id.text, f->id.len);
        if (g->kind == FINISH_RETRY) {
            request_number(&c->request, f->delay_ms);
            request_text(&c->request, f->is_free ? "0" : "1");
            request_number(&c->request, f->reserved_ms);
        } else {
            call_arg(c, f->outcome, f->len);
        }
    }
}

static void
send_group(struct broker_loop *b, const struct broker_runner *who, struct commit *op,
           const struct broker_finish *finishes, size_t first, size_t n)
{
    static const struct {
        enum script script;
        size_t keys, args, args_per_job;
    } scripts[] = {[FINISH_STORE] = {SCRIPT_COMMIT, 10, 6, 2},
                   [FINISH_BURY] = {SCRIPT_BURY, 11 + PRIORITY_COUNT, 3, 2},
                   [FINISH_RETRY] = {SCRIPT_RETRY, 8 + PRIORITY_COUNT, 1, 4}};
    const struct broker_finish *head = &finishes[op->order[first]];
    struct group g = group_of(head);
    size_t args = scripts[g.kind].args + n * scripts[g.kind].args_per_job;
    struct call *c =
        call_script(b, &kind_commit, op->queue, scripts[g.kind].script, scripts[g.kind].keys, args);
    struct key key;
    bool has_unique = false;
    if (g.kind == FINISH_STORE)
        key_jobs(&key, b->space, c->queue, &head->id);
    else
        key_of_queue(&key, b->space, c->queue, QUEUE_JOBS);
    request_key(&c->request, &key);
    key_active(&key, b->space, c->queue, who->runner);
    request_key(&c->request, &key);
    for (size_t i = 0; i < n; i++)
        has_unique = has_unique || finishes[op->order[first + i]].has_unique;
    if (g.kind == FINISH_STORE)
        write_store(b, c, &g, head, has_unique);
    else if (g.kind == FINISH_BURY)
        write_bury(b, c, &g);
    else
        write_requeue(b, c);
    write_jobs(c, &g, finishes, op->order + first, n);
    c->op = op;
    c->first = first;
    c->n = n;
    op->calls_left++;
    call_send(b, c);
}

/* ---- answers ---- */

static void
end_call(struct commit *op)
{
    if (--op->calls_left > 0)
        return;
    bool ok = op->first.code == ERROR_NONE;
    op->done(op->arg, op->queue, ok ? op->statuses : NULL, op->n, ok ? NULL : &op->first);
    free(op);
}

static bool
deliver_commit(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    struct commit *op = c->op;
    int64_t status = answer_status(answer);
    (void)b;
    if (status < 0 || status > 1 || (status == 1 && !answer_is_array(answer, 1 + c->n)))
        return answer_unexpected(answer, "commit", err);
    for (size_t i = 0; i < c->n && status == 1; i++) {
        static const enum finish_status statuses[] = {FINISHED, FINISH_STALE, FINISH_CANCELLED};
        int64_t one;
        if (!answer_integer(answer->element[1 + i], &one) || one < 0 || one > 2)
            return answer_unexpected(answer->element[1 + i], "commit", err);
        op->statuses[op->order[c->first + i]] = statuses[one];
    }
    end_call(op);
    return true;
}

static void
fail_commit(struct broker_loop *b, struct call *c, const struct error *err)
{
    struct commit *op = c->op;
    (void)b;
    if (op->first.code == ERROR_NONE)
        op->first = *err;
    end_call(op);
}
