/* Jobs of one queue: the ids of all its keys are collected and sorted, and whatever does not agree
 * about an id makes it a suspect. Since jobs move meanwhile, only those that are suspects a second
 * time are looked at in one script, mend.lua, which alone decides what is a flaw. */
#include <stdlib.h>
#include <string.h>

#include "broker/checkup_parts.h"
#include "broker/outcome_state.h"
#include "broker/scan.h"
#include "common/mem.h"

enum { IDS_AT_ONCE = 1000, MENDS_AT_ONCE = 50 };

/* An id, and where it was seen. */
struct sighting {
    struct id id;
    enum key_role role;
    bool is_stray;     /* ROLE_ACTIVE, of a runner that is not registered */
    const char *extra; /* stray: the key; locks: the uniqueness key; parked, permits: the member */
    size_t extra_len;
};

struct suspect {
    struct id id;
    const struct sighting *stray, *lock, *parked, *permit; /* copies, NULL: none */
};

struct pass {
    struct checkup *c;
    const char *queue;
    struct celeriac_arena *arena;
    struct names runners, barred;
    bool has_caps;
    struct sighting *seen; /* on the heap, like the next */
    size_t n_seen, seen_capacity;
    struct suspect *suspects; /* ascending */
    size_t n_suspects, suspects_capacity;
    size_t n_jobs;
    /* the key that is being read */
    const struct checkup_key *key;
    bool is_stray;
    size_t taken; /* ids of a page of a list */
};

static bool look(struct pass *p, struct error *err);
static bool read_registry(struct pass *p, struct error *err);
static bool read_key(struct pass *p, struct error *err);
static void judge_all(struct pass *p);
static void keep_common(struct pass *first, const struct pass *second);
static bool mend_all(const struct pass *p, struct error *err);
static void clear(struct pass *p);

bool
checkup_jobs(struct checkup *c, const char *queue, struct error *err)
{
    struct pass first = {.c = c, .queue = queue, .arena = c->arena}, second = first;
    bool ok = look(&first, err);
    c->asked->n_jobs += first.n_jobs;
    if (ok && first.n_suspects > 0) {
        ok = checkup_look_again(c, queue, err) && look(&second, err);
        keep_common(&first, &second);
        ok = ok && mend_all(&first, err);
    }
    clear(&first);
    clear(&second);
    return ok;
}

/* ---- collecting ---- */

static bool
look(struct pass *p, struct error *err)
{
    if (!read_registry(p, err))
        return false;
    for (size_t i = 0; i < p->c->n_keys; i++) {
        p->key = &p->c->keys[i];
        if (p->key->queue != NULL && strcmp(p->key->queue, p->queue) == 0 && !read_key(p, err))
            return false;
    }
    judge_all(p);
    return true;
}

enum { ASK_WORKERS, ASK_CAPS, ASK_BARRED };

static bool
take_registry(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct pass *p = arg;
    const char *name;
    size_t len;
    if (i == ASK_WORKERS)
        return names_of_runners(answer, &p->runners, err);
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    for (size_t k = 0; k < answer->elements; k++) {
        if (i == ASK_CAPS)
            p->has_caps = p->has_caps || !answer_is_nil(answer->element[k]);
        else if (answer_bytes(answer->element[k], &name, &len))
            names_add(&p->barred, name, len);
    }
    return true;
}

static bool
read_registry(struct pass *p, struct error *err)
{
    struct key key;
    p->runners.arena = p->barred.arena = p->arena;
    key_of_queue(&key, p->c->b->space, p->queue, QUEUE_WORKERS);
    exchange_on_key(p->c->b, "HGETALL", &key, 0);
    key_of_queue(&key, p->c->b->space, p->queue, QUEUE_META);
    struct request *r = exchange_on_key(p->c->b, "HMGET", &key, 2);
    request_text(r, "concurrency");
    request_text(r, "key_concurrency");
    key_of_queue(&key, p->c->b->space, p->queue, QUEUE_BARRED);
    r = exchange_on_key(p->c->b, "ZRANGE", &key, 2);
    request_number(r, 0);
    request_number(r, -1);
    if (!exchange_run(p->c->b, take_registry, p, err))
        return false;
    names_sort(&p->runners);
    names_sort(&p->barred);
    return true;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(a, *(const char *const *)b);
}

