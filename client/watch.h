/* Waiting for outcomes: the ids that are still open, and the feed that tells of them. */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include "broker/broker.h"

enum watch_news {
    WATCH_OUTCOME, /* here are its bytes */
    WATCH_LARGE,   /* it exists, but is too large to be pushed: broker_find gives it */
    WATCH_GONE,    /* the broker knows nothing of the job (any more) */
};

struct watch;
/* Called from watcher_wait alone, after the watch has been taken out of the watcher. The bytes live
 * until it returns. It must not add or remove other watches. */
typedef void watch_fn(struct watch *w, enum watch_news news, const char *outcome, size_t len);

/* One awaited job; embedded in what waits. */
struct watch {
    struct id id;
    const char *queue; /* outlives the watch */
    watch_fn *on_news;
    struct watch *next; /* in its bucket */
};

struct watcher {
    struct broker_settings settings; /* strings borrowed */
    struct broker *broker;           /* borrowed, for registering */
    struct broker_feed *feed;        /* NULL until it is needed */
    struct watch **buckets;
    size_t n_buckets, count;
    int64_t check_at_ms; /* when all open ids are registered again */
    int64_t lost_at_ms;  /* since when the feed is lost; 0: it is up */
    int64_t retry_at_ms; /* next try to reopen it */
    int retry_delay_ms;
    int64_t outage_ms; /* how long that is borne; -1: for ever */
    bool was_told;     /* on_outage has been called for this loss */
    void (*on_outage)(void *arg, const char *line);
    void *arg;
};

void watcher_init(struct watcher *w, const struct broker_settings *settings, struct broker *broker);
void watcher_clear(struct watcher *w);

/* Opens the feed if it is not open; its channel goes with broker_enqueue. */
bool watcher_start(struct watcher *w, struct error *err);
const char *watcher_channel(const struct watcher *w);
int watcher_fd(const struct watcher *w); /* -1: none, or lost */

/* For jobs that were enqueued with the channel. */
void watcher_add(struct watcher *w, struct watch *watch);
void watcher_remove(struct watcher *w,
                    struct watch *watch); /* nothing happens if it is not there */
/* For any other job: registers it; news that exist already come in the next watcher_wait. */
void watcher_add_late(struct watcher *w, struct watch *watch);

/* Takes in news; returns after the first batch. Reconnects, and registers all open ids again.
 * False: ERROR_TIMEOUT (nothing came within timeout_ms; -1: no limit), ERROR_UNAVAILABLE (lost for
 * longer than outage_ms), or what a new connection was refused with. */
bool watcher_wait(struct watcher *w, int timeout_ms, struct error *err);

#endif
