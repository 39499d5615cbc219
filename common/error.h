/* The one error type: what went wrong, as one line for people, and what the caller can do about it.
 */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

#include <stdbool.h>

/* The values are the exit codes of the command line (docs: EXIT CODES); a program ends with the
 * code it got. */
enum error_code {
    ERROR_NONE = 0,
    ERROR_FAILED = 1,       /* the job failed, died or was cancelled */
    ERROR_USAGE = 64,       /* arguments are off */
    ERROR_DATA = 65,        /* payload that cannot be read, or too large */
    ERROR_NOT_FOUND = 66,   /* no such job, queue, worker, file */
    ERROR_UNAVAILABLE = 69, /* Redis or worker out of reach: retry on a new connection */
    ERROR_INTERNAL = 70,    /* an answer or a state that should not be */
    ERROR_EXISTS = 73,      /* exists already */
    ERROR_TRY_LATER = 75,   /* paused, full, read-only, loading, out of memory: retry later */
    ERROR_DENIED = 77,      /* refused by Redis: password, ACL */
    ERROR_CONFIG = 78,      /* bad configuration */
    ERROR_TIMEOUT = 124,    /* the wait timed out */
};

enum { ERROR_MESSAGE_MAX = 512 };

struct error {
    enum error_code code;
    char message[ERROR_MESSAGE_MAX]; /* one line without newline; names the thing, its value, what
                                        was expected */
};

#define ERROR_INIT ((struct error){ERROR_NONE, ""})

/* Fills `err` (which may be NULL) and returns false, so that `return error_set(...)` reads well.
 * Control characters in the finished message become '?'; a message too long is cut. */
bool error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As error_set, with ": " and strerror(errno) behind; code ERROR_UNAVAILABLE for socket errors is
 * up to the caller. */
bool error_set_errno(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "context: " before the message. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Our bug: message with file and line to stderr, then abort. Compiled in always. */
#define MUST(cond) ((cond) ? (void)0 : error_bug(__FILE__, __LINE__, "expected: " #cond))
#define BUG(text) error_bug(__FILE__, __LINE__, text)
void error_bug(const char *file, int line, const char *text) __attribute__((noreturn));

#endif
