/* Buffer: bytes that grow at the end. What encoders and printers append to; reused from call to
 * call by setting `len` to 0. `data` may be NULL while `capacity` is 0. */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>

struct buffer {
    char *data;
    size_t len, capacity;
};
#define BUFFER_INIT ((struct buffer){NULL, 0, 0})

void buffer_clear(struct buffer *b); /* frees; the buffer is empty and usable again */
void buffer_append(struct buffer *b, const void *data, size_t len);
void buffer_append_text(struct buffer *b, const char *c_string);
void buffer_append_char(struct buffer *b, char c);
/* Makes room for `more` bytes behind `len` and returns where they begin. */
char *buffer_room(struct buffer *b, size_t more) __attribute__((returns_nonnull));

#endif
