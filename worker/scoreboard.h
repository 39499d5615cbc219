/* Scoreboards: shared memory in which runners show what they do.
 *
 * One mapping, made by the master before it forks, holds a seat per runner; a runner unmaps all
 * seats but its own. The master judges time limits by it and reads it after a crash; the steward
 * publishes it and sets stop flags. */
#ifndef WORKER_SCOREBOARD_H
#define WORKER_SCOREBOARD_H

#include "client/context.h"
#include "common/id.h"
#include "common/message.h"

#include <stdatomic.h>

enum {
    SCOREBOARD_SLOTS_MAX = 256,
    SCOREBOARD_WORDS = 9
}; /* 9 words hold a text of 64 bytes with its NUL */

/* What a job shows while it runs; also what its end by another process needs to know. */
struct slot_job {
    char id[SCOREBOARD_WORDS * 8], task[SCOREBOARD_WORDS * 8], queue[SCOREBOARD_WORDS * 8];
    int64_t started_ms;       /* CLOCK_MONOTONIC */
    int64_t started_redis_ms; /* Redis TIME */
    int64_t soft_limit_ms, hard_limit_ms;
    int64_t backoff_ms, backoff_max_ms, result_ttl_ms;
    uint32_t attempts, max_retries, crashes;
    uint32_t runner_k; /* the runner's name when the job was reserved: worker_runner_name */
    bool has_unique;
};

struct scoreboard_slot {
    _Alignas(
        64) _Atomic uint32_t sequence; /* odd while the text and numbers below are being changed */
    _Atomic uint32_t is_running;
    _Atomic uint32_t stop;       /* enum stop_reason: what the task polls */
    _Atomic uint32_t progress;   /* in millionths */
    _Atomic uint64_t generation; /* jobs begun in this slot */
    _Atomic uint64_t stop_for;   /* the generation that `stop` is meant for */
    _Atomic int64_t
        cancelled_ms; /* when the cancellation was seen here, CLOCK_MONOTONIC; 0: it was not */
    _Atomic uint32_t is_forced;                 /* the cancellation gives no grace */
    _Atomic uint64_t text[3][SCOREBOARD_WORDS]; /* id, task, queue */
    _Atomic int64_t numbers[12];
};

enum runner_state { RUNNER_STARTING, RUNNER_READY, RUNNER_DRAINING, RUNNER_LEFT };

struct scoreboard {
    _Alignas(64) _Atomic uint32_t number; /* of the runner; 0: the seat is free */
    _Atomic int32_t pid;
    _Atomic uint32_t n_slots;
    _Atomic uint32_t state;       /* enum runner_state */
    _Atomic uint32_t renames;     /* highest k of the names it has had */
    _Atomic uint32_t fault_slot;  /* slot + 1 of the thread that faulted; 0: none */
    _Atomic int32_t fault_signal; /* 0 with a fault_slot: the task ended the process by exit */
    _Atomic uint64_t tasks_hash;  /* of the published signature table; 0: not published yet */
    _Atomic int64_t stamp_ms;     /* the loop's last round, CLOCK_MONOTONIC */
    _Atomic int64_t next_look_ms; /* when the master looks at the limits next */
    _Atomic uint64_t done, failed, stale; /* jobs */
    struct scoreboard_slot slots[SCOREBOARD_SLOTS_MAX];
};

struct scoreboards {
    _Atomic int64_t steward_stamp_ms;
    size_t n;
    struct scoreboard seats[];
};

/* ERROR_UNAVAILABLE if the kernel gives no memory. Untouched seats cost no memory. */
bool scoreboards_new(struct scoreboards **out, size_t n, struct error *err);
void scoreboards_free(struct scoreboards *all);
/* Unmaps all but the pages of one seat: for a runner. */
void scoreboards_keep_only(struct scoreboards *all, size_t seat);
/* A free seat made ready for runner `number`; NULL if there is none. */
struct scoreboard *scoreboards_take(struct scoreboards *all, uint32_t number, uint32_t n_slots,
                                    int64_t now_ms);
void scoreboard_release(struct scoreboard *s);

/* ---- by the thread of the slot ---- */
void slot_begin(struct scoreboard_slot *slot, const struct slot_job *job);
void slot_end(struct scoreboard_slot *slot);
/* Was the job that runs now asked to stop, and why? A flag that was meant for the job before it
 * counts as STOP_NONE. */
enum stop_reason slot_stop_reason(const struct scoreboard_slot *slot);
bool slot_flag_is_stray(
    const struct scoreboard_slot *slot); /* there is a flag, and it is meant for another job */

/* ---- by others ---- */
struct slot_view {
    struct slot_job job;
    uint64_t generation;
    uint32_t progress;
    enum stop_reason stop; /* STOP_NONE if meant for another job */
    int64_t cancelled_ms;
    bool is_forced;
};
/* False: nothing runs there. */
bool slot_read(const struct scoreboard_slot *slot, struct slot_view *view);
/* The cheap part of slot_read. */
bool slot_is_running(const struct scoreboard_slot *slot);
/* Asks the job that `view` saw to stop. False: that job has ended. */
bool slot_stop(struct scoreboard_slot *slot, const struct slot_view *view, enum stop_reason reason);
/* As slot_stop for a cancellation, which begins its grace time; repeated calls keep the first time.
 */
bool slot_cancel(struct scoreboard_slot *slot, const struct slot_view *view, bool is_forced,
                 int64_t now_ms);
unsigned scoreboard_busy(const struct scoreboard *s); /* slots that run a job */

#endif
