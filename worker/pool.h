/* Threads that run what they are given, in order of submission, and nothing else.
 *
 * One thread (the loop) submits, withdraws and takes what is done; the pool's threads run. */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

struct pool;

/* Embedded in what is run, as its first member. */
struct pool_item {
    struct pool_item *next;
    int64_t submitted_us; /* CLOCK_MONOTONIC; set by pool_submit */
};

struct pool_list {
    struct pool_item *first, *last;
    size_t n;
};
#define POOL_LIST_INIT ((struct pool_list){NULL, NULL, 0})
void pool_list_append(struct pool_list *list, struct pool_item *item);
void pool_list_join(struct pool_list *list, struct pool_list *tail); /* tail is empty afterwards */
struct pool_item *pool_list_take(struct pool_list *list);            /* the first; NULL: empty */

struct pool_settings {
    unsigned threads;
    size_t stack_bytes;
    int spin_us; /* how long a thread looks for more work before it sleeps */
    void *arg;
    /* Called in each thread before its first and after its last item. A begin that fails makes
     * pool_new fail. */
    bool (*begin)(void *arg, unsigned slot, struct error *err);
    void (*run)(void *arg, unsigned slot, struct pool_item *item);
    void (*end)(void *arg, unsigned slot);
};

/* All signals but faults are blocked in the threads. ERROR_UNAVAILABLE: no thread to be had; or
 * what `begin` said. */
bool pool_new(struct pool **out, const struct pool_settings *settings, struct error *err);
/* What waits is dropped, what runs is waited for. */
void pool_free(struct pool *p);

/* Takes the items over; `list` is empty afterwards. */
void pool_submit(struct pool *p, struct pool_list *list);
/* Takes back those that no thread has begun and that were submitted before `before_us`, in order.
 */
void pool_withdraw(struct pool *p, int64_t before_us, struct pool_list *out);
/* Submission time of the oldest item that waits; -1: none waits. */
int64_t pool_oldest_us(struct pool *p);

/* Readable when something is done or pool_poke was called. */
int pool_fd(const struct pool *p);
/* Appends what was done since the last call, in order of ending, and makes pool_fd quiet again. */
void pool_take_done(struct pool *p, struct pool_list *out);
/* Makes pool_fd readable, from any thread. */
void pool_poke(struct pool *p);

#endif
