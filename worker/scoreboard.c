/* Scoreboards in shared memory.
 *
 * A slot has one writer, its compute thread, and readers in other processes. What describes the job
 * is guarded by a sequence number: odd while it changes, and a reader that saw it change reads
 * again. Every word is an atomic, stored with release and loaded with acquire, so that a reader
 * that sees a new word also sees that the sequence has moved.
 *
 * Stop flags go the other way: others write, the thread reads. Between a writer's look at a slot
 * and its store the slot may have gone on to the next job. So the writer also stores which
 * generation it means, and a job that ended because of a flag that was meant for another one
 * (slot_flag_is_stray) simply gets another attempt. */
#include "worker/scoreboard.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"

enum { TEXT_ID, TEXT_TASK, TEXT_QUEUE };
enum { READ_TRIES = 1000 }; /* a process that died while it wrote leaves an odd sequence for ever */

static void store_text(_Atomic uint64_t *words, const char *text);
static void load_text(const _Atomic uint64_t *words, char *text);
static void store_numbers(_Atomic int64_t *n, const struct slot_job *job);
static void load_numbers(const _Atomic int64_t *n, struct slot_job *job);

static size_t
page_round(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

bool
scoreboards_new(struct scoreboards **out, size_t n, struct error *err)
{
    const size_t size = page_round(sizeof(struct scoreboards) + n * sizeof(struct scoreboard));
    struct scoreboards *all =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot map %zu bytes for scoreboards",
                               size);
    all->n = n;
    *out = all;
    return true;
}

void
scoreboards_free(struct scoreboards *all)
{
    if (all != NULL)
        (void)munmap(all,
                     page_round(sizeof(struct scoreboards) + all->n * sizeof(struct scoreboard)));
}

void
scoreboards_keep_only(struct scoreboards *all, size_t seat)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)all;
    const uintptr_t end =
        begin + page_round(sizeof(struct scoreboards) + all->n * sizeof(struct scoreboard));
    const uintptr_t first = (uintptr_t)&all->seats[seat] / page * page;
    const uintptr_t last = page_round((uintptr_t)&all->seats[seat + 1]);

    if (last < end)
        (void)munmap((char *)all + (last - begin), end - last);
    if (first > begin)
        (void)munmap(all, first - begin);
}

struct scoreboard *
scoreboards_take(struct scoreboards *all, uint32_t number, uint32_t n_slots, int64_t now_ms)
{
    for (size_t i = 0; i < all->n; i++) {
        struct scoreboard *s = &all->seats[i];
        if (s->number != 0)
            continue;
        memset(s, 0, offsetof(struct scoreboard, slots) + n_slots * sizeof(struct scoreboard_slot));
        s->n_slots = n_slots;
        s->stamp_ms = now_ms;
        s->number = number;
        return s;
    }
    return NULL;
}

void
scoreboard_release(struct scoreboard *s)
{
    s->number = 0;
}

void
slot_begin(struct scoreboard_slot *slot, const struct slot_job *job)
{
    const uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
    const uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed) + 1;

    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_release);
    atomic_store_explicit(&slot->generation, generation, memory_order_release);
    atomic_store_explicit(&slot->stop, STOP_NONE, memory_order_release);
    atomic_store_explicit(&slot->progress, 0, memory_order_release);
    atomic_store_explicit(&slot->cancelled_ms, 0, memory_order_release);
    atomic_store_explicit(&slot->is_forced, 0, memory_order_release);
    store_text(slot->text[TEXT_ID], job->id);
    store_text(slot->text[TEXT_TASK], job->task);
    store_text(slot->text[TEXT_QUEUE], job->queue);
    store_numbers(slot->numbers, job);
    atomic_store_explicit(&slot->is_running, 1, memory_order_release);
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

void
slot_end(struct scoreboard_slot *slot)
{
    atomic_store_explicit(&slot->is_running, 0, memory_order_release);
}

enum stop_reason
slot_stop_reason(const struct scoreboard_slot *slot)
{
    const uint64_t generation = atomic_load_explicit(&slot->generation, memory_order_relaxed);
    const uint32_t reason = atomic_load_explicit(&slot->stop, memory_order_acquire);
    if (atomic_load_explicit(&slot->stop_for, memory_order_acquire) != generation)
        return STOP_NONE;
    return (enum stop_reason)reason;
}

bool
slot_flag_is_stray(const struct scoreboard_slot *slot)
{
    return atomic_load_explicit(&slot->stop, memory_order_acquire) != STOP_NONE &&
           atomic_load_explicit(&slot->stop_for, memory_order_acquire) !=
               atomic_load_explicit(&slot->generation, memory_order_relaxed);
}

