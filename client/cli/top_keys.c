/* ESC [ parameters letter, as ECMA-48 has it, and ESC O letter, as keypads of a VT100 send it. */
#include "client/cli/top_keys.h"

#include <stdlib.h>

static int letter_key(char letter, int number);

size_t
top_key(const char *bytes, size_t len, bool is_all, int *key)
{
    size_t i = 2;

    if (len == 0) {
        return 0;
    }
    *key = (unsigned char)bytes[0];
    if (*key != TOP_KEY_ESCAPE) {
        return 1;
    }
    if (len == 1 || (bytes[1] != '[' && bytes[1] != 'O')) {
        return len > 1 || is_all ? 1 : 0;
    }
    while (i < len && bytes[1] == '[' && (unsigned char)bytes[i] >= 0x20 &&
           (unsigned char)bytes[i] < 0x40) {
        i++;
    }
    if (i == len) {
        *key = TOP_KEY_UNKNOWN;
        return is_all ? len : 0;
    }
    *key = letter_key(bytes[i], i > 2 ? abs(atoi(bytes + 2)) : 0);
    return i + 1;
}

static int
letter_key(char letter, int number)
{
    static const int numbered[] = {0,
                                   TOP_KEY_HOME,
                                   0,
                                   0,
                                   TOP_KEY_END,
                                   TOP_KEY_PAGE_UP,
                                   TOP_KEY_PAGE_DOWN,
                                   TOP_KEY_HOME,
                                   TOP_KEY_END};

    if (letter >= 'A' && letter <= 'D') {
        return TOP_KEY_UP + (letter - 'A');
    }
    if (letter == 'H' || letter == 'F') {
        return letter == 'H' ? TOP_KEY_HOME : TOP_KEY_END;
    }
    if (letter == '~' && number < (int)(sizeof numbered / sizeof *numbered) && numbered[number]) {
        return numbered[number];
    }
    return TOP_KEY_UNKNOWN;
}