static bool
has_name(const struct names *names, const char *name)
{
    return names->n > 0 &&
           bsearch(name, names->items, names->n, sizeof *names->items, compare_names) != NULL;
}

static void
see(struct pass *p, const char *id, size_t len, const void *extra, size_t extra_len)
{
    struct sighting s = {.role = p->key->role, .is_stray = p->is_stray};
    if (!id_from_redis(&s.id, id, len))
        return;
    if (p->is_stray) {
        s.extra = p->key->name;
        s.extra_len = strlen(p->key->name);
    } else if (extra != NULL) {
        s.extra = arena_text(p->arena, extra, extra_len);
        s.extra_len = extra_len;
    }
    if (p->n_seen == p->seen_capacity) {
        p->seen_capacity = p->seen_capacity == 0 ? 1024 : p->seen_capacity * 2;
        p->seen = mem_grow(p->seen, p->seen_capacity, sizeof *p->seen);
    }
    p->seen[p->n_seen++] = s;
}

static void
see_item(struct pass *p, const redisReply *item, const redisReply *value)
{
    const char *text, *holder, *end;
    size_t len, holder_len;
    if (!answer_bytes(item, &text, &len))
        return;
    if (p->key->role == ROLE_LOCKS) { /* uniqueness key -> "id ends" */
        if (answer_bytes(value, &holder, &holder_len) &&
            (end = memchr(holder, ' ', holder_len)) != NULL)
            see(p, holder, (size_t)(end - holder), text, len);
    } else if (p->key->role == ROLE_PARKED || p->key->role == ROLE_PERMITS) { /* "... NUL id" */
        end = memrchr(text, '\0', len);
        if (end != NULL)
            see(p, end + 1, len - (size_t)(end + 1 - text), text, len);
    } else {
        see(p, text, len, NULL, 0);
    }
}

static bool
take_pairs(void *arg, const redisReply *items, bool *is_over, struct error *err)
{
    (void)is_over;
    (void)err;
    for (size_t k = 0; k + 1 < items->elements; k += 2)
        see_item(arg, items->element[k], items->element[k + 1]);
    return true;
}

static bool
take_list(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct pass *p = arg;
    (void)i;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "list", err);
    p->taken = answer->elements;
    for (size_t k = 0; k < answer->elements; k++)
        see_item(p, answer->element[k], NULL);
    return true;
}

/* From the left, where new ids enter: so one that moves is met twice rather than missed. */
static bool
read_list(struct pass *p, struct error *err)
{
    p->taken = IDS_AT_ONCE;
    for (int64_t from = 0; p->taken == IDS_AT_ONCE; from += IDS_AT_ONCE) {
        struct request *r = exchange_command(p->c->b, "LRANGE", 4);
        request_text(r, p->key->name);
        request_number(r, from);
        request_number(r, from + IDS_AT_ONCE - 1);
        if (!exchange_run(p->c->b, take_list, p, err))
            return false;
    }
    return true;
}

static bool
read_key(struct pass *p, struct error *err)
{
    struct key active;
    const char *command = "HSCAN";
    p->is_stray = false;
    switch (p->key->role) {
    case ROLE_NONE:
        return true;
    case ROLE_LIST:
        return read_list(p, err);
    case ROLE_DELAYED:
    case ROLE_DEAD:
    case ROLE_PARKED:
    case ROLE_PERMITS:
        command = "ZSCAN";
        break;
    case ROLE_ACTIVE:
        key_active(&active, p->c->b->space, p->queue, "");
        p->is_stray = !has_name(&p->runners, p->key->name + active.len);
        break;
    case ROLE_MESSAGES:
    case ROLE_REASONS:
    case ROLE_MARKS:
    case ROLE_WAITERS:
    case ROLE_LOCKS:
        break;
    }
    return scan_members(p->c->b, command, p->key->name, take_pairs, p, err);
}

