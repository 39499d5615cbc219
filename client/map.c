/* celeriac_map: a window of futures that moves over the inputs.
 *
 *     inputs   0 1 2 3 4 5 6 7 8 9 ...
 *              reported | window          | not yet submitted
 *                       first             next
 *
 * Place i of the window is slot i mod size. The window only moves on when its oldest input has been
 * reported, so that at most `window` futures exist. Submitting goes in batches, and only when a
 * quarter of the window is free: one script call then carries many jobs. */
#include "client/client.h"

#include <stdlib.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/mem.h"

enum { WINDOW_DEFAULT = 1000 };

struct place {
    struct celeriac_future *future; /* NULL: refused, see error; or reported */
    bool is_reported;
    struct error error;
};

struct mapping {
    struct celeriac_client *client;
    const struct celeriac_map *map;
    size_t window, n, first, next;
    struct place *places;
    bool is_stopped;
};

static bool check(const struct celeriac_map *map, struct celeriac_error *error);
static bool run(struct mapping *m, struct celeriac_error *error);
static bool submit_batch(struct mapping *m, size_t n, struct celeriac_error *error);
static struct celeriac_job job_for(const struct mapping *m, size_t i, struct celeriac_arena *arena);
static struct celeriac_value *copy_scalar(const struct celeriac_value *v,
                                          struct celeriac_arena *arena);
static void report(struct mapping *m, size_t i);
static void report_done(struct mapping *m);
static void give_up(struct mapping *m);

bool
celeriac_map(struct celeriac_client *client, const struct celeriac_map *map,
             struct celeriac_error *error)
{
    struct mapping m = {.client = client, .map = map, .n = celeriac_size(map->inputs)};
    bool ok;

    if (!check(map, error)) {
        return false;
    }
    m.window = map->window ? map->window : WINDOW_DEFAULT;
    m.window = m.window < m.n ? m.window : m.n;
    m.places = mem_array(m.window + 1, sizeof *m.places);
    ok = run(&m, error);
    give_up(&m);
    free(m.places);
    return ok;
}

static bool
check(const struct celeriac_map *map, struct celeriac_error *error)
{
    if (!map->each || (map->inputs && celeriac_type(map->inputs) != CELERIAC_ARRAY)) {
        return client_fail_with(error, ERROR_USAGE,
                                "map: expected an array of inputs and a callback");
    }
    if (map->options && (map->options->id || map->options->unique)) {
        return client_fail_with(error, ERROR_USAGE,
                                "map: an id or a uniqueness key cannot be shared by many jobs");
    }
    return true;
}

static bool
run(struct mapping *m, struct celeriac_error *error)
{
    int timeout_ms = m->map->timeout_ms;
    int64_t deadline_ms = timeout_ms > 0 ? clock_mono_ms() + timeout_ms : INT64_MAX;

    while (m->first < m->n && !m->is_stopped) {
        size_t room = m->window - (m->next - m->first);
        int64_t left = deadline_ms - clock_mono_ms();

        if (room > m->n - m->next) {
            room = m->n - m->next;
        }
        if (room && (room * 4 >= m->window || m->next + room == m->n) &&
            !submit_batch(m, room, error)) {
            return false;
        }
        report_done(m);
        if (m->first == m->n || m->is_stopped) {
            break;
        }
        if (left <= 0) {
            return client_fail_with(error, ERROR_TIMEOUT,
                                    "map: %zu of %zu inputs done within %d ms", m->first, m->n,
                                    timeout_ms);
        }
        if (m->client->watcher.count || m->client->large) {
            int wait_ms = timeout_ms <= 0 ? -1 : left > 3600000 ? 3600000 : (int)left;
            if (!celeriac_poll(m->client, wait_ms, NULL, error)) {
                return false;
            }
        }
        report_done(m);
    }
    return true;
}

/* A job that is refused for its own sake is reported as such; trouble with the broker ends the map.
 */
