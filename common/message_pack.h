/* Long outcomes are compressed: a frame of zstd instead of the msgpack map. Private to the codec.
 */
#ifndef COMMON_MESSAGE_PACK_H
#define COMMON_MESSAGE_PACK_H

#include "common/buffer.h"
#include "common/value.h"

enum {
    PACK_LEAST = 4096,            /* bytes; what is shorter stays as it is */
    PACK_OPENED_MOST = 256 << 20, /* the largest outcome that a worker can be told to allow */
};

/* Replaces what stands in `b` from `start` on, if that saves a tenth or more. */
void pack_close(struct buffer *b, size_t start);

/* Is that a frame? No msgpack map begins like one. */
bool pack_is_closed(const void *data, size_t len);
/* What the frame holds, in the arena. Its size is announced in front and checked before memory is
 * taken. NULL, or what is wrong. */
const char *pack_open(const void *data, size_t len, struct celeriac_arena *arena,
                      const unsigned char **out, size_t *out_len);

#endif
