/* Counting and adding up.
 *
 * A row is filled in before it is counted in n_rows, with release, so a reader sees whole names.
 * The tasks of a runner can write to its own seat; whoever reads a seat believes no length in it.
 * Distinct names are bounded: what finds no row any more is counted in the last one, as "other". */
#include "worker/metrics.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"

#define OTHER "other"

const int64_t metrics_bounds_us[METRICS_BUCKETS - 1] = {1000,      5000,      25000,     100000,
                                                        500000,    1000000,   5000000,   30000000,
                                                        120000000, 600000000, 3600000000};

static size_t
page_round(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

static size_t
whole(size_t n)
{
    return page_round(sizeof(struct metrics) + n * sizeof(struct metrics_seat));
}

bool
metrics_new(struct metrics **out, size_t n, struct error *err)
{
    struct metrics *all = mmap(NULL, whole(n), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot map %zu bytes for metrics",
                               whole(n));
    all->n = n;
    *out = all;
    return true;
}

struct metrics_seat *
metrics_keep_only(struct metrics *all, size_t seat)
{
    struct metrics_seat *kept = &all->seats[seat];
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)all, end = begin + whole(all->n);
    const uintptr_t first = (uintptr_t)kept / page * page;
    const uintptr_t last = page_round((uintptr_t)(kept + 1));

    if (last < end)
        (void)munmap((char *)all + (last - begin), end - last);
    if (first > begin)
        (void)munmap(all, first - begin);
    return kept;
}

/* ---- counting: one thread ---- */

static void
add(_Atomic uint64_t *number, uint64_t more)
{
    const uint64_t before = atomic_load_explicit(number, memory_order_relaxed);
    atomic_store_explicit(number, before + more, memory_order_relaxed);
}

static bool
is_named(const char *field, const char *text, size_t len)
{
    return memcmp(field, text, len) == 0 && field[len] == '\0';
}

static struct metrics_row *
find_row(struct metrics_seat *seat, const char *task, size_t task_len, const char *queue)
{
    const size_t queue_len = strnlen(queue, QUEUE_NAME_MAX);
    const uint32_t n = atomic_load_explicit(&seat->n_rows, memory_order_relaxed);
    uint32_t i = 0;

    if (task_len > TASK_NAME_MAX)
        task_len = TASK_NAME_MAX;
    while (i < n && i < METRICS_ROWS - 1 &&
           !(is_named(seat->rows[i].task, task, task_len) &&
             is_named(seat->rows[i].queue, queue, queue_len)))
        i++;
    struct metrics_row *row = &seat->rows[i];
    if (i < n)
        return row;
    const bool is_last = i == METRICS_ROWS - 1;
    memcpy(row->task, is_last ? OTHER : task, is_last ? sizeof(OTHER) : task_len);
    memcpy(row->queue, is_last ? OTHER : queue, is_last ? sizeof(OTHER) : queue_len);
    row->task[is_last ? sizeof(OTHER) - 1 : task_len] = '\0';
    row->queue[is_last ? sizeof(OTHER) - 1 : queue_len] = '\0';
    atomic_store_explicit(&seat->n_rows, i + 1, memory_order_release);
    return row;
}

static void
observe(struct metrics_histogram *h, int64_t us)
{
    size_t i = 0;

    if (us < 0)
        return;
    while (i < METRICS_BUCKETS - 1 && us > metrics_bounds_us[i])
        i++;
    add(&h->buckets[i], 1);
    add(&h->sum_us, (uint64_t)us);
}

void
metrics_count(struct metrics_seat *seat, const struct metrics_end *end)
{
    struct metrics_row *row = find_row(seat, end->task, end->task_len, end->queue);

    add(&row->outcomes[end->outcome], 1);
    observe(&row->wait, end->wait_us);
    observe(&row->run, end->run_us);
}

void
metrics_count_stale(struct metrics_seat *seat)
{
    add(&seat->stale, 1);
}

/* ---- adding up: another process ---- */

static struct metrics_sum *
find_sum(struct metrics_sum *sums, size_t *n, const char *task, const char *queue)
{
    size_t i = 0;

    while (i < *n && (strcmp(sums[i].task, task) != 0 || strcmp(sums[i].queue, queue) != 0))
        i++;
    if (i < *n)
        return &sums[i];
    if (i >= METRICS_ROWS - 1) { /* the last one is for the rest */
        i = METRICS_ROWS - 1;
        task = queue = OTHER;
    }
    if (i >= *n) {
        sums[i] = (struct metrics_sum){.wait_us = 0};
        memcpy(sums[i].task, task, strlen(task) + 1);
        memcpy(sums[i].queue, queue, strlen(queue) + 1);
        *n = i + 1;
    }
    return &sums[i];
}

static void
add_histogram(uint64_t *buckets, uint64_t *sum_us, const struct metrics_histogram *h)
{
    for (size_t i = 0; i < METRICS_BUCKETS; i++)
        buckets[i] += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
    *sum_us += atomic_load_explicit(&h->sum_us, memory_order_relaxed);
}

/* A copy that ends, whatever stands there; a label value needs no escape then either. */
static void
take_name(char *out, const char *name, size_t max)
{
    size_t i = 0;
    for (; i < max && name[i] != '\0'; i++)
        out[i] =
            (char)(name[i] >= ' ' && name[i] < 127 && name[i] != '"' && name[i] != '\\' ? name[i]
                                                                                        : '?');
    out[i] = '\0';
}

static void
add_row(struct metrics_sum *sums, size_t *n, const struct metrics_row *row)
{
    char task[TASK_NAME_MAX + 1], queue[QUEUE_NAME_MAX + 1];

    take_name(task, row->task, TASK_NAME_MAX);
    take_name(queue, row->queue, QUEUE_NAME_MAX);
    struct metrics_sum *sum = find_sum(sums, n, task, queue);
    for (size_t i = 0; i < METRICS_OUTCOMES; i++)
        sum->outcomes[i] += atomic_load_explicit(&row->outcomes[i], memory_order_relaxed);
    add_histogram(sum->wait, &sum->wait_us, &row->wait);
    add_histogram(sum->run, &sum->run_us, &row->run);
}

size_t
metrics_add_up(const struct metrics *all, struct metrics_sum sums[METRICS_ROWS])
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        const uint32_t rows = atomic_load_explicit(&all->seats[i].n_rows, memory_order_acquire);
        for (size_t j = 0; j < rows && j < METRICS_ROWS; j++)
            add_row(sums, &n, &all->seats[i].rows[j]);
    }
    return n;
}
