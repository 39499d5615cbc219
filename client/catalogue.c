/* Signatures as workers publish them.
 *
 * A worker's state names its table of signatures by hash ("tasks"), so that a thousand workers with
 * the same modules share one table. A client reads the states of the workers that serve a queue,
 * then each table once. It keeps them for KEEP_MS, and asks again before that for a task that is
 * not there, but not more often than once in AGAIN_MS: a worker that has just started should be
 * believed soon, and a task that nobody knows should not cost a round trip for every job.
 *
 * If workers disagree about a task, arguments that fit any of their signatures pass. */
#include "client/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "client/signature.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"

enum { KEEP_MS = 10000, AGAIN_MS = 1000 };

/* What the workers of one queue know. */
struct shelf {
    struct shelf *next;
    char *queue;
    struct celeriac_arena *arena;
    struct celeriac_task *tasks;
    size_t n, room;
    int64_t read_at_ms; /* 0: never */
};

struct catalogue {
    struct broker *broker;
    struct shelf *shelves;
    struct celeriac_arena *scratch;
};

static struct shelf *shelf_of(struct catalogue *c, const char *queue);
static void shelf_fill(struct catalogue *c, struct shelf *s);
static void shelf_add_table(void *arg, const struct celeriac_value *table);
static const struct celeriac_task *shelf_next(const struct shelf *s, const char *task,
                                              const struct celeriac_task *after);
static const char *hash_of(const char *json, struct celeriac_arena *arena);
static bool is_listed(const char *const *hashes, size_t n, const char *hash);

struct catalogue *
catalogue_new(struct broker *broker)
{
    struct catalogue *c = mem_zero(sizeof *c);

    c->broker = broker;
    c->scratch = arena_new();
    return c;
}

void
catalogue_free(struct catalogue *c)
{
    if (!c) {
        return;
    }
    while (c->shelves) {
        struct shelf *s = c->shelves;
        c->shelves = s->next;
        arena_free(s->arena);
        free(s->tasks);
        free(s->queue);
        free(s);
    }
    arena_free(c->scratch);
    free(c);
}

void
catalogue_refresh(struct catalogue *c, const char *queue, const char *task)
{
    struct shelf *s = shelf_of(c, queue);
    int64_t age_ms = clock_mono_ms() - s->read_at_ms;

    if (!s->read_at_ms || age_ms > KEEP_MS || (age_ms > AGAIN_MS && !shelf_next(s, task, NULL))) {
        shelf_fill(c, s);
    }
}

bool
catalogue_check(struct catalogue *c, const char *queue, const char *task,
                const struct celeriac_value *args, const struct celeriac_value *kwargs,
                struct error *err)
{
    struct shelf *s = shelf_of(c, queue);
    const struct celeriac_task *known = shelf_next(s, task, NULL);
    struct error first = ERROR_INIT;

    for (; known; known = shelf_next(s, task, known)) {
        const struct celeriac_value *bound[16];
        struct error misfit = ERROR_INIT;
        bool fits = known->n_params > sizeof bound / sizeof *bound ||
                    signature_bind(known, args, kwargs, c->scratch, bound, &misfit);
        arena_clear(c->scratch);
        if (fits) {
            return true;
        }
        if (first.code == ERROR_NONE) {
            first = misfit;
        }
    }
    return first.code == ERROR_NONE || error_set(err, first.code, "%s", first.message);
}

bool
catalogue_read(struct broker *broker, const char *queue, struct celeriac_arena *arena,
               catalogue_table_fn *each, void *arg, struct error *err)
{
    const char **states;
    const char **hashes;
    size_t n, n_hashes = 0;

    if (!broker_workers(broker, queue, arena, &states, &n, err)) {
        return false;
    }
    hashes = arena_alloc(arena, (n + 1) * sizeof *hashes);
    for (size_t i = 0; i < n; i++) {
        const char *hash = hash_of(states[i], arena);
        const char *json = NULL;
        const struct celeriac_value *table;

        if (!hash || is_listed(hashes, n_hashes, hash)) {
            continue;
        }
        hashes[n_hashes++] = hash;
        if (!broker_tasks(broker, hash, arena, &json, err)) {
            return false;
        }
        table = json ? json_parse(arena, json, strlen(json), NULL) : NULL;
        if (celeriac_type(table) == CELERIAC_ARRAY) {
            each(arg, table);
        }
    }
    return true;
}

static struct shelf *
shelf_of(struct catalogue *c, const char *queue)
{
    struct shelf *s = c->shelves;

    while (s && strcmp(s->queue, queue) != 0) {
        s = s->next;
    }
    if (!s) {
        s = mem_zero(sizeof *s);
        s->queue = mem_text(queue);
        s->arena = arena_new();
        s->next = c->shelves;
        c->shelves = s;
    }
    return s;
}

static void
shelf_fill(struct catalogue *c, struct shelf *s)
{
    arena_clear(s->arena);
    s->n = 0;
    if (!catalogue_read(c->broker, s->queue, s->arena, shelf_add_table, s, NULL)) {
        s->n = 0; /* the submission that follows will say what is wrong with the broker */
    }
    s->read_at_ms = clock_mono_ms();
}

static void
shelf_add_table(void *arg, const struct celeriac_value *table)
{
    struct shelf *s = arg;

    for (size_t i = 0; i < celeriac_size(table); i++) {
        if (s->n == s->room) {
            s->room = s->room ? 2 * s->room : 16;
            s->tasks = mem_grow(s->tasks, s->room, sizeof *s->tasks);
        }
        if (signature_read(celeriac_at(table, i), s->arena, &s->tasks[s->n], NULL)) {
            s->n++;
        }
    }
}

static const struct celeriac_task *
shelf_next(const struct shelf *s, const char *task, const struct celeriac_task *after)
{
    for (size_t i = after ? (size_t)(after - s->tasks) + 1 : 0; i < s->n; i++) {
        if (strcmp(s->tasks[i].name, task) == 0) {
            return &s->tasks[i];
        }
    }
    return NULL;
}

static const char *
hash_of(const char *json, struct celeriac_arena *arena)
{
    const struct celeriac_value *state = json_parse(arena, json, strlen(json), NULL);
    const struct celeriac_value *hash = celeriac_get(state, "tasks");

    return celeriac_type(hash) == CELERIAC_STRING ? celeriac_bytes(hash, NULL) : NULL;
}

static bool
is_listed(const char *const *hashes, size_t n, const char *hash)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(hashes[i], hash) == 0) {
            return true;
        }
    }
    return false;
}
