/* Does a live worker know a task? Three steps, each a call or a few in one write: the registry
 * names the workers, their published states name the hashes of their signature tables, the tables
 * name the tasks. A worker whose state has expired is not live; what cannot be read knows nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/loop_call.h"
#include "common/arena.h"
#include "common/json.h"
#include "common/mem.h"

struct known {
    broker_known_fn *done;
    void *arg;
    char *task;
    bool is_known;
    size_t calls_left;
    struct error first;
};

static bool deliver_registry(struct broker_loop *b, struct call *c, const redisReply *answer,
                             struct error *err);
static bool deliver_state(struct broker_loop *b, struct call *c, const redisReply *answer,
                          struct error *err);
static bool deliver_table(struct broker_loop *b, struct call *c, const redisReply *answer,
                          struct error *err);
static void fail_known(struct broker_loop *b, struct call *c, const struct error *err);

static const struct call_kind kind_registry = {deliver_registry, fail_known};
static const struct call_kind kind_state = {deliver_state, fail_known};
static const struct call_kind kind_table = {deliver_table, fail_known};

void
broker_loop_task_known(struct broker_loop *b, const char *queue, const char *task,
                       broker_known_fn *done, void *arg)
{
    static const enum queue_key keys[] = {QUEUE_WORKERS};
    struct known *op = mem_zero(sizeof *op);
    struct call *c = call_new(b, &kind_registry, queue);
    op->done = done;
    op->arg = arg;
    op->task = mem_text(task);
    op->calls_left = 1;
    c->op = op;
    request_command(&c->request, "HGETALL", 2);
    call_keys(b, c, keys, 1);
    call_send(b, c);
}

static void
end_call(struct known *op)
{
    if (--op->calls_left > 0)
        return;
    bool ok = op->is_known || op->first.code == ERROR_NONE;
    op->done(op->arg, op->is_known, ok ? NULL : &op->first);
    free(op->task);
    free(op);
}

static void
fail_known(struct broker_loop *b, struct call *c, const struct error *err)
{
    struct known *op = c->op;
    (void)b;
    if (op->first.code == ERROR_NONE)
        op->first = *err;
    end_call(op);
}

static void
ask(struct broker_loop *b, struct known *op, const struct call_kind *kind, const struct key *key)
{
    struct call *c = call_new(b, kind, NULL);
    c->op = op;
    op->calls_left++;
    request_command(&c->request, "GET", 2);
    request_key(&c->request, key);
    call_send(b, c);
}

static bool
deliver_registry(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    struct known *op = c->op;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "registry", err);
    for (size_t i = 0; i + 1 < answer->elements; i += 2) {
        const char *name;
        size_t len;
        struct key key;
        if (!answer_bytes(answer->element[i], &name, &len) || len > RUNNER_NAME_MAX ||
            memchr(name, '/', len) != NULL)
            continue;
        key_worker(&key, b->space, name);
        ask(b, op, &kind_state, &key);
    }
    end_call(op);
    return true;
}

/* NULL if the answer is no JSON text. */
static const struct celeriac_value *
parse(const redisReply *answer, struct celeriac_arena *arena)
{
    const char *text;
    size_t len;
    return answer_bytes(answer, &text, &len) ? json_parse(arena, text, len, NULL) : NULL;
}

static bool
deliver_state(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    struct known *op = c->op;
    struct celeriac_arena *arena = arena_new();
    const struct celeriac_value *tasks = celeriac_get(parse(answer, arena), "tasks");
    size_t len;
    const char *hash = celeriac_type(tasks) == CELERIAC_STRING ? celeriac_bytes(tasks, &len) : NULL;
    (void)err;
    if (hash != NULL && len <= NAMESPACE_MAX && !op->is_known) {
        struct key key;
        key_tasks(&key, b->space, hash);
        ask(b, op, &kind_table, &key);
    }
    arena_free(arena);
    end_call(op);
    return true;
}

/* A table is an array of signatures, each an object with a "name". */
static bool
deliver_table(struct broker_loop *b, struct call *c, const redisReply *answer, struct error *err)
{
    struct known *op = c->op;
    struct celeriac_arena *arena = arena_new();
    const struct celeriac_value *table = parse(answer, arena);
    (void)b, (void)err;
    for (size_t i = 0; i < celeriac_size(table) && !op->is_known; i++) {
        size_t len;
        const char *name = celeriac_bytes(celeriac_get(celeriac_at(table, i), "name"), &len);
        op->is_known = name != NULL && strcmp(name, op->task) == 0;
    }
    arena_free(arena);
    end_call(op);
    return true;
}
