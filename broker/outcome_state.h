/* The state that an outcome names, for those who need no more of it; how long outcomes are kept. */
#ifndef BROKER_OUTCOME_STATE_H
#define BROKER_OUTCOME_STATE_H

#include "common/message.h"

/* `fallback` if the bytes cannot be read. */
enum job_state outcome_state(const void *data, size_t len, enum job_state fallback);
/* Appends an outcome that says the state and nothing else. */
void outcome_bare(enum job_state state, struct buffer *out);

enum {
    OUTCOME_TTL_MS = 24 * 60 * 60 * 1000, /* the default: 1 day */
    DEAD_LETTERS_MAX = 10000,
    DEAD_LETTER_AGE_DAYS = 30,
};
#define DEAD_LETTER_AGE_MS ((int64_t)DEAD_LETTER_AGE_DAYS * 24 * 60 * 60 * 1000)

#endif
