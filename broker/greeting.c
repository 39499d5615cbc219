/* An ACL may deny INFO and SCRIPT LOAD to a user who may do all the rest: then the version is not
 * checked, and each script travels once as EVAL. RESP2 is spoken, so there is no HELLO. */
#include "broker/greeting.h"

#include <string.h>

static bool says_auth(const struct broker_url *url);
static bool check_info(const struct broker_url *url, const redisReply *reply, struct error *err);

size_t
greeting_write(struct request *r, const struct broker_url *url, enum greeting kind)
{
    size_t n = 1;
    if (says_auth(url)) {
        request_command(r, "AUTH", url->user != NULL ? 3 : 2);
        if (url->user != NULL)
            request_text(r, url->user);
        request_text(r, url->password != NULL ? url->password : "");
        n++;
    }
    if (url->db != 0) {
        request_command(r, "SELECT", 2);
        request_number(r, url->db);
        n++;
    }
    request_command(r, "INFO", 2);
    request_text(r, "server");
    if (kind == GREETING_PLAIN)
        return n;
    for (size_t i = 0; i < SCRIPT_COUNT; i++, n++) {
        const struct script_source *source = script_source((enum script)i);
        request_command(r, "SCRIPT", 3);
        request_text(r, "LOAD");
        request_arg(r, source->bytes, source->len);
    }
    return n;
}

bool
greeting_check(const struct broker_url *url, size_t i, const redisReply *reply, struct error *err)
{
    size_t info = (says_auth(url) ? 1u : 0u) + (url->db != 0 ? 1u : 0u);
    if (i >= info && answer_is_denied(reply))
        return true;
    if (!answer_check(reply, err))
        return error_prefix(err, "%s", url->shown);
    if (i < info)
        return reply->type == REDIS_REPLY_STATUS || answer_unexpected(reply, url->shown, err);
    if (i == info)
        return check_info(url, reply, err);
    const char *sha, *ours = script_source((enum script)(i - info - 1))->sha;
    size_t len;
    if (!answer_bytes(reply, &sha, &len) || len != SCRIPT_SHA_LEN || memcmp(sha, ours, len) != 0)
        return answer_unexpected(reply, "SCRIPT LOAD", err);
    return true;
}

static bool
says_auth(const struct broker_url *url)
{
    return url->user != NULL || url->password != NULL;
}

static bool
check_info(const struct broker_url *url, const redisReply *reply, struct error *err)
{
    const char *info;
    size_t len;
    if (!answer_bytes(reply, &info, &len))
        return answer_unexpected(reply, "INFO", err);
    return answer_version(info, len, err) || error_prefix(err, "%s", url->shown);
}
