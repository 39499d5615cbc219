/* Buffer: doubles when full, so that appending n bytes costs n moves in all. */
#include "common/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/mem.h"

enum { FIRST_CAPACITY = 256 };

void
buffer_clear(struct buffer *b)
{
    free(b->data);
    *b = BUFFER_INIT;
}

void
buffer_append(struct buffer *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    memcpy(buffer_room(b, len), data, len);
    b->len += len;
}

void
buffer_append_text(struct buffer *b, const char *c_string)
{
    buffer_append(b, c_string, strlen(c_string));
}

void
buffer_append_char(struct buffer *b, char c)
{
    *buffer_room(b, 1) = c;
    b->len++;
}

char *
buffer_room(struct buffer *b, size_t more)
{
    if (b->capacity - b->len <= more) { /* so `data` is never NULL afterwards */
        MUST(more <= PTRDIFF_MAX - b->len);
        size_t capacity = b->capacity > 0 ? b->capacity : FIRST_CAPACITY;
        while (capacity <= b->len + more)
            capacity *= 2;
        b->data = mem_grow(b->data, capacity, 1);
        b->capacity = capacity;
    }
    return b->data + b->len;
}
