/* One table from the first word of an error to what the caller can do. Redis 6.2 wraps what a
 * command says inside a script ("ERR Error running script ... -OOM command not allowed"), Redis 7
 * passes it on; both are found.
 *
 * Whatever does not have the expected shape is ERROR_INTERNAL, and the connection it came over is
 * closed: a stream that says one strange thing may be out of step in all that follows. */
#include "broker/answer.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ELEMENTS_MAX = 1 << 24 };

struct error_row {
    const char *prefix; /* the first words of the answer */
    enum error_code code;
    bool closes;
};

static const struct error_row error_rows[] = {
    {"LOADING", ERROR_TRY_LATER, false},
    {"OOM", ERROR_TRY_LATER, false},
    {"READONLY", ERROR_TRY_LATER, true},
    {"MISCONF", ERROR_TRY_LATER, false},
    {"BUSY", ERROR_TRY_LATER, false},
    {"NOREPLICAS", ERROR_TRY_LATER, false},
    {"MASTERDOWN", ERROR_TRY_LATER, true},
    {"CLUSTERDOWN", ERROR_TRY_LATER, true},
    {"TRYAGAIN", ERROR_TRY_LATER, false},
    {"UNBLOCKED", ERROR_TRY_LATER, true},
    {"MOVED", ERROR_CONFIG, true},
    {"ASK", ERROR_CONFIG, true},
    {"CROSSSLOT", ERROR_CONFIG, true},
    {"NOAUTH", ERROR_DENIED, true},
    {"WRONGPASS", ERROR_DENIED, true},
    {"NOPERM", ERROR_DENIED, false},
    {"DENIED", ERROR_DENIED, true},
    {"NOSCRIPT", ERROR_UNAVAILABLE, false},
    {"ERR max number of clients", ERROR_UNAVAILABLE, true},
    {"ERR invalid password", ERROR_DENIED, true},
    {"ERR AUTH", ERROR_DENIED, true},
    {"ERR Client sent AUTH", ERROR_DENIED, true},
    {"ERR DB index", ERROR_CONFIG, true},
    {"ERR invalid DB index", ERROR_CONFIG, true},
    {"ERR SELECT is not allowed", ERROR_CONFIG, true},
};
/* Words that stand inside an error of a script. */
static const struct error_row inner_rows[] = {
    {"-LOADING ", ERROR_TRY_LATER, false},
    {"-OOM ", ERROR_TRY_LATER, false},
    {"-READONLY ", ERROR_TRY_LATER, true},
    {"-MISCONF ", ERROR_TRY_LATER, false},
    {"-NOREPLICAS ", ERROR_TRY_LATER, false},
    {"-MASTERDOWN ", ERROR_TRY_LATER, true},
    {"-NOPERM ", ERROR_DENIED, false},
    {"user executing the script can't", ERROR_DENIED, false},
    {"can't access at least one of the keys", ERROR_DENIED, false},
};
static const struct error_row unknown_row = {"", ERROR_INTERNAL, true};

enum { MAJOR_LEAST = 6, MINOR_LEAST = 2 };

#if HIREDIS_MAJOR >= 1
static void
limit_elements(redisReader *reader)
{
    reader->maxelements = ELEMENTS_MAX;
}
#else
static redisReplyObjectFunctions *plain, limited;

/* Room for elements that never come is made, and walked through when the answer is dropped. */
static void *
create_array(const redisReadTask *task, int elements)
{
    return elements <= ELEMENTS_MAX ? plain->createArray(task, elements) : NULL;
}

/* Before main, as no thread may be met by it. */
__attribute__((constructor)) static void
make_limited(void)
{
    redisReader *reader = redisReaderCreate();

    MUST(reader != NULL);
    plain = reader->fn;
    limited = *plain;
    limited.createArray = create_array;
    redisReaderFree(reader);
}

static void
limit_elements(redisReader *reader)
{
    reader->fn = &limited;
}
#endif

redisReader *
answer_reader(void)
{
    redisReader *reader = redisReaderCreate();

    MUST(reader != NULL);
    limit_elements(reader);
    return reader;
}

static const struct error_row *find_row(const redisReply *reply);

bool
answer_check(const redisReply *reply, struct error *err)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return true;
    return error_set(err, find_row(reply)->code, "Redis: %.300s", reply->str);
}

bool
answer_closes(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && find_row(reply)->closes;
}

