/* From a program's end to the job's. Output that is JSON becomes that value, other text a string
 * without its last newline, anything else binary. Exit codes follow sysexits.h: 64 and 65 say that
 * the arguments are at fault, so that another attempt would be in vain; all others may be retried.
 */
#include "worker/tasks/command/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

enum { SHOWN_MAX = 3 * PROGRAM_TAIL_MAX + 64 };

/* Bytes of the UTF-8 character at `text`, of which `len` are there; 0: it is none. */
static size_t
character_len(const unsigned char *text, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (text[0] < 0x80)
        return 1;
    const size_t n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4 || n > len)
        return 0;
    uint32_t code = text[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code >= least[n] && code <= 0x10ffff && !is_surrogate ? n : 0;
}

static bool
is_text(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = character_len((const unsigned char *)text + i, len - i);
        if (n == 0)
            return false;
    }
    return true;
}

static const struct celeriac_value *
output_value(struct celeriac_context *ctx, const struct program *p)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    const char *output = p->output != NULL ? p->output : "";
    const struct celeriac_value *value = celeriac_parse(arena, output, p->output_len, NULL, 0);
    if (value != NULL)
        return value;
    if (!is_text(output, p->output_len))
        return celeriac_binary(arena, output, p->output_len);
    const bool has_newline = p->output_len > 0 && output[p->output_len - 1] == '\n';
    return celeriac_string(arena, output, p->output_len - (has_newline ? 1 : 0));
}

/* The tail of standard error on one line: " | " for newlines, "?" for what is no text. */
static const char *
shown_tail(const struct program *p, char out[SHOWN_MAX])
{
    const unsigned char *tail = (const unsigned char *)p->tail;
    size_t from = 0, to = p->tail_len;
    char *at = stpcpy(out, ": ");
    while (to > 0 && tail[to - 1] <= ' ')
        to--;
    while (from < to && (tail[from] & 0xc0) == 0x80) /* the rest of a character that was cut */
        from++;
    if (from == to)
        return "";
    for (size_t n; from < to; from += n) {
        n = character_len(tail + from, to - from);
        if (n == 1 && (tail[from] < ' ' || tail[from] == 0x7f)) {
            at = stpcpy(at, tail[from] == '\n' ? " | " : " ");
        } else if (n > 0) {
            memcpy(at, tail + from, n);
            at += n;
        } else {
            *at++ = '?';
            n = 1;
        }
    }
    *at = '\0';
    return out;
}

static enum celeriac_outcome
answer_ended(struct celeriac_context *ctx, const struct allowed *a, const struct program *p)
{
    char tail[SHOWN_MAX];
    const int code = WIFEXITED(p->value) ? WEXITSTATUS(p->value) : -1;
    if (code == 0)
        return celeriac_return(ctx, output_value(ctx, p));
    if (code == EX_USAGE || code == EX_DATAERR)
        return celeriac_reject(ctx, "exit_code", "command %s: exit code %d%s", a->name, code,
                               shown_tail(p, tail));
    if (code > 0)
        return celeriac_fail(ctx, "exit_code", "command %s: exit code %d%s", a->name, code,
                             shown_tail(p, tail));
    const int sig = WTERMSIG(p->value);
    const char *name = sigabbrev_np(sig);
    return celeriac_fail(ctx, "signal", "command %s: killed by signal %d (%s)%s", a->name, sig,
                         name != NULL ? name : "?", shown_tail(p, tail));
}

static enum celeriac_outcome
answer_not_started(struct celeriac_context *ctx, const struct allowed *a, const struct request *r,
                   const struct program *p)
{
    const char *why = strerrordesc_np(p->value);
    why = why != NULL ? why : "unknown error";
    if (p->value == E2BIG)
        return celeriac_reject(ctx, "invalid_arguments",
                               "command %s: its arguments are too long for the kernel: use stdin",
                               a->name);
    return celeriac_fail(ctx, "not_started", "command %s: %s cannot be started: %s", a->name,
                         r->words[0], why);
}

enum celeriac_outcome
answer(struct celeriac_context *ctx, const struct allowed *a, const struct request *r,
       const struct program *p)
{
    char tail[SHOWN_MAX];
    switch (p->end) {
    case PROGRAM_ENDED:
        return answer_ended(ctx, a, p);
    case PROGRAM_NOT_STARTED:
        return answer_not_started(ctx, a, r, p);
    case PROGRAM_STOPPED:
        return celeriac_stop(ctx);
    case PROGRAM_TIMED_OUT:
        return celeriac_fail(ctx, "timeout", "command %s: killed after %g s%s", a->name,
                             r->order.timeout_s, shown_tail(p, tail));
    case PROGRAM_FLOODED:
        return celeriac_reject(ctx, "output_too_large", "command %s: more than %d bytes of output",
                               a->name, PROGRAM_OUTPUT_MAX);
    }
    return celeriac_fail(ctx, "internal", "command %s: an end that does not exist", a->name);
}
