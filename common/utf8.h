/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_valid(const char *text, size_t len);
/* Bytes of the character at the beginning of `text` (1..4); 0 if what is there is no UTF-8. */
size_t utf8_char(const char *text, size_t len);
/* The largest length up to `len` that does not end within a character. */
size_t utf8_cut(const char *text, size_t len);

#endif