static bool
submit_batch(struct mapping *m, size_t n, struct celeriac_error *error)
{
    struct celeriac_job *jobs = mem_array(n, sizeof *jobs);
    struct celeriac_future **futures = mem_array(n, sizeof *futures);
    struct refusals refusals = REFUSALS_INIT;
    struct celeriac_arena *arena = arena_new();
    bool ok = true;

    for (size_t i = 0; i < n; i++) {
        jobs[i] = job_for(m, m->next + i, arena);
    }
    submit_jobs(m->client, jobs, n, futures, &refusals);
    for (size_t i = 0; i < n; i++) {
        m->places[(m->next + i) % m->window] = (struct place){.future = futures[i]};
    }
    for (size_t i = 0; i < refusals.n; i++) {
        const struct refusal *r = &refusals.list[i];
        m->places[(m->next + r->job) % m->window].error = r->error;
        if (ok && r->error.code != ERROR_USAGE && r->error.code != ERROR_DATA) {
            ok = client_fail(error, &r->error);
        }
    }
    m->next += n;
    arena_free(arena);
    free(refusals.list);
    free(futures);
    free(jobs);
    return ok;
}

static struct celeriac_job
job_for(const struct mapping *m, size_t i, struct celeriac_arena *arena)
{
    const struct celeriac_value *input = celeriac_at(m->map->inputs, i);
    struct celeriac_job job = CELERIAC_JOB_INIT;

    job.task = m->map->task;
    job.options = m->map->options;
    if (celeriac_type(input) == CELERIAC_ARRAY) {
        job.args = input;
    } else if (celeriac_type(input) == CELERIAC_OBJECT) {
        job.kwargs = input;
    } else {
        struct celeriac_value *args = celeriac_array(arena);
        celeriac_append(args, copy_scalar(input, arena));
        job.args = args;
    }
    return job;
}

static struct celeriac_value *
copy_scalar(const struct celeriac_value *v, struct celeriac_arena *arena)
{
    size_t len = 0;
    const char *bytes = celeriac_bytes(v, &len);
    int64_t integer = 0;
    double number = 0;
    bool boolean = false;

    switch (celeriac_type(v)) {
    case CELERIAC_BOOLEAN:
        celeriac_get_boolean(v, &boolean);
        return celeriac_boolean(arena, boolean);
    case CELERIAC_INTEGER:
        celeriac_get_integer(v, &integer);
        return celeriac_integer(arena, integer);
    case CELERIAC_BIGINT:
        return celeriac_bigint(arena, bytes, len);
    case CELERIAC_NUMBER:
        celeriac_get_number(v, &number);
        return celeriac_number(arena, number);
    case CELERIAC_STRING:
        return celeriac_string(arena, bytes, len);
    case CELERIAC_BINARY:
        return celeriac_binary(arena, bytes, len);
    case CELERIAC_NULL:
    case CELERIAC_ARRAY:
    case CELERIAC_OBJECT:
        break;
    }
    return celeriac_null(arena);
}

static void
report_done(struct mapping *m)
{
    for (size_t i = m->first; i < m->next && !m->is_stopped; i++) {
        const struct place *p = &m->places[i % m->window];
        if (!p->is_reported && p->future && !celeriac_done(p->future)) {
            if (!m->map->unordered) {
                return;
            }
            continue;
        }
        if (!p->is_reported) {
            report(m, i);
        }
        if (i == m->first) {
            m->first++;
        }
    }
}

static void
report(struct mapping *m, size_t i)
{
    struct place *p = &m->places[i % m->window];
    struct celeriac_report refused = {.error_type = "not_submitted",
                                      .error_message = p->error.message};

    p->is_reported = true;
    if (!m->map->each(m->map->arg, i, p->future ? celeriac_future_report(p->future) : &refused)) {
        m->is_stopped = true;
    }
    celeriac_future_free(p->future);
    p->future = NULL;
}

static void
give_up(struct mapping *m)
{
    for (size_t i = m->first; i < m->next; i++) {
        struct place *p = &m->places[i % m->window];
        if (p->future && m->is_stopped) {
            celeriac_future_cancel(p->future, false, NULL);
        }
        celeriac_future_free(p->future);
    }
}
