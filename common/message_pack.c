/* Compression. Level 1: results of a task are digits, numbers and JSON, which shrink to a half or a
 * tenth at some 300 MB a second; higher levels cost more than they save. What does not shrink (it
 * was compressed before, or is noise) stays as it is, so no reader pays for it. */
#include "common/message_pack.h"

#include <string.h>
#include <zstd.h>

#include "common/arena.h"
#include "common/mem.h"

enum { LEVEL = 1 };
static const unsigned char magic[] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878, 3.1.1 */

void
pack_close(struct buffer *b, size_t start)
{
    const size_t len = b->len - start;
    struct buffer frame = BUFFER_INIT;

    if (len < PACK_LEAST)
        return;
    const size_t room = ZSTD_compressBound(len);
    const size_t size = ZSTD_compress(buffer_room(&frame, room), room, b->data + start, len, LEVEL);
    if (!ZSTD_isError(size) && size < len - len / 10) {
        memcpy(b->data + start, frame.data, size);
        b->len = start + size;
    }
    buffer_clear(&frame);
}

bool
pack_is_closed(const void *data, size_t len)
{
    return len > sizeof magic && memcmp(data, magic, sizeof magic) == 0;
}

const char *
pack_open(const void *data, size_t len, struct celeriac_arena *arena, const unsigned char **out,
          size_t *out_len)
{
    const unsigned long long size = ZSTD_getFrameContentSize(data, len);

    if (size == ZSTD_CONTENTSIZE_ERROR)
        return "its frame is damaged";
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size > PACK_OPENED_MOST)
        return "its frame announces no size, or one above 256 MiB";
    if (ZSTD_findFrameCompressedSize(data, len) != len)
        return "its frame is cut short, or something stands behind it";
    unsigned char *bytes = arena_alloc(arena, (size_t)size + 1);
    if (ZSTD_decompress(bytes, (size_t)size, data, len) != (size_t)size)
        return "its frame is damaged";
    *out = bytes;
    *out_len = (size_t)size;
    return NULL;
}
