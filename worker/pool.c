/* Thread pool.
 *
 *   loop --submit--> [ready list] --> threads --> [done list] + eventfd --> loop
 *
 * Two lists with a lock each; no thread ever holds both. Work is taken first in, first out, one
 * item at a time, so that no thread sits on work that another could do. A thread is woken only if
 * one sleeps, and the eventfd is written only when the done list was empty: a busy pool makes no
 * system call per item. The loop takes the whole done list under the lock and works on it unlocked.
 *
 * A thread that has run something may look for more during `spin_us` before it sleeps; it watches
 * an atomic count, not the lock. The wake-up of a sleeping thread costs the loop a system call and
 * the item some 50 us; spinning costs a core that something else may need, so it is short. */
#include "worker/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "worker/stack.h"

struct pool_thread {
    struct pool *pool;
    pthread_t thread;
    unsigned slot;
};

struct pool {
    struct pool_settings settings;
    struct pool_thread *threads;
    unsigned n_started;
    int event_fd;

    pthread_mutex_t ready_lock;
    pthread_cond_t ready_grew;
    struct pool_list ready;
    atomic_size_t n_ready; /* copy of ready.n, to be watched without the lock */
    unsigned sleepers;
    bool is_ending;

    pthread_mutex_t done_lock;
    pthread_cond_t begun; /* with done_lock: n_begun or has_failed changed */
    struct pool_list done;
    unsigned n_begun;
    bool has_failed;
    struct error begin_error;
};

static bool start_threads(struct pool *p, struct error *err);
static bool wait_begun(struct pool *p, struct error *err);
static void *thread_main(void *arg);
static struct pool_item *next_item(struct pool *p, bool may_spin);
static void spin(struct pool *p);
static void put_done(struct pool *p, struct pool_item *item);

void
pool_list_append(struct pool_list *list, struct pool_item *item)
{
    item->next = NULL;
    if (list->last != NULL)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->n++;
}

void
pool_list_join(struct pool_list *list, struct pool_list *tail)
{
    if (tail->first == NULL)
        return;
    if (list->last != NULL)
        list->last->next = tail->first;
    else
        list->first = tail->first;
    list->last = tail->last;
    list->n += tail->n;
    *tail = POOL_LIST_INIT;
}

struct pool_item *
pool_list_take(struct pool_list *list)
{
    struct pool_item *item = list->first;
    if (item == NULL)
        return NULL;
    list->first = item->next;
    if (list->first == NULL)
        list->last = NULL;
    list->n--;
    item->next = NULL;
    return item;
}

bool
pool_new(struct pool **out, const struct pool_settings *settings, struct error *err)
{
    struct pool *p = mem_zero(sizeof(*p));
    p->settings = *settings;
    p->threads = mem_array(settings->threads, sizeof(*p->threads));
    MUST(pthread_mutex_init(&p->ready_lock, NULL) == 0 &&
         pthread_cond_init(&p->ready_grew, NULL) == 0);
    MUST(pthread_mutex_init(&p->done_lock, NULL) == 0 && pthread_cond_init(&p->begun, NULL) == 0);
    p->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const bool is_open = p->event_fd >= 0 || error_set_errno(err, ERROR_UNAVAILABLE, "eventfd");
    if (!is_open || !start_threads(p, err) || !wait_begun(p, err)) {
        pool_free(p);
        return false;
    }
    *out = p;
    return true;
}

void
pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    MUST(pthread_mutex_lock(&p->ready_lock) == 0);
    p->is_ending = true;
    p->ready = POOL_LIST_INIT;
    atomic_store_explicit(&p->n_ready, 0, memory_order_relaxed);
    MUST(pthread_cond_broadcast(&p->ready_grew) == 0);
    MUST(pthread_mutex_unlock(&p->ready_lock) == 0);
    for (unsigned i = 0; i < p->n_started; i++)
        MUST(pthread_join(p->threads[i].thread, NULL) == 0);
    (void)pthread_cond_destroy(&p->begun);
    (void)pthread_mutex_destroy(&p->done_lock);
    (void)pthread_cond_destroy(&p->ready_grew);
    (void)pthread_mutex_destroy(&p->ready_lock);
    if (p->event_fd >= 0)
        (void)close(p->event_fd);
    free(p->threads);
    free(p);
}

void
pool_submit(struct pool *p, struct pool_list *list)
{
    const int64_t now = clock_mono_us();
    for (struct pool_item *i = list->first; i != NULL; i = i->next)
        i->submitted_us = now;

    MUST(pthread_mutex_lock(&p->ready_lock) == 0);
    const size_t added = list->n;
    const unsigned sleepers = p->sleepers;
    pool_list_join(&p->ready, list);
    atomic_store_explicit(&p->n_ready, p->ready.n, memory_order_relaxed);
    MUST(pthread_mutex_unlock(&p->ready_lock) == 0);

    for (size_t i = 0; i < added && i < sleepers; i++)
        MUST(pthread_cond_signal(&p->ready_grew) == 0);
}

void
pool_withdraw(struct pool *p, int64_t before_us, struct pool_list *out)
{
    MUST(pthread_mutex_lock(&p->ready_lock) == 0);
    while (p->ready.first != NULL && p->ready.first->submitted_us < before_us)
        pool_list_append(out, pool_list_take(&p->ready));
    atomic_store_explicit(&p->n_ready, p->ready.n, memory_order_relaxed);
    MUST(pthread_mutex_unlock(&p->ready_lock) == 0);
}