bool
slot_is_running(const struct scoreboard_slot *slot)
{
    return atomic_load_explicit(&slot->is_running, memory_order_acquire) != 0;
}

bool
slot_read(const struct scoreboard_slot *slot, struct slot_view *view)
{
    for (int i = 0; i < READ_TRIES; i++) {
        const uint32_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
        if (!slot_is_running(slot))
            return false;
        if (before % 2 != 0)
            continue;
        load_text(slot->text[TEXT_ID], view->job.id);
        load_text(slot->text[TEXT_TASK], view->job.task);
        load_text(slot->text[TEXT_QUEUE], view->job.queue);
        load_numbers(slot->numbers, &view->job);
        view->generation = atomic_load_explicit(&slot->generation, memory_order_acquire);
        view->progress = atomic_load_explicit(&slot->progress, memory_order_acquire);
        view->stop = slot_stop_reason(slot);
        view->cancelled_ms = atomic_load_explicit(&slot->cancelled_ms, memory_order_acquire);
        view->is_forced = atomic_load_explicit(&slot->is_forced, memory_order_acquire) != 0;
        if (atomic_load_explicit(&slot->sequence, memory_order_acquire) == before)
            return true;
    }
    return false;
}

bool
slot_stop(struct scoreboard_slot *slot, const struct slot_view *view, enum stop_reason reason)
{
    if (atomic_load_explicit(&slot->generation, memory_order_acquire) != view->generation)
        return false;
    atomic_store_explicit(&slot->stop_for, view->generation, memory_order_release);
    atomic_store_explicit(&slot->stop, reason, memory_order_release);
    return atomic_load_explicit(&slot->generation, memory_order_acquire) == view->generation;
}

bool
slot_cancel(struct scoreboard_slot *slot, const struct slot_view *view, bool is_forced,
            int64_t now_ms)
{
    if (atomic_load_explicit(&slot->generation, memory_order_acquire) != view->generation)
        return false;
    if (view->cancelled_ms == 0)
        atomic_store_explicit(&slot->cancelled_ms, now_ms, memory_order_release);
    if (is_forced)
        atomic_store_explicit(&slot->is_forced, 1, memory_order_release);
    return slot_stop(slot, view, STOP_CANCEL);
}

unsigned
scoreboard_busy(const struct scoreboard *s)
{
    unsigned busy = 0;
    for (uint32_t i = 0; i < s->n_slots; i++)
        busy += slot_is_running(&s->slots[i]);
    return busy;
}

/* Only the words that the text fills, with its NUL. */
static void
store_text(_Atomic uint64_t *words, const char *text)
{
    const size_t len = strnlen(text, SCOREBOARD_WORDS * 8 - 1);
    for (size_t at = 0; at <= len; at += 8) {
        uint64_t word = 0;
        memcpy(&word, text + at, len - at < 8 ? len - at : 8);
        atomic_store_explicit(&words[at / 8], word, memory_order_release);
    }
}

static void
load_text(const _Atomic uint64_t *words, char *text)
{
    for (size_t i = 0; i < SCOREBOARD_WORDS; i++) {
        const uint64_t word = atomic_load_explicit(&words[i], memory_order_acquire);
        memcpy(text + 8 * i, &word, 8);
        if (memchr(text + 8 * i, '\0', 8) != NULL)
            return;
    }
    text[SCOREBOARD_WORDS * 8 - 1] = '\0';
}

static void
store_numbers(_Atomic int64_t *n, const struct slot_job *job)
{
    const int64_t values[] = {job->started_ms,    job->started_redis_ms, job->soft_limit_ms,
                              job->hard_limit_ms, job->backoff_ms,       job->backoff_max_ms,
                              job->result_ttl_ms, job->attempts,         job->max_retries,
                              job->crashes,       job->runner_k,         job->has_unique};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        atomic_store_explicit(&n[i], values[i], memory_order_release);
}

static void
load_numbers(const _Atomic int64_t *n, struct slot_job *job)
{
    int64_t v[12];
    for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
        v[i] = atomic_load_explicit(&n[i], memory_order_acquire);
    job->started_ms = v[0];
    job->started_redis_ms = v[1];
    job->soft_limit_ms = v[2];
    job->hard_limit_ms = v[3];
    job->backoff_ms = v[4];
    job->backoff_max_ms = v[5];
    job->result_ttl_ms = v[6];
    job->attempts = (uint32_t)v[7];
    job->max_retries = (uint32_t)v[8];
    job->crashes = (uint32_t)v[9];
    job->runner_k = (uint32_t)v[10];
    job->has_unique = v[11] != 0;
}