/* ---- judging ---- */

static int
compare_ids(const struct id *a, const struct id *b)
{
    int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (int)a->len - (int)b->len;
}

static int
compare_sightings(const void *a, const void *b)
{
    const struct sighting *left = a, *right = b;
    int order = compare_ids(&left->id, &right->id);
    return order != 0 ? order : (int)left->role - (int)right->role;
}

/* A scan may meet the same field twice; the same id twice in lists is a flaw. */
static bool
is_repeated(const struct sighting *s, const struct sighting *before)
{
    return s->role == before->role && s->role != ROLE_LIST && s->role != ROLE_ACTIVE &&
           s->role != ROLE_LOCKS;
}

static bool
is_suspect(const struct pass *p, const struct sighting *s, size_t n, struct suspect *out)
{
    unsigned places = 0;
    bool has[ROLE_PERMITS + 1] = {false};
    *out = (struct suspect){.id = s->id};
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && is_repeated(&s[i], &s[i - 1]))
            continue;
        if (s[i].is_stray) {
            out->stray = &s[i];
            continue;
        }
        has[s[i].role] = true;
        places += s[i].role >= ROLE_LIST && s[i].role <= ROLE_PARKED;
        if (s[i].role == ROLE_LOCKS)
            out->lock = &s[i];
        if (s[i].role == ROLE_PARKED)
            out->parked = &s[i];
        if (s[i].role == ROLE_PERMITS)
            out->permit = &s[i];
    }
    if (!has[ROLE_MESSAGES] || places != 1 || out->stray != NULL)
        return true;
    if (has[ROLE_REASONS] != has[ROLE_DEAD] || (has[ROLE_DEAD] && out->lock != NULL))
        return true;
    if (out->parked != NULL && !has_name(&p->barred, out->parked->extra))
        return true;
    return has[ROLE_ACTIVE] ? p->has_caps && out->permit == NULL && !has[ROLE_MARKS]
                            : out->permit != NULL;
}

static const struct sighting *
copy_of(struct pass *p, const struct sighting *s)
{
    return s != NULL ? arena_copy(p->arena, s, sizeof *s) : NULL;
}

static void
judge_all(struct pass *p)
{
    struct suspect s;
    size_t end;
    if (p->n_seen > 0)
        qsort(p->seen, p->n_seen, sizeof *p->seen, compare_sightings);
    for (size_t i = 0; i < p->n_seen; i = end) {
        for (end = i + 1; end < p->n_seen && id_equal(&p->seen[end].id, &p->seen[i].id); end++)
            continue;
        p->n_jobs += p->seen[i].role == ROLE_MESSAGES;
        if (!is_suspect(p, &p->seen[i], end - i, &s))
            continue;
        s.stray = copy_of(p, s.stray);
        s.lock = copy_of(p, s.lock);
        s.parked = copy_of(p, s.parked);
        s.permit = copy_of(p, s.permit);
        if (p->n_suspects == p->suspects_capacity) {
            p->suspects_capacity = p->suspects_capacity == 0 ? 64 : p->suspects_capacity * 2;
            p->suspects = mem_grow(p->suspects, p->suspects_capacity, sizeof *p->suspects);
        }
        p->suspects[p->n_suspects++] = s;
    }
    free(p->seen);
    p->seen = NULL;
    p->n_seen = p->seen_capacity = 0;
}

static void
keep_common(struct pass *first, const struct pass *second)
{
    size_t kept = 0, k = 0;
    for (size_t i = 0; i < first->n_suspects; i++) {
        const struct suspect *s = &first->suspects[i];
        while (k < second->n_suspects && compare_ids(&second->suspects[k].id, &s->id) < 0)
            k++;
        if (k < second->n_suspects && id_equal(&second->suspects[k].id, &s->id))
            first->suspects[kept++] = second->suspects[k];
    }
    first->n_suspects = kept;
}

