/* Job messages and outcomes: the bytes in Redis. msgpack lives behind this header alone.
 * docs/protocol.md draws both.
 *
 * A message is MESSAGE_HEAD bytes that scripts read and change, the uniqueness key, the limit key
 * behind its length if a flag says that there is one, and a msgpack map with small integer keys
 * (below 64); unknown keys are skipped, absent ones have the default. An outcome is a msgpack map
 * of the same kind. Before anything is allocated a scan checks sizes, depth (16) and counts, that
 * there is one object and nothing behind it. */
#ifndef COMMON_MESSAGE_H
#define COMMON_MESSAGE_H

#include "common/buffer.h"
#include "common/error.h"
#include "common/id.h"
#include "common/value.h"

enum {
    MESSAGE_VERSION = 1,
    MESSAGE_HEAD = 8, /* version, priority '0'..'9', attempts (2, big-endian), crashes, lost, flags,
                         length of key */
    MESSAGE_MAX_DEFAULT = 1 << 20,
    MESSAGE_MAX_LEAST = 1 << 10,
    MESSAGE_MAX_MOST = 64 << 20,
    RESULT_MAX_DEFAULT = 16 << 20,
    RESULT_MAX_LEAST = 1 << 10,
    RESULT_MAX_MOST = 256 << 20,
    MESSAGE_DEPTH_MAX = 16,
    TASK_NAME_MAX = 64,
    QUEUE_NAME_MAX = 64,
    UNIQUE_KEY_MAX = 128,
    LIMIT_KEY_MAX = 128,
};

enum { MESSAGE_SUSPECT = 1, MESSAGE_HAS_LIMIT_KEY = 2 }; /* flags */

struct message {
    /* head */
    uint8_t priority;  /* 0..9 */
    uint16_t attempts; /* charged failures so far */
    uint8_t crashes, lost, flags;
    const char *unique; /* NULL: none */
    size_t unique_len;
    const char *limit_key; /* NULL: none; no control characters */
    size_t limit_key_len;
    /* body; pointers live in the arena or in the bytes that were decoded */
    const char *task;
    size_t task_len;
    const struct celeriac_value *args;    /* ARRAY or NULL */
    const struct celeriac_value *kwargs;  /* OBJECT or NULL */
    const struct celeriac_value *tags;    /* OBJECT or NULL */
    int64_t expires_at_ms;                /* 0: never */
    int32_t max_retries;                  /* -1: the task's default, else 3 */
    int64_t backoff_ms, backoff_max_ms;   /* 0: 1 s, 10 min */
    int64_t soft_limit_ms, hard_limit_ms; /* 0: none; the hard one counts from the start, too */
    int64_t result_ttl_ms;                /* -1: the default, 1 day; 0: not kept */
    uint32_t chunk; /* 0: one job; n: args is an array of n argument lists (map --chunk) */
};

#define MESSAGE_INIT ((struct message){.priority = 5, .max_retries = -1, .result_ttl_ms = -1})

enum job_state {
    JOB_UNKNOWN,
    JOB_DELAYED,
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_SUCCESS,
    JOB_FAILURE,
    JOB_CANCELLED,
    JOB_EXPIRED,
    JOB_DEAD,
};
const char *job_state_name(enum job_state state); /* "queued", ... */
bool job_state_parse(const char *name, enum job_state *state);
bool job_state_is_final(enum job_state state);

struct outcome {
    enum job_state state;                                  /* a final one */
    const struct celeriac_value *result;                   /* NULL: none */
    const char *error_type, *error_message, *error_signal; /* NUL-terminated or NULL */
    const char *task, *worker;                             /* NUL-terminated or NULL */
    int64_t started_at_ms, finished_at_ms;                 /* Redis time; 0: never started */
    int64_t runtime_us;
    uint32_t attempt, crashes;
};

#define OUTCOME_INIT ((struct outcome){.state = JOB_UNKNOWN})

/* 1 to LIMIT_KEY_MAX bytes of UTF-8 without control characters. */
bool message_limit_key_is_valid(const char *key, size_t len);
/* Appends the message. ERROR_DATA if a name, a key or the whole is too large (`limit` bytes). */
bool message_encode(const struct message *m, size_t limit, struct buffer *out, struct error *err);
/* Values go to the arena; text and unique point into `data`, which must outlive `m`. ERROR_DATA on
 * bad bytes. */
bool message_decode(const void *data, size_t len, struct celeriac_arena *arena, struct message *m,
                    struct error *err);
/* The head and the task name alone, without allocating: for listings and for messages whose body
 * cannot be read. */
bool message_peek(const void *data, size_t len, struct message *m);

bool outcome_encode(const struct outcome *o, size_t limit, struct buffer *out, struct error *err);
bool outcome_decode(const void *data, size_t len, struct celeriac_arena *arena, struct outcome *o,
                    struct error *err);

/* A batch of (id, outcome) pairs as commit scripts publish it: a flat msgpack array of raw strings.
 * Calls `each` for every pair; the bytes live in `data`. */
typedef void message_pair_fn(void *arg, const char *id, size_t id_len, const char *outcome,
                             size_t outcome_len);
bool message_pairs(const void *data, size_t len, message_pair_fn *each, void *arg,
                   struct error *err);

#endif
