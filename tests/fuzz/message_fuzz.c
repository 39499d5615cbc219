/* Fuzzing of the message codec: whatever bytes come, they are refused or read; what is read can be
 * written again, and that is read as the same. The first byte chooses what the rest is taken for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read may take more bytes than it came in: a float grows to a double. */
static size_t
limit_for(size_t len)
{
    return 16 * len + 64;
}

static void
try_message(const uint8_t *data, size_t len, struct celeriac_arena *arena)
{
    struct message m, again, peeked;
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;

    bool has_head = message_peek(data, len, &peeked);
    if (!message_decode(data, len, arena, &m, &err)) {
        MUST(err.code == ERROR_DATA && err.message[0] != '\0');
        return;
    }
    MUST(has_head && peeked.task_len == m.task_len && peeked.task == m.task);
    MUST(message_encode(&m, limit_for(len), &out, &err));
    MUST(message_decode(out.data, out.len, arena, &again, &err));
    MUST(again.task_len == m.task_len && memcmp(again.task, m.task, m.task_len) == 0);
    MUST(value_equal(again.args, m.args) && value_equal(again.kwargs, m.kwargs));
    MUST(value_equal(again.tags, m.tags) && again.chunk == m.chunk);
    MUST(again.expires_at_ms == m.expires_at_ms && again.max_retries == m.max_retries);
    MUST(again.priority == m.priority && again.unique_len == m.unique_len);
    MUST(again.limit_key_len == m.limit_key_len &&
         (m.limit_key_len == 0 || memcmp(again.limit_key, m.limit_key, m.limit_key_len) == 0));
    buffer_clear(&out);
}

static void
try_outcome(const uint8_t *data, size_t len, struct celeriac_arena *arena)
{
    struct outcome o, again;
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;

    if (!outcome_decode(data, len, arena, &o, &err)) {
        MUST(err.code == ERROR_DATA && err.message[0] != '\0');
        return;
    }
    MUST(outcome_encode(&o, (size_t)1 << 32, &out,
                        &err)); /* a frame may hold far more than its length */
    MUST(outcome_decode(out.data, out.len, arena, &again, &err));
    MUST(again.state == o.state && value_equal(again.result, o.result));
    MUST((again.error_type == NULL) == (o.error_type == NULL) && again.runtime_us == o.runtime_us);
    buffer_clear(&out);
}

static void
on_pair(void *arg, const char *id, size_t id_len, const char *outcome, size_t outcome_len)
{
    unsigned *sum = arg;

    for (size_t i = 0; i < id_len; i++)
        *sum += (unsigned char)id[i];
    for (size_t i = 0; i < outcome_len; i++)
        *sum += (unsigned char)outcome[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static volatile unsigned sink;
    struct celeriac_arena *arena = arena_new();
    unsigned sum = 0;

    if (size > 0 && data[0] % 4 == 0)
        try_outcome(data + 1, size - 1, arena);
    else if (size > 0 && data[0] % 4 == 1)
        message_pairs(data + 1, size - 1, on_pair, &sum, NULL);
    else if (size > 0)
        try_message(data + 1, size - 1, arena);
    sink = sum;
    arena_free(arena);
    return (int)(sink & 0);
}