bool
answer_is_noscript(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

bool
answer_is_denied(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOPERM", 6) == 0;
}

bool
answer_integer(const redisReply *reply, int64_t *out)
{
    const char *text;
    size_t len;
    if (reply != NULL && reply->type == REDIS_REPLY_INTEGER) {
        *out = reply->integer;
        return true;
    }
    if (!answer_bytes(reply, &text, &len) || len == 0 || len > 40)
        return false;
    char *end;
    errno = 0;
    long long exact = strtoll(text, &end, 10);
    if (end == text + len && errno == 0) {
        *out = exact;
        return true;
    }
    double score = strtod(text, &end);
    if (end != text + len || !(fabs(score) < 9e18))
        return false;
    *out = (int64_t)score;
    return true;
}

bool
answer_bytes(const redisReply *reply, const char **data, size_t *len)
{
    if (reply == NULL || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return false;
    *data = reply->str;
    *len = reply->len;
    return true;
}

bool
answer_is_array(const redisReply *reply, size_t at_least)
{
    return reply != NULL && reply->type == REDIS_REPLY_ARRAY && reply->elements >= at_least;
}

bool
answer_is_nil(const redisReply *reply)
{
    return reply != NULL && reply->type == REDIS_REPLY_NIL;
}

bool
answer_id(const redisReply *reply, struct id *id)
{
    const char *text;
    size_t len;
    return answer_bytes(reply, &text, &len) && id_from_redis(id, text, len);
}

const redisReply *
answer_at(const redisReply *reply, size_t i)
{
    return answer_is_array(reply, i + 1) ? reply->element[i] : NULL;
}

int64_t
answer_status(const redisReply *reply)
{
    const redisReply *first = answer_at(reply, 0);
    return first != NULL && first->type == REDIS_REPLY_INTEGER && first->integer >= 0
               ? first->integer
               : -1;
}

bool
answer_unexpected(const redisReply *reply, const char *what, struct error *err)
{
    if (reply == NULL)
        return error_set(err, ERROR_INTERNAL, "%s: Redis answered with less than was expected",
                         what);
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        return error_set(err, ERROR_INTERNAL,
                         "%s: Redis answered with %lld, which was not expected", what,
                         reply->integer);
    case REDIS_REPLY_ARRAY:
        return error_set(err, ERROR_INTERNAL,
                         "%s: Redis answered with a list of %zu, which was not expected", what,
                         (size_t)reply->elements);
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return error_set(err, ERROR_INTERNAL,
                         "%s: Redis answered with a text of %zu bytes, which was not expected",
                         what, (size_t)reply->len);
    case REDIS_REPLY_NIL:
        return error_set(err, ERROR_INTERNAL, "%s: Redis answered with nil, which was not expected",
                         what);
    default:
        return error_set(err, ERROR_INTERNAL,
                         "%s: Redis answered with type %d, which was not expected", what,
                         reply->type);
    }
}

bool
answer_version(const char *info, size_t len, struct error *err)
{
    static const char name[] = "redis_version:";
    const char *at = memmem(info, len, name, sizeof name - 1);
    unsigned major, minor, patch = 0;
    if (at == NULL || sscanf(at + sizeof name - 1, "%4u.%4u.%6u", &major, &minor, &patch) < 2)
        return true;
    if (major > MAJOR_LEAST || (major == MAJOR_LEAST && minor >= MINOR_LEAST))
        return true;
    return error_set(err, ERROR_CONFIG, "Redis %u.%u.%u is older than %d.%d", major, minor, patch,
                     MAJOR_LEAST, MINOR_LEAST);
}

static const struct error_row *
find_row(const redisReply *reply)
{
    static const char aborted[] = "EXECABORT Transaction discarded because of: ";
    const char *text = reply->str;
    if (strncmp(text, aborted, sizeof aborted - 1) == 0)
        text += sizeof aborted - 1;
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++) {
        const char *prefix = error_rows[i].prefix;
        size_t len = strlen(prefix);
        if (strncmp(text, prefix, len) != 0)
            continue;
        bool is_whole_word = text[len] == ' ' || text[len] == '\0';
        if (is_whole_word || strchr(prefix, ' ') != NULL)
            return &error_rows[i];
    }
    for (size_t i = 0; i < sizeof inner_rows / sizeof inner_rows[0]; i++)
        if (strstr(reply->str, inner_rows[i].prefix) != NULL)
            return &inner_rows[i];
    return &unknown_row;
}
