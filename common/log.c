/* Log.
 *
 * A caller writes its fields as `key=value` text, as they appear in the text format; for JSON that
 * text is taken apart again, so call sites know nothing of formats. Each line is put together in
 * memory and leaves in one write(2), with at most PIPE_BUF bytes of text: lines of several
 * processes on one pipe do not mix. What log_quote escapes is escaped as JSON does it.
 *
 * Level, format and context are file statics, set before threads exist (the level also later). */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/utf8.h"

enum { FIELDS_MAX = 3584, CONTEXT_MAX = 256, QUOTE_MAX = 2048, QUOTE_BUFFERS = 4 };

static _Atomic int least_level = LOG_INFO;
static _Atomic int line_format = LOG_TEXT;
static char context[CONTEXT_MAX];

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static void append_fields(struct buffer *line, const char *fields);
static void append_text(struct buffer *line, const char *fields);
static void append_json(struct buffer *line, const char *fields);
static const char *append_json_value(struct buffer *line, const char *at);
static const char *unescape(const char *at, struct buffer *out);
static bool is_json_number(const char *text, size_t len);
static void write_line(const struct buffer *line);

void
log_setup(enum log_level least, enum log_format format)
{
    least_level = (int)least;
    line_format = (int)format;
}

void
log_context(const char *fields)
{
    snprintf(context, sizeof context, "%s", fields != NULL ? fields : "");
}

bool
log_enabled(enum log_level level)
{
    return (int)level >= least_level;
}

void
log_event(enum log_level level, const char *event, const char *format, ...)
{
    char fields[FIELDS_MAX], head[128], time[CLOCK_TEXT_SIZE];
    struct buffer line = BUFFER_INIT;
    va_list args;

    if (!log_enabled(level))
        return;
    va_start(args, format);
    int len = vsnprintf(fields, sizeof fields, format, args);
    va_end(args);
    fields[len < 0 ? 0 : utf8_cut(fields, strlen(fields))] = '\0';
    snprintf(head, sizeof head, "time=%s level=%s event=%s", clock_print(clock_wall_ms(), time),
             level_names[level], event);
    append_fields(&line, head);
    append_fields(&line, context);
    append_fields(&line, fields);
    buffer_append_text(&line, line_format == LOG_JSON ? "}\n" : "\n");
    write_line(&line);
    buffer_clear(&line);
}

const char *
log_quote(const char *text)
{
    static _Thread_local char buffers[QUOTE_BUFFERS][QUOTE_MAX];
    static _Thread_local unsigned next;
    char *start = buffers[next++ % QUOTE_BUFFERS], *out = start;
    size_t left = strlen(text);

    while (left > 0 && out - start < QUOTE_MAX - 16) {
        size_t n = utf8_char(text, left);
        unsigned char c = n > 0 ? (unsigned char)*text : '?';
        if (c == '"' || c == '\\')
            out += sprintf(out, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            out += sprintf(out, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
        else if (c < 0x20 || c == 0x7f)
            out += sprintf(out, "\\u%04x", c);
        else if (n <= 1)
            *out++ = (char)c;
        else
            out = (char *)memcpy(out, text, n) + n;
        n = n > 0 ? n : 1;
        text += n;
        left -= n;
    }
    strcpy(out, left > 0 ? "..." : "");
    return start;
}

bool
log_allowed(struct log_limit *limit, int every_ms, unsigned *suppressed)
{
    long long now = clock_mono_ms();

    if (now < limit->next_ms) {
        limit->suppressed++;
        return false;
    }
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    limit->next_ms = now + every_ms;
    return true;
}

static void
append_fields(struct buffer *line, const char *fields)
{
    bool is_json = line_format == LOG_JSON;

    if (fields[strspn(fields, " ")] == '\0')
        return;
    if (is_json)
        buffer_append_char(line, line->len == 0 ? '{' : ',');
    else if (line->len > 0)
        buffer_append_char(line, ' ');
    (is_json ? append_json : append_text)(line, fields);
}

/* A caller that forgot log_quote must not be able to begin a second line. */
static void
append_text(struct buffer *line, const char *fields)
{
    size_t len = strlen(fields);

    buffer_append(line, fields, len);
    for (char *c = line->data + line->len - len; c < line->data + line->len; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

static void
append_json(struct buffer *line, const char *fields)
{
    bool is_first = true;

    for (const char *at = fields + strspn(fields, " "); *at != '\0'; at += strspn(at, " ")) {
        size_t key_len = strcspn(at, "= ");
        if (!is_first)
            buffer_append_char(line, ',');
        is_first = false;
        json_print_string(at, key_len, line);
        buffer_append_char(line, ':');
        at += key_len;
        if (*at == '=')
            at = append_json_value(line, at + 1);
        else
            buffer_append_text(line, "true");
    }
}

static const char *
append_json_value(struct buffer *line, const char *at)
{
    if (*at == '"') {
        struct buffer text = BUFFER_INIT;
        at = unescape(at + 1, &text);
        json_print_string(text.data != NULL ? text.data : "", text.len, line);
        buffer_clear(&text);
        return at;
    }
    size_t len = strcspn(at, " ");
    if (is_json_number(at, len))
        buffer_append(line, at, len);
    else
        json_print_string(at, len, line);
    return at + len;
}

/* Reads up to the closing quote and past it; undoes log_quote. */
static const char *
unescape(const char *at, struct buffer *out)
{
    for (; *at != '\0' && *at != '"'; at++) {
        if (*at != '\\' || at[1] == '\0') {
            buffer_append_char(out, *at);
            continue;
        }
        at++;
        unsigned code;
        if (*at == 'u' && sscanf(at + 1, "%4x", &code) == 1 && code < 0x80 && strlen(at) >= 5) {
            buffer_append_char(out, (char)code);
            at += 4;
        } else {
            buffer_append_char(out, *at == 'n'   ? '\n'
                                    : *at == 't' ? '\t'
                                    : *at == 'r' ? '\r'
                                                 : *at);
        }
    }
    return *at == '"' ? at + 1 : at;
}

static size_t
digits_at(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

static bool
is_json_number(const char *text, size_t len)
{
    size_t i = len > 0 && text[0] == '-' ? 1 : 0;
    size_t n = digits_at(text + i, len - i);

    if (n == 0 || (n > 1 && text[i] == '0'))
        return false;
    i += n;
    if (i < len && text[i] == '.') {
        n = digits_at(text + i + 1, len - i - 1);
        i += 1 + n;
        if (n == 0)
            return false;
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        if (i < len && (text[i] == '+' || text[i] == '-'))
            i++;
        n = digits_at(text + i, len - i);
        i += n;
        if (n == 0)
            return false;
    }
    return i == len;
}

/* The log is the last place to complain in: where it cannot be written, the line is lost. */
static void
write_line(const struct buffer *line)
{
    ssize_t n;

    do
        n = write(STDERR_FILENO, line->data, line->len);
    while (n < 0 && errno == EINTR);
}
