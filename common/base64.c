/* Base 64: three bytes are four characters. */
#include "common/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int digit_of(char c);
static bool decode_group(const char *text, size_t digits, unsigned char *out);

void
base64_append(const void *data, size_t len, struct buffer *out)
{
    const unsigned char *in = data;
    char *text = buffer_room(out, (len + 2) / 3 * 4);

    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (n > 1)
            bits |= (uint32_t)in[i + 1] << 8;
        if (n > 2)
            bits |= in[i + 2];
        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = n > 1 ? alphabet[bits >> 6 & 63] : '=';
        *text++ = n > 2 ? alphabet[bits & 63] : '=';
    }
    out->len += (len + 2) / 3 * 4;
}

size_t
base64_room(size_t len)
{
    return len / 4 * 3;
}

bool
base64_decode(const char *text, size_t len, void *out, size_t *out_len)
{
    unsigned char *bytes = out;

    if (len % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < len; i += 4) {
        size_t digits = i + 4 == len ? 4 - padding : 4;
        if (!decode_group(text + i, digits, bytes + i / 4 * 3))
            return false;
    }
    *out_len = len / 4 * 3 - padding;
    return true;
}

/* Writes digits - 1 bytes. */
static bool
decode_group(const char *text, size_t digits, unsigned char *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int d = i < digits ? digit_of(text[i]) : 0;
        if (d < 0)
            return false;
        bits = bits << 6 | (uint32_t)d;
    }
    uint32_t unused = digits == 4 ? 0 : digits == 3 ? 0xff : 0xffff;
    if ((bits & unused) != 0)
        return false;
    for (size_t i = 0; i + 1 < digits; i++)
        out[i] = (unsigned char)(bits >> (16 - 8 * i));
    return true;
}

static int
digit_of(char c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}
