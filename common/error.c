/* Errors and our own bugs.
 *
 * A message is made in a local buffer first, so that it may quote the message it replaces. What
 * goes into it often comes from outside: control characters would let it forge log lines or steer a
 * terminal, so they never get in. A long message is cut at the beginning of a UTF-8 character. */
#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/utf8.h"

static void set_message(struct error *err, enum error_code code, char *text, size_t len);
static size_t print_args(char *out, size_t size, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

bool
error_set(struct error *err, enum error_code code, const char *format, ...)
{
    char text[ERROR_MESSAGE_MAX];
    va_list args;

    va_start(args, format);
    size_t len = print_args(text, sizeof text, format, args);
    va_end(args);
    set_message(err, code, text, len);
    return false;
}

bool
error_set_errno(struct error *err, enum error_code code, const char *format, ...)
{
    int saved = errno;
    char text[ERROR_MESSAGE_MAX], reason[128];
    va_list args;

    va_start(args, format);
    size_t len = print_args(text, sizeof text, format, args);
    va_end(args);
    int more =
        snprintf(text + len, sizeof text - len, ": %s", strerror_r(saved, reason, sizeof reason));
    set_message(err, code, text, len + (more > 0 ? (size_t)more : 0));
    errno = saved;
    return false;
}

bool
error_prefix(struct error *err, const char *format, ...)
{
    char text[2 * ERROR_MESSAGE_MAX];
    va_list args;

    if (err == NULL)
        return false;
    va_start(args, format);
    size_t len = print_args(text, ERROR_MESSAGE_MAX, format, args);
    va_end(args);
    int more = snprintf(text + len, sizeof text - len, ": %s", err->message);
    set_message(err, err->code, text, len + (more > 0 ? (size_t)more : 0));
    return false;
}

void
error_bug(const char *file, int line, const char *text)
{
    dprintf(STDERR_FILENO, "level=error event=bug at=%s:%d text=\"%s\"\n", file, line, text);
    abort();
}

/* `len` is what the whole message would have had. */
static void
set_message(struct error *err, enum error_code code, char *text, size_t len)
{
    if (err == NULL)
        return;
    if (len >= ERROR_MESSAGE_MAX)
        len = utf8_cut(text, ERROR_MESSAGE_MAX - 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    err->code = code;
    memcpy(err->message, text, len);
    err->message[len] = '\0';
}

/* Returns the bytes that are in `out`, without the NUL. */
static size_t
print_args(char *out, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(out, size, format, args);

    if (len < 0)
        return (size_t)snprintf(out, size, "(message could not be formatted)");
    return (size_t)len < size ? (size_t)len : utf8_cut(out, size - 1);
}
