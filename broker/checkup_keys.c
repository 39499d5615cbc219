/* Every key of the namespace against the table of keys: its type, and that something ends it. Keys
 * of queues that are what they should be are kept for the checkup of jobs. */
#include <string.h>

#include "broker/checkup_parts.h"
#include "broker/events.h"
#include "broker/outcome_state.h"
#include "common/mem.h"

enum {
    KEYS_AT_ONCE = 200,
    KINDS_MAX = 40,
    SLACK = 1000, /* dead letters are trimmed a hundred at a time, a stream by whole nodes */
    STATE_TTL_MS = 60 * 1000,
    TASKS_TTL_MS = 60 * 60 * 1000,
};

/* A kind of key: its name, or what the names begin with. What ends it: its time to live, the number
 * of its members, or if neither is given, its jobs. */
struct kind {
    struct key name;
    bool is_prefix;
    const char *type;
    int64_t ttl_ms, most;
    enum key_role role;
};

/* A key that has no time to live but should, or whose length is to be asked. */
struct doubt {
    const char *name, *queue, *type;
    int64_t ttl_ms, most, length;
};

struct pass {
    struct checkup *c;
    bool tells;
    struct names names;
    struct names queues;  /* of which there are keys */
    struct names foreign; /* "<namespace>:" of others whose names begin with ours */
    const char *queue;    /* of which `kinds` are; NULL: of none */
    struct kind kinds[KINDS_MAX];
    size_t n_kinds;
    size_t first;               /* of the names that are asked about */
    const char *type, *type_of; /* the last answer to TYPE, and the name it is for */
    struct doubt *doubts;       /* in the arena */
    size_t n_doubts, doubts_capacity;
};

