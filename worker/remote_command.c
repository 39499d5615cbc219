/* The reader of the control channel: one pass over words that are separated by single spaces, no
 * memory but what the caller gives. Numbers have no sign and no leading zero; a token has the
 * characters of an id, so that it can name a feed and nothing else. */
#include "worker/remote_command.h"

#include <string.h>

#include "common/error.h"

struct word {
    const char *text;
    size_t len;
};

enum { WORDS_MAX = 4 }; /* "scale 3 ack TOKEN" */

static const char *const verbs[] = {
    [REMOTE_UNKNOWN] = "",  [REMOTE_QUIET] = "quiet",     [REMOTE_RESUME] = "resume",
    [REMOTE_STOP] = "stop", [REMOTE_RESTART] = "restart", [REMOTE_SCALE] = "scale",
    [REMOTE_DUMP] = "dump"};

static size_t split(const char *text, size_t len, struct word *words);
static bool is_word(const struct word *w, const char *text);
static bool read_token(const struct word *w, char *token);
static bool read_number(const struct word *w, uint32_t *number);
static bool read_verb(const struct word *words, size_t n, struct remote_command *out);

bool
remote_command_read(const char *text, size_t len, struct remote_command *out)
{
    struct remote_command c = {.verb = REMOTE_UNKNOWN};
    struct word words[WORDS_MAX];
    size_t n = split(text, len, words);

    if (n == 0)
        return false;
    if (n >= 3 && is_word(&words[n - 2], "ack")) {
        if (!read_token(&words[n - 1], c.token))
            return false;
        n -= 2;
    }
    if (!read_verb(words, n, &c)) {
        if (c.token[0] == '\0')
            return false;
        c.verb = REMOTE_UNKNOWN;
        c.number = 0;
    }
    *out = c;
    return true;
}

const char *
remote_verb_name(enum remote_verb verb)
{
    MUST((size_t)verb < sizeof(verbs) / sizeof(verbs[0]));
    return verbs[verb];
}

/* 0: too long, too many words, or an empty one. */
static size_t
split(const char *text, size_t len, struct word *words)
{
    size_t n = 0;

    if (len == 0 || len > REMOTE_COMMAND_MAX)
        return 0;
    for (const char *at = text, *end = text + len; at <= end && n < WORDS_MAX; n++) {
        const char *space = memchr(at, ' ', (size_t)(end - at));
        words[n] = (struct word){at, (size_t)((space != NULL ? space : end) - at)};
        if (words[n].len == 0)
            return 0;
        if (space == NULL)
            return n + 1;
        at = space + 1;
    }
    return 0;
}

static bool
is_word(const struct word *w, const char *text)
{
    return w->len == strlen(text) && memcmp(w->text, text, w->len) == 0;
}

static bool
read_token(const struct word *w, char *token)
{
    static const char allowed[] =
        "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

    if (w->len > REMOTE_TOKEN_MAX)
        return false;
    for (size_t i = 0; i < w->len; i++) {
        if (memchr(allowed, w->text[i], sizeof(allowed) - 1) == NULL)
            return false;
    }
    memcpy(token, w->text, w->len);
    token[w->len] = '\0';
    return true;
}

static bool
read_number(const struct word *w, uint32_t *number)
{
    uint32_t n = 0;

    if (w->len > 1 && w->text[0] == '0')
        return false;
    for (size_t i = 0; i < w->len; i++) {
        if (w->text[i] < '0' || w->text[i] > '9')
            return false;
        n = n * 10 + (uint32_t)(w->text[i] - '0');
        if (n > REMOTE_SCALE_MAX)
            return false;
    }
    *number = n;
    return true;
}

static bool
read_verb(const struct word *words, size_t n, struct remote_command *out)
{
    for (size_t i = REMOTE_UNKNOWN + 1; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!is_word(&words[0], verbs[i]))
            continue;
        out->verb = (enum remote_verb)i;
        return i == REMOTE_SCALE ? n == 2 && read_number(&words[1], &out->number) : n == 1;
    }
    return false;
}
