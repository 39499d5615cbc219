/* Log: one event per line, one write(2), to stderr. `time=... level=info event=runner_started
 * runner=... pid=...` or the same fields as one JSON object. Payloads never appear at info or
 * above. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

void log_setup(enum log_level least, enum log_format format);
/* Put before the fields of every line of this process, e.g. "role=runner runner=w1/3"; copied. */
void log_context(const char *fields);
/* `format` yields the fields: key=value, separated by spaces; a value that may hold spaces is
 * written as "%s" inside double quotes, and quotes inside it are escaped by log_quote.
 * Async-signal-unsafe. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool log_enabled(enum log_level level);
/* Returns `text` with '"', '\\' and control characters escaped, in one of 4 static per-thread
 * buffers. */
const char *log_quote(const char *text);

/* For warnings that may repeat: true at most once per `every_ms` for the same static `state`; then
 * *suppressed tells how many were left out. */
struct log_limit {
    long long next_ms;
    unsigned suppressed;
};
bool log_allowed(struct log_limit *limit, int every_ms, unsigned *suppressed);

#endif
