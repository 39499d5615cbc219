/* Waiting for outcomes.
 *
 * Jobs are enqueued together with the feed's channel, so that the commit script pushes each outcome
 * there. The open ids stand in a hash table; whatever the feed brings is looked up in it, and what
 * is not there (freed meanwhile, told twice) is dropped.
 *
 * Three things may lose a push: the feed's connection is cut, Redis restarts, the registration in
 * Redis expires. So after each reconnect, and once in CHECK_MS besides, all open ids are registered
 * again with broker_watch, which delivers what exists already. Each id is told at most once, since
 * it leaves the table first.
 *
 *     up --- feed cut or registering fails ---> lost --- reopened and all registered ---> up
 *
 * While lost, a new try is made after 50 ms, 100 ms, ... 1 s. The clock here is the monotonic one
 * and decides about nothing but when to try. */
#include "client/watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"

enum {
    BUCKETS_FIRST = 64,
    BATCH = 1000, /* ids registered by one script */
    DRAIN = 64, /* pushes taken in at once, so that a flood does not keep the caller from sending */
    CHECK_MS = 30000,
    RETRY_FIRST_MS = 50,
    RETRY_MAX_MS = 1000,
    OUTAGE_DEFAULT_MS = 60000,
};

/* The ids of one round of registering. */
struct snapshot {
    struct watch_ref {
        struct id id;
        const char *queue;
    } * refs;
    size_t n;
};

static size_t bucket_of(const struct watcher *w, const struct id *id);
static void grow(struct watcher *w);
static struct watch *take(struct watcher *w, const struct id *id);
static void on_outcome(void *arg, const struct id *id, const char *outcome, size_t len);
static void lose(struct watcher *w, const struct error *err);
static bool recover(struct watcher *w, int64_t deadline_ms, struct error *err);
static bool register_all(struct watcher *w, struct error *err);
static bool register_batch(struct watcher *w, const struct watch_ref *refs, size_t n,
                           struct error *err);
static int compare_refs(const void *a, const void *b);
static int left_ms(int64_t deadline_ms);
static void nap(int ms);
static bool is_passing(const struct error *err);

void
watcher_init(struct watcher *w, const struct broker_settings *settings, struct broker *broker)
{
    *w = (struct watcher){.settings = *settings, .broker = broker, .outage_ms = OUTAGE_DEFAULT_MS};
    w->n_buckets = BUCKETS_FIRST;
    w->buckets = mem_array(w->n_buckets, sizeof(struct watch *));
    w->check_at_ms = clock_mono_ms() + CHECK_MS;
}

void
watcher_clear(struct watcher *w)
{
    broker_feed_close(w->feed);
    free(w->buckets);
    *w = (struct watcher){0};
}

bool
watcher_start(struct watcher *w, struct error *err)
{
    if (w->feed) {
        return true;
    }
    return broker_feed_open(&w->feed, &w->settings, err);
}

const char *
watcher_channel(const struct watcher *w)
{
    return w->feed ? broker_feed_channel(w->feed) : NULL;
}

int
watcher_fd(const struct watcher *w)
{
    return w->feed && !w->lost_at_ms ? broker_feed_fd(w->feed) : -1;
}

void
watcher_add(struct watcher *w, struct watch *watch)
{
    size_t i;

    if (w->count >= w->n_buckets) {
        grow(w);
    }
    i = bucket_of(w, &watch->id);
    watch->next = w->buckets[i];
    w->buckets[i] = watch;
    w->count++;
}

void
watcher_add_late(struct watcher *w, struct watch *watch)
{
    watcher_add(w, watch);
    w->check_at_ms = 0;
}

void
watcher_remove(struct watcher *w, struct watch *watch)
{
    for (struct watch **at = &w->buckets[bucket_of(w, &watch->id)]; *at; at = &(*at)->next) {
        if (*at == watch) {
            *at = watch->next;
            w->count--;
            return;
        }
    }
}

bool
watcher_wait(struct watcher *w, int timeout_ms, struct error *err)
{
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    size_t before = w->count;

    if (!watcher_start(w, err)) {
        return false;
    }
    for (;;) {
        int64_t now_ms = clock_mono_ms();
        int wait_ms = left_ms(deadline_ms < w->check_at_ms ? deadline_ms : w->check_at_ms);
        struct error trouble = ERROR_INIT;

        if (w->lost_at_ms) {
            if (!recover(w, deadline_ms, err)) {
                return false;
            }
        } else if (now_ms >= w->check_at_ms) {
            if (!register_all(w, &trouble)) {
                lose(w, &trouble);
            }
        } else if (broker_feed_wait(w->feed, wait_ms, on_outcome, w, &trouble)) {
            /* What else has arrived lies in the connection's buffer, where poll(2) cannot see it.
             */
            for (int i = 0; i < DRAIN && broker_feed_wait(w->feed, 0, on_outcome, w, &trouble);
                 i++) {
            }
        }
        if (trouble.code != ERROR_NONE && trouble.code != ERROR_TIMEOUT && !w->lost_at_ms) {
            lose(w, &trouble);
        }
        if (w->count < before) {
            return true;
        }
        if (clock_mono_ms() >= deadline_ms) {
            return error_set(err, ERROR_TIMEOUT, "no outcome within %d ms", timeout_ms);
        }
    }
}

static size_t
bucket_of(const struct watcher *w, const struct id *id)
{
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < id->len; i++) {
        h = (h ^ (unsigned char)id->text[i]) * 1099511628211u;
    }
    return (size_t)(h ^ (h >> 32)) & (w->n_buckets - 1);
}