int64_t
pool_oldest_us(struct pool *p)
{
    MUST(pthread_mutex_lock(&p->ready_lock) == 0);
    const int64_t oldest = p->ready.first != NULL ? p->ready.first->submitted_us : -1;
    MUST(pthread_mutex_unlock(&p->ready_lock) == 0);
    return oldest;
}

int
pool_fd(const struct pool *p)
{
    return p->event_fd;
}

void
pool_take_done(struct pool *p, struct pool_list *out)
{
    eventfd_t count;
    (void)eventfd_read(p->event_fd,
                       &count); /* before the list is taken: what comes later writes again */
    MUST(pthread_mutex_lock(&p->done_lock) == 0);
    struct pool_list done = p->done;
    p->done = POOL_LIST_INIT;
    MUST(pthread_mutex_unlock(&p->done_lock) == 0);
    pool_list_join(out, &done);
}

void
pool_poke(struct pool *p)
{
    (void)eventfd_write(p->event_fd, 1);
}

static bool
start_threads(struct pool *p, struct error *err)
{
    pthread_attr_t attr;
    sigset_t blocked, before;

    MUST(sigfillset(&blocked) == 0);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        MUST(sigdelset(&blocked, faults[i]) == 0);
    MUST(sigdelset(&blocked, stack_signal()) == 0);
    MUST(pthread_attr_init(&attr) == 0);
    if (p->settings.stack_bytes > 0)
        MUST(pthread_attr_setstacksize(&attr, p->settings.stack_bytes) == 0);
    MUST(pthread_sigmask(SIG_SETMASK, &blocked, &before) == 0);
    int failed = 0;
    for (unsigned i = 0; i < p->settings.threads && failed == 0; i++) {
        p->threads[i] = (struct pool_thread){.pool = p, .slot = i};
        failed = pthread_create(&p->threads[i].thread, &attr, thread_main, &p->threads[i]);
        p->n_started += failed == 0;
    }
    MUST(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    (void)pthread_attr_destroy(&attr);
    errno = failed;
    return failed == 0 || error_set_errno(err, ERROR_UNAVAILABLE, "cannot start a thread");
}

static bool
wait_begun(struct pool *p, struct error *err)
{
    MUST(pthread_mutex_lock(&p->done_lock) == 0);
    while (p->n_begun < p->settings.threads && !p->has_failed)
        MUST(pthread_cond_wait(&p->begun, &p->done_lock) == 0);
    const bool has_failed = p->has_failed;
    if (has_failed && err != NULL)
        *err = p->begin_error;
    MUST(pthread_mutex_unlock(&p->done_lock) == 0);
    return !has_failed;
}

static bool
begin_thread(struct pool *p, unsigned slot)
{
    struct error err = ERROR_INIT;
    const bool ok = p->settings.begin == NULL || p->settings.begin(p->settings.arg, slot, &err);

    MUST(pthread_mutex_lock(&p->done_lock) == 0);
    if (ok)
        p->n_begun++;
    else if (!p->has_failed) {
        p->has_failed = true;
        p->begin_error = err;
    }
    MUST(pthread_cond_signal(&p->begun) == 0);
    MUST(pthread_mutex_unlock(&p->done_lock) == 0);
    return ok;
}

static void *
thread_main(void *arg)
{
    const struct pool_thread *me = arg;
    struct pool *p = me->pool;

    if (!begin_thread(p, me->slot))
        return NULL;
    struct pool_item *item = next_item(p, false);
    while (item != NULL) {
        p->settings.run(p->settings.arg, me->slot, item);
        put_done(p, item);
        item = next_item(p, true);
    }
    if (p->settings.end != NULL)
        p->settings.end(p->settings.arg, me->slot);
    return NULL;
}

/* NULL: the pool ends. */
static struct pool_item *
next_item(struct pool *p, bool may_spin)
{
    if (may_spin && p->settings.spin_us > 0)
        spin(p);
    MUST(pthread_mutex_lock(&p->ready_lock) == 0);
    while (p->ready.first == NULL && !p->is_ending) {
        p->sleepers++;
        MUST(pthread_cond_wait(&p->ready_grew, &p->ready_lock) == 0);
        p->sleepers--;
    }
    struct pool_item *item = pool_list_take(&p->ready);
    atomic_store_explicit(&p->n_ready, p->ready.n, memory_order_relaxed);
    MUST(pthread_mutex_unlock(&p->ready_lock) == 0);
    return item;
}

static void
spin(struct pool *p)
{
    enum { LOOKS_PER_CLOCK = 64 };
    const int64_t end = clock_mono_us() + p->settings.spin_us;
    do {
        for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
            if (atomic_load_explicit(&p->n_ready, memory_order_relaxed) > 0)
                return;
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
    } while (clock_mono_us() < end);
}

static void
put_done(struct pool *p, struct pool_item *item)
{
    MUST(pthread_mutex_lock(&p->done_lock) == 0);
    const bool was_empty = p->done.first == NULL;
    pool_list_append(&p->done, item);
    MUST(pthread_mutex_unlock(&p->done_lock) == 0);
    if (was_empty)
        (void)eventfd_write(p->event_fd, 1);
}
