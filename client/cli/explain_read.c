/* Reads what `explain` wants to know. It is a picture of several moments: a job that moves
 * meanwhile is explained as it was first seen. */
#include <string.h>

#include "client/catalogue.h"
#include "client/cli/explain.h"
#include "client/cli/job_view.h"
#include "common/arena.h"

struct search {
    struct explain_facts *facts;
    const char *task;
};

static bool read_facts(struct broker *b, struct explain_facts *f, struct celeriac_arena *arena,
                       struct error *err);
static void on_table(void *arg, const struct celeriac_value *table);

bool
explain_read(struct broker *b, const struct id *id, struct celeriac_arena *arena,
             struct explain_facts *f, struct error *err)
{
    struct broker_record *record = arena_alloc(arena, sizeof *record);
    char text[ID_MAX + 1];

    *f = (struct explain_facts){.record = record};
    if (!broker_find(b, NULL, id, 1, true, arena, record, err) ||
        !broker_redis_time(b, &f->now_ms, err)) {
        return false;
    }
    f->view = job_view(record, NULL, arena);
    f->id = arena_printf(arena, "%s", id_print(id, text));
    return !record->message || read_facts(b, f, arena, err);
}

static bool
read_facts(struct broker *b, struct explain_facts *f, struct celeriac_arena *arena,
           struct error *err)
{
    const struct broker_record *r = f->record;
    struct search search = {f, job_view_text(f->view, "task")};
    struct job_progress states;
    struct broker_queue *queues;
    size_t n;

    if (!broker_queues(b, r->queue, arena, &queues, &n, err) ||
        (n == 0 && !error_set(err, ERROR_NOT_FOUND, "no queue %s", r->queue)) ||
        !broker_find_ties(b, r, &f->ties, err) ||
        !catalogue_read(b, r->queue, arena, on_table, &search, err)) {
        return false;
    }
    states = job_progress_read(b, r->queue, arena);
    f->queue = queues;
    f->workers = states.states;
    f->n_workers = states.n;
    return true;
}

static void
on_table(void *arg, const struct celeriac_value *table)
{
    struct search *s = arg;

    s->facts->has_tables = true;
    for (size_t i = 0; i < celeriac_size(table); i++) {
        if (strcmp(job_view_text(celeriac_at(table, i), "name"), s->task) == 0) {
            s->facts->is_task_known = true;
        }
    }
}
