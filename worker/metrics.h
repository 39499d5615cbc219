/* Metrics: numbers in shared memory that a worker's processes count in and `--http` shows.
 *
 * One mapping of its own, made by the master before it forks. A seat's numbers belong to whichever
 * runner has that seat of the scoreboards and stay when it ends, so sums over all seats never go
 * down. A seat has one writer, the runner's loop thread: counting takes no lock and no atomic
 * read-modify-write. A runner unmaps all seats but its own. */
#ifndef WORKER_METRICS_H
#define WORKER_METRICS_H

#include "common/message.h"

#include <stdatomic.h>

enum {
    METRICS_ROWS = 64,    /* pairs of task and queue per seat; the last one is for the rest */
    METRICS_BUCKETS = 12, /* of a histogram, with the last one for what is longer than all bounds */
    METRICS_SIGNALS = 65,
};

enum metrics_outcome {
    METRICS_SUCCESS,
    METRICS_FAILURE,
    METRICS_RETRY,
    METRICS_CANCELLED,
    METRICS_EXPIRED,
    METRICS_DEAD,
    METRICS_OUTCOMES
};

struct metrics_histogram {
    _Atomic uint64_t buckets[METRICS_BUCKETS]; /* not cumulative */
    _Atomic uint64_t sum_us;
};

struct metrics_row {
    char task[TASK_NAME_MAX + 1], queue[QUEUE_NAME_MAX + 1]; /* constant once the row counts */
    _Atomic uint64_t outcomes[METRICS_OUTCOMES];
    struct metrics_histogram wait, run;
};

struct metrics_seat {
    _Alignas(64) _Atomic uint32_t n_rows;
    _Atomic uint64_t stale; /* finishes refused: the job was not this runner's any more */
    struct metrics_row rows[METRICS_ROWS];
};

struct metrics {
    /* by the master */
    _Atomic uint32_t state; /* enum worker_state */
    _Atomic int32_t steward_pid;
    _Atomic uint64_t crashes[METRICS_SIGNALS]; /* runners that ended by a signal nobody here sent */
    /* by the steward */
    _Atomic uint64_t recovered;        /* jobs given back that dead runners and workers held */
    _Atomic uint64_t buried;           /* and those that became dead letters by it */
    _Atomic int64_t round_trip_us;     /* of the last beat */
    _Atomic int64_t redis_answered_ms; /* when it was answered, CLOCK_MONOTONIC; 0: never */
    size_t n;
    struct metrics_seat seats[]; /* the steward's is the last one */
};

/* Upper bounds of the buckets but the last, in microseconds, ascending. */
extern const int64_t metrics_bounds_us[METRICS_BUCKETS - 1];

/* ERROR_UNAVAILABLE if the kernel gives no memory. Untouched seats cost none. */
bool metrics_new(struct metrics **out, size_t n, struct error *err);
/* Unmaps all but the pages of one seat, which is returned: for a runner. */
struct metrics_seat *metrics_keep_only(struct metrics *all, size_t seat);

/* One end of an attempt. run_us, wait_us: -1 not known. */
struct metrics_end {
    const char *task;
    size_t task_len;
    const char *queue;
    enum metrics_outcome outcome;
    int64_t wait_us, run_us;
};
void metrics_count(struct metrics_seat *seat, const struct metrics_end *end);
void metrics_count_stale(struct metrics_seat *seat);

/* Plain sums over all seats, one row per pair of task and queue; at most METRICS_ROWS of them, the
 * last one for the rest. */
struct metrics_sum {
    char task[TASK_NAME_MAX + 1], queue[QUEUE_NAME_MAX + 1];
    uint64_t outcomes[METRICS_OUTCOMES];
    uint64_t wait[METRICS_BUCKETS], run[METRICS_BUCKETS], wait_us, run_us;
};
size_t metrics_add_up(const struct metrics *all, struct metrics_sum sums[METRICS_ROWS]);

#endif