static void
grow(struct watcher *w)
{
    struct watch **old = w->buckets;
    size_t n_old = w->n_buckets;

    w->n_buckets *= 2;
    w->buckets = mem_array(w->n_buckets, sizeof(struct watch *));
    for (size_t i = 0; i < n_old; i++) {
        for (struct watch *next, *at = old[i]; at; at = next) {
            size_t to = bucket_of(w, &at->id);
            next = at->next;
            at->next = w->buckets[to];
            w->buckets[to] = at;
        }
    }
    free(old);
}

static struct watch *
take(struct watcher *w, const struct id *id)
{
    for (struct watch **at = &w->buckets[bucket_of(w, id)]; *at; at = &(*at)->next) {
        struct watch *found = *at;
        if (id_equal(&found->id, id)) {
            *at = found->next;
            w->count--;
            return found;
        }
    }
    return NULL;
}

static void
on_outcome(void *arg, const struct id *id, const char *outcome, size_t len)
{
    struct watch *watch;

    while ((watch = take(arg, id))) { /* several may wait for the same job */
        watch->on_news(watch, outcome ? WATCH_OUTCOME : WATCH_LARGE, outcome, len);
    }
}

static void
lose(struct watcher *w, const struct error *err)
{
    char line[ERROR_MESSAGE_MAX + 64];

    if (!w->lost_at_ms) {
        w->lost_at_ms = clock_mono_ms();
        w->retry_delay_ms = RETRY_FIRST_MS;
        w->retry_at_ms = w->lost_at_ms;
    }
    if (w->on_outage && !w->was_told) {
        snprintf(line, sizeof line, "connection lost, trying again: %s", err->message);
        w->on_outage(w->arg, line);
        w->was_told = true;
    }
}

/* One try, after the pause that is due. True: up again, or to be tried again. */
static bool
recover(struct watcher *w, int64_t deadline_ms, struct error *err)
{
    struct error trouble = ERROR_INIT;

    nap(left_ms(deadline_ms < w->retry_at_ms ? deadline_ms : w->retry_at_ms));
    if (clock_mono_ms() < w->retry_at_ms) {
        return true;
    }
    if (broker_feed_reopen(w->feed, &trouble) && register_all(w, &trouble)) {
        w->lost_at_ms = 0;
        if (w->on_outage && w->was_told) {
            w->on_outage(w->arg, "connected again");
        }
        w->was_told = false;
        return true;
    }
    if (!is_passing(&trouble) ||
        (w->outage_ms >= 0 && clock_mono_ms() - w->lost_at_ms >= w->outage_ms)) {
        w->lost_at_ms = clock_mono_ms(); /* whoever waits again gets the whole time again */
        return error_set(err, trouble.code, "%s", trouble.message);
    }
    w->retry_at_ms = clock_mono_ms() + w->retry_delay_ms;
    w->retry_delay_ms *= 2;
    if (w->retry_delay_ms > RETRY_MAX_MS) {
        w->retry_delay_ms = RETRY_MAX_MS;
    }
    return true;
}

/* Works on a copy of the ids: outcomes that exist already change the table meanwhile. */
static bool
register_all(struct watcher *w, struct error *err)
{
    struct snapshot all = {mem_array(w->count + 1, sizeof(struct watch_ref)), 0};
    bool ok = true;

    for (size_t i = 0; i < w->n_buckets; i++) {
        for (const struct watch *at = w->buckets[i]; at; at = at->next) {
            all.refs[all.n++] = (struct watch_ref){at->id, at->queue};
        }
    }
    qsort(all.refs, all.n, sizeof *all.refs, compare_refs);
    for (size_t begin = 0, n; ok && begin < all.n; begin += n) {
        for (n = 1; begin + n < all.n && n < BATCH; n++) {
            if (strcmp(all.refs[begin].queue, all.refs[begin + n].queue) != 0) {
                break;
            }
        }
        ok = register_batch(w, all.refs + begin, n, err);
    }
    free(all.refs);
    if (ok) {
        w->check_at_ms = clock_mono_ms() + CHECK_MS;
    }
    return ok;
}

static bool
register_batch(struct watcher *w, const struct watch_ref *refs, size_t n, struct error *err)
{
    struct id *ids = mem_array(n, sizeof *ids);
    bool *missing = mem_array(n, sizeof *missing);
    bool ok;

    for (size_t i = 0; i < n; i++) {
        ids[i] = refs[i].id;
    }
    ok = broker_watch(w->broker, refs[0].queue, ids, n, watcher_channel(w), on_outcome, w, missing,
                      err);
    for (size_t i = 0; ok && i < n; i++) {
        struct watch *watch;
        while (missing[i] && (watch = take(w, &ids[i]))) {
            watch->on_news(watch, WATCH_GONE, NULL, 0);
        }
    }
    free(ids);
    free(missing);
    return ok;
}

/* By queue, then by age: jobs of one bucket lie together in Redis. */
static int
compare_refs(const void *a, const void *b)
{
    const struct watch_ref *x = a, *y = b;
    int order = strcmp(x->queue, y->queue);

    return order ? order : strcmp(x->id.text, y->id.text);
}

static int
left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_mono_ms();

    return left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

static void
nap(int ms)
{
    if (ms > 0) {
        poll(NULL, 0, ms);
    }
}

static bool
is_passing(const struct error *err)
{
    return err->code == ERROR_UNAVAILABLE || err->code == ERROR_TRY_LATER ||
           err->code == ERROR_TIMEOUT;
}