static void
clear(struct pass *p)
{
    free(p->seen);
    free(p->suspects);
}

/* ---- deciding ---- */

struct mending {
    const struct pass *p;
    size_t first;
};

static void
request_extra(struct request *r, const struct sighting *s)
{
    if (s != NULL)
        request_arg(r, s->extra, s->extra_len);
    else
        request_text(r, "");
}

static void
write_mend(const struct pass *p, const struct suspect *s, const struct buffer *outcome)
{
    static const enum queue_key keys[] = {
        QUEUE_JOBS,      QUEUE_DELAYED, QUEUE_DEAD,   QUEUE_REASONS, QUEUE_SUSPECTS,
        QUEUE_CANCELLED, QUEUE_WAITERS, QUEUE_UNIQUE, QUEUE_PERMITS, QUEUE_PARKED,
        QUEUE_BARRED,    QUEUE_BELL,    QUEUE_META,   QUEUE_WORKERS};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    struct request *r = exchange_script(p->c->b, SCRIPT_MEND,
                                        KEYS + PRIORITY_COUNT + (s->stray != NULL ? 1 : 0), 6);
    request_queue_keys(r, p->c->b->space, p->queue, keys, KEYS);
    request_ready_keys(r, p->c->b->space, p->queue);
    if (s->stray != NULL)
        request_text(r, s->stray->extra);
    request_arg(r, s->id.text, s->id.len);
    request_text(r, p->c->asked->mends ? "1" : "0");
    request_extra(r, s->lock);
    request_extra(r, s->parked);
    request_extra(r, s->permit);
    request_arg(r, outcome->data, outcome->len);
}

static const char *
text_of(const char *flaw)
{
    static const struct {
        const char *flaw, *text;
    } rows[] = {
        {"nowhere", "Its message is there, but no list has it: it would never run."},
        {"stray", "A runner that is not registered owns it: nobody would take it back."},
        {"several_places", "It stands in several places: it would run more than once."},
        {"no_message", "It stands in a list, but has no message: there is nothing to run."},
        {"no_reason", "It is a dead letter without a reason."},
        {"reason_alone", "The reason of a dead letter that is none."},
        {"mark_alone", "The mark of a cancelled job that is gone."},
        {"waiter_alone", "Somebody waits for a job that is gone."},
        {"lock_alone", "It has ended, but still holds its uniqueness key."},
        {"permit_alone", "It does not run, but counts as one of the jobs at once."},
        {"no_permit", "It runs, but does not count as one of the jobs at once."},
        {"not_awaited", "It is barred by its limit key, which nobody waits for."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(flaw, rows[i].flaw) == 0)
            return rows[i].text;
    return NULL;
}

static bool
take_flaws(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct mending *m = arg;
    const struct pass *p = m->p;
    if (!answer_is_array(answer, 0))
        return answer_unexpected(answer, "mend", err);
    for (size_t k = 0; k < answer->elements; k++) {
        const char *flaw, *text;
        size_t len;
        if (!answer_bytes(answer->element[k], &flaw, &len) || (text = text_of(flaw)) == NULL)
            return answer_unexpected(answer->element[k], "mend", err);
        checkup_tell(p->c,
                     &(struct broker_finding){flaw, text, p->queue, NULL,
                                              &p->suspects[m->first + i].id, p->c->asked->mends});
    }
    return true;
}

static bool
mend_all(const struct pass *p, struct error *err)
{
    struct mending m = {p, 0};
    struct buffer outcome = BUFFER_INIT;
    bool ok = true;
    outcome_bare(JOB_DEAD, &outcome);
    for (; ok && m.first < p->n_suspects; m.first += MENDS_AT_ONCE) {
        for (size_t i = m.first; i < p->n_suspects && i < m.first + MENDS_AT_ONCE; i++)
            write_mend(p, &p->suspects[i], &outcome);
        ok = exchange_run(p->c->b, take_flaws, &m, err);
    }
    buffer_clear(&outcome);
    return ok;
}
