/* Base 64 with padding (RFC 4648, section 4): how binary strings look in JSON. */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"

void base64_append(const void *data, size_t len, struct buffer *out);
/* Room that base64_decode needs for `len` characters. */
size_t base64_room(size_t len);
/* Strict: padded, no white space, unused bits zero; so each binary string has one text. */
bool base64_decode(const char *text, size_t len, void *out, size_t *out_len);

#endif
