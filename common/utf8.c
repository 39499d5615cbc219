/* UTF-8: most text is ASCII, so eight bytes are looked at in one step where none has its high bit
 * set; the rest goes character by character along the table in RFC 3629, section 4. */
#include "common/utf8.h"

#include <stdint.h>
#include <string.h>

static bool is_tail(unsigned char c);

bool
utf8_valid(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        uint64_t word;
        if (len - i >= sizeof word) {
            memcpy(&word, text + i, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = utf8_char(text + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

size_t
utf8_char(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;

    if (len == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    if (s[0] < 0xe0)
        return len >= 2 && is_tail(s[1]) ? 2 : 0;
    if (s[0] < 0xf0) {
        if (len < 3 || !is_tail(s[1]) || !is_tail(s[2]))
            return 0;
        if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))
            return 0; /* overlong; surrogate */
        return 3;
    }
    if (len < 4 || !is_tail(s[1]) || !is_tail(s[2]) || !is_tail(s[3]))
        return 0;
    if ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0; /* overlong; above U+10FFFF */
    return 4;
}

size_t
utf8_cut(const char *text, size_t len)
{
    size_t start = len;

    for (int back = 0; back < 4 && start > 0; back++) {
        unsigned char c = (unsigned char)text[--start];
        if (c < 0x80)
            return len;
        if (c >= 0xc0) /* a character begins here: is it whole? */
            return utf8_char(text + start, len - start) == len - start ? len : start;
    }
    return len;
}

static bool
is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}