static bool look_at_all(struct pass *p, const char *prefix, struct error *err);
static void find_foreign(struct pass *p);
static bool is_foreign(const struct pass *p, const char *name);
static bool take_key(void *arg, size_t i, const redisReply *answer, struct error *err);
static void look_at(struct pass *p, const char *name, int64_t ttl_ms);
static const char *queue_of(struct pass *p, const char *name);
static const struct kind *kind_of(struct pass *p, const char *queue, const char *name);
static void list_queue_kinds(struct pass *p, const char *queue);
static void list_own_kinds(struct pass *p);
static struct key *add_kind(struct pass *p, bool is_prefix, const char *type, enum key_role role);
static void keep(struct pass *p, const char *name, const char *queue, enum key_role role);
static void doubt(struct pass *p, const struct doubt *d);
static bool end_doubts(struct pass *p, struct error *err);
static bool take_length(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool ignore(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool check_queues(struct pass *p, struct error *err);
static void tell(struct pass *p, const char *flaw, const char *queue, const char *key,
                 bool is_mended, const char *text);

bool
checkup_keys(struct checkup *c, struct error *err)
{
    struct pass p = {.c = c, .tells = true};
    bool ok = look_at_all(&p, arena_printf(c->arena, "%s:", c->b->space), err) &&
              end_doubts(&p, err) && check_queues(&p, err);
    c->asked->n_keys = p.names.n;
    return ok;
}

bool
checkup_look_again(struct checkup *c, const char *queue, struct error *err)
{
    struct pass p = {.c = c};
    c->n_keys = 0;
    return look_at_all(&p, arena_printf(c->arena, "%s:{%s}:", c->b->space, queue), err);
}

static bool
look_at_all(struct pass *p, const char *prefix, struct error *err)
{
    p->names.arena = p->queues.arena = p->foreign.arena = p->c->arena;
    if (!names_of_keys(p->c->b, prefix, &p->names, err))
        return false;
    find_foreign(p);
    for (p->first = 0; p->first < p->names.n; p->first += KEYS_AT_ONCE) {
        for (size_t i = p->first; i < p->names.n && i < p->first + KEYS_AT_ONCE; i++) {
            request_text(exchange_command(p->c->b, "TYPE", 2), p->names.items[i]);
            request_text(exchange_command(p->c->b, "PTTL", 2), p->names.items[i]);
        }
        if (!exchange_run(p->c->b, take_key, p, err))
            return false;
    }
    return true;
}

/* "celeriac:test:{q}:meta" belongs to the namespace "celeriac:test". */
static void
find_foreign(struct pass *p)
{
    size_t ours = strlen(p->c->b->space) + 1;
    for (size_t i = 0; i < p->names.n; i++) {
        const char *name = p->names.items[i], *brace = strstr(name + ours, ":{");
        if (brace != NULL && name[ours] != '{' && !is_foreign(p, name))
            names_add(&p->foreign, name, (size_t)(brace - name) + 1);
    }
}

static bool
is_foreign(const struct pass *p, const char *name)
{
    for (size_t i = 0; i < p->foreign.n; i++)
        if (strncmp(name, p->foreign.items[i], strlen(p->foreign.items[i])) == 0)
            return true;
    return false;
}

static bool
take_key(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct pass *p = arg;
    const char *name = p->names.items[p->first + i / 2], *type;
    int64_t ttl_ms;
    size_t len;
    if (i % 2 == 0) {
        if (!answer_bytes(answer, &type, &len))
            return answer_unexpected(answer, "TYPE", err);
        p->type = arena_text(p->c->arena, type, len);
        p->type_of = name;
        return true;
    }
    if (!answer_integer(answer, &ttl_ms))
        return answer_unexpected(answer, "PTTL", err);
    if (p->type_of == name && ttl_ms != -2 && !is_foreign(p, name)) /* -2: it has gone */
        look_at(p, name, ttl_ms);
    return true;
}

static void
look_at(struct pass *p, const char *name, int64_t ttl_ms)
{
    const char *queue = queue_of(p, name);
    const struct kind *kind = kind_of(p, queue, name);
    if (kind == NULL) {
        if (ttl_ms < 0)
            tell(p, "unknown_key", queue, name, false,
                 "Celeriac has no key of this name, and nothing ends it.");
        return;
    }
    if (strcmp(kind->type, p->type) != 0) {
        tell(p, "wrong_type", queue, name, false,
             arena_printf(p->c->arena, "It is a %s, but should be a %s.", p->type, kind->type));
        return;
    }
    if (kind->most > 0 || (kind->ttl_ms > 0 && ttl_ms < 0))
        doubt(p, &(struct doubt){name, queue, kind->type, kind->ttl_ms, kind->most, 0});
    keep(p, name, queue, kind->role);
}

/* The queue of a key, the same pointer for all keys of a queue in a row; NULL: of no queue. */
static const char *
queue_of(struct pass *p, const char *name)
{
    const char *start = name + strlen(p->c->b->space) + 1, *end = strchr(start, '}');
    if (*start != '{' || end == NULL || end[1] != ':')
        return NULL;
    size_t len = (size_t)(end - start) - 1;
    const char *queue = arena_text(p->c->arena, start + 1, len);
    if (!key_queue_name_is_valid(queue))
        return NULL;
    if (p->queues.n == 0 || strcmp(p->queues.items[p->queues.n - 1], queue) != 0)
        names_add(&p->queues, queue, len);
    return p->queues.items[p->queues.n - 1];
}

static const struct kind *
kind_of(struct pass *p, const char *queue, const char *name)
{
    if (p->n_kinds == 0 || p->queue != queue) {
        p->n_kinds = 0;
        p->queue = queue;
        if (queue != NULL)
            list_queue_kinds(p, queue);
        else
            list_own_kinds(p);
    }
    for (size_t i = 0; i < p->n_kinds; i++) {
        const struct kind *k = &p->kinds[i];
        if (strncmp(name, k->name.text, k->name.len) == 0 &&
            (k->is_prefix || name[k->name.len] == '\0'))
            return k;
    }
    return NULL;
}

static void
list_queue_kinds(struct pass *p, const char *queue)
{
    static const struct {
        enum queue_key which;
        const char *type;
        enum key_role role;
        int64_t most;
    } rows[] = {
        {QUEUE_SUSPECTS, "list", ROLE_LIST, 0},   {QUEUE_DELAYED, "zset", ROLE_DELAYED, 0},
        {QUEUE_PARKED, "zset", ROLE_PARKED, 0},   {QUEUE_CANCELLED, "hash", ROLE_MARKS, 0},
        {QUEUE_WAITERS, "hash", ROLE_WAITERS, 0}, {QUEUE_UNIQUE, "hash", ROLE_LOCKS, 0},
        {QUEUE_REASONS, "hash", ROLE_REASONS, 0}, {QUEUE_DEAD, "zset", ROLE_DEAD, DEAD_LETTERS_MAX},
        {QUEUE_WORKERS, "hash", ROLE_NONE, 0},    {QUEUE_BELL, "list", ROLE_NONE, 1},
        {QUEUE_PERMITS, "zset", ROLE_PERMITS, 0}, {QUEUE_BARRED, "zset", ROLE_NONE, 0},
        {QUEUE_BUCKETS, "zset", ROLE_NONE, 0},    {QUEUE_META, "hash", ROLE_NONE, 0},
        {QUEUE_STATS, "hash", ROLE_NONE, 0},
    };
    const char *space = p->c->b->space;
    struct id none = {.text = "", .len = 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        key_of_queue(add_kind(p, false, rows[i].type, rows[i].role), space, queue, rows[i].which);
        p->kinds[p->n_kinds - 1].most = rows[i].most;
    }
    for (unsigned i = 0; i < PRIORITY_COUNT; i++)
        key_ready(add_kind(p, false, "list", ROLE_LIST), space, queue, i);
    key_of_queue(add_kind(p, true, "hash", ROLE_MESSAGES), space, queue, QUEUE_JOBS);
    key_active(add_kind(p, true, "hash", ROLE_ACTIVE), space, queue, "");
    key_results_prefix(add_kind(p, true, "hash", ROLE_NONE), space, queue);
    p->kinds[p->n_kinds - 1].ttl_ms = OUTCOME_TTL_MS;
    key_result_own(add_kind(p, true, "string", ROLE_NONE), space, queue, &none);
    p->kinds[p->n_kinds - 1].ttl_ms = OUTCOME_TTL_MS;
}

static void
list_own_kinds(struct pass *p)
{
    const char *space = p->c->b->space;
    key_queues(add_kind(p, false, "set", ROLE_NONE), space);
    key_events(add_kind(p, false, "stream", ROLE_NONE), space);
    p->kinds[p->n_kinds - 1].most = EVENTS_MAX;
    key_worker(add_kind(p, true, "string", ROLE_NONE), space, "");
    p->kinds[p->n_kinds - 1].ttl_ms = STATE_TTL_MS;
    key_tasks(add_kind(p, true, "string", ROLE_NONE), space, "");
    p->kinds[p->n_kinds - 1].ttl_ms = TASKS_TTL_MS;
}

static struct key *
add_kind(struct pass *p, bool is_prefix, const char *type, enum key_role role)
{
    MUST(p->n_kinds < KINDS_MAX);
    struct kind *k = &p->kinds[p->n_kinds++];
    *k = (struct kind){.is_prefix = is_prefix, .type = type, .role = role};
    return &k->name;
}

static void
keep(struct pass *p, const char *name, const char *queue, enum key_role role)
{
    struct checkup *c = p->c;
    if (c->n_keys == c->capacity) {
        c->capacity = c->capacity == 0 ? 256 : c->capacity * 2;
        c->keys = mem_grow(c->keys, c->capacity, sizeof *c->keys);
    }
    c->keys[c->n_keys++] = (struct checkup_key){name, queue, role};
}

static void
doubt(struct pass *p, const struct doubt *d)
{
    if (p->n_doubts == p->doubts_capacity) {
        size_t capacity = p->doubts_capacity == 0 ? 16 : p->doubts_capacity * 2;
        struct doubt *grown = arena_alloc(p->c->arena, capacity * sizeof *grown);
        if (p->n_doubts > 0)
            memcpy(grown, p->doubts, p->n_doubts * sizeof *grown);
        p->doubts = grown;
        p->doubts_capacity = capacity;
    }
    p->doubts[p->n_doubts++] = *d;
}

/* Asks lengths, then tells, and mends what loses nothing by it. */
static bool
end_doubts(struct pass *p, struct error *err)
{
    struct broker *b = p->c->b;
    bool mends = p->c->asked->mends;
    for (size_t i = 0; i < p->n_doubts; i++) {
        struct doubt *d = &p->doubts[i];
        const char *command = d->most == 0                   ? "PTTL"
                              : strcmp(d->type, "list") == 0 ? "LLEN"
                              : strcmp(d->type, "zset") == 0 ? "ZCARD"
                                                             : "XLEN";
        request_text(exchange_command(b, command, 2), d->name);
    }
    if (!exchange_run(b, take_length, p, err))
        return false;
    for (size_t i = 0; i < p->n_doubts; i++) {
        struct doubt *d = &p->doubts[i];
        bool is_mended = mends && strcmp(d->type, "zset") != 0;
        if (d->most > 0 && d->length > d->most + (d->most > 1 ? SLACK : 0)) {
            tell(p, "over_cap", d->queue, d->name, is_mended,
                 arena_printf(p->c->arena, "It has %lld members, %lld are its cap.",
                              (long long)d->length, (long long)d->most));
        } else if (d->most == 0 && d->length == -1) {
            tell(p, "no_ttl", d->queue, d->name, is_mended,
                 "It has no time to live, so it stays for ever.");
        } else {
            continue;
        }
        if (!is_mended)
            continue;
        bool is_stream = strcmp(d->type, "stream") == 0;
        struct request *r = exchange_command(b,
                                             d->most == 0 ? "PEXPIRE"
                                             : is_stream  ? "XTRIM"
                                                          : "LTRIM",
                                             d->most == 0 ? 3 : 4);
        request_text(r, d->name);
        if (d->most > 0)
            request_text(r, is_stream ? "MAXLEN" : "0");
        request_number(r, d->most == 0 ? d->ttl_ms : is_stream ? d->most : d->most - 1);
    }
    return exchange_run(b, ignore, NULL, err);
}

static bool
take_length(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct pass *p = arg;
    return answer_integer(answer, &p->doubts[i].length) || answer_unexpected(answer, "length", err);
}

static bool
ignore(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    (void)arg;
    (void)i;
    (void)answer;
    (void)err;
    return true;
}

/* A queue that is not in `queues` is seen by nobody who does not name it. */
static bool
check_queues(struct pass *p, struct error *err)
{
    struct names listed = {.arena = p->c->arena};
    struct key key;
    if (!names_of_queues(p->c->b, NULL, &listed, err))
        return false;
    names_sort(&p->queues);
    for (size_t i = 0, k = 0; i < p->queues.n; i++) {
        const char *queue = p->queues.items[i];
        while (k < listed.n && strcmp(listed.items[k], queue) < 0)
            k++;
        if (k < listed.n && strcmp(listed.items[k], queue) == 0)
            continue;
        tell(
            p, "unlisted_queue", queue, NULL, p->c->asked->mends,
            "There are keys of this queue, but it is not in the list of queues: nobody sees it who "
            "does not name it.");
        if (!p->c->asked->mends)
            continue;
        key_queues(&key, p->c->b->space);
        request_text(exchange_on_key(p->c->b, "SADD", &key, 1), queue);
    }
    return exchange_run(p->c->b, ignore, NULL, err);
}

static void
tell(struct pass *p, const char *flaw, const char *queue, const char *key, bool is_mended,
     const char *text)
{
    if (p->tells)
        checkup_tell(p->c, &(struct broker_finding){flaw, text, queue, key, NULL, is_mended});
}
