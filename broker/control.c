/* Commands to workers, and their answers: "COMMAND ack TOKEN" on `worker:<id>:control`, the answer
 * on `feed:TOKEN`. Both travel by PUBLISH: nothing of them stays in Redis, and a command that
 * nobody heard has not happened. */
#include "broker/control.h"

#include <stdlib.h>
#include <string.h>

#include "broker/answer.h"
#include "broker/keys.h"
#include "broker/link.h"
#include "common/clock.h"
#include "common/mem.h"

struct broker_control {
    struct link link;
    struct id token;
};

static bool subscribe(struct broker_control *c, const char *space, struct error *err);

bool
broker_control_open(struct broker_control **out, const struct broker_settings *settings,
                    struct error *err)
{
    const char *space = settings->namespace != NULL ? settings->namespace : NAMESPACE_DEFAULT;
    struct broker_control *c = mem_zero(sizeof *c);

    if (!key_check_namespace(space, err) || !link_init(&c->link, settings, err)) {
        free(c);
        return false;
    }
    id_new(&c->token);
    if (!subscribe(c, space, err)) {
        broker_control_close(c);
        return false;
    }
    *out = c;
    return true;
}

void
broker_control_close(struct broker_control *c)
{
    if (c == NULL)
        return;
    link_clear(&c->link);
    free(c);
}

static bool
subscribe(struct broker_control *c, const char *space, struct error *err)
{
    redisReply *answer;
    struct key channel;

    if (!link_dial(&c->link, err))
        return false;
    key_feed(&channel, space, c->token.text);
    request_reset(&c->link.out);
    c->link.sent = 0;
    request_command(&c->link.out, "SUBSCRIBE", 2);
    request_key(&c->link.out, &channel);
    enum link_event event = link_wait(&c->link, c->link.command_timeout_ms, &answer, err);
    if (event == LINK_TIMEOUT)
        return error_set(err, ERROR_UNAVAILABLE, "%s: no answer to SUBSCRIBE within %d ms",
                         c->link.url.shown, c->link.command_timeout_ms);
    if (event == LINK_LOST)
        return false;
    bool ok = answer_check(answer, err) &&
              (answer_is_array(answer, 3) || answer_unexpected(answer, "SUBSCRIBE", err));
    freeReplyObject(answer);
    return ok;
}

bool
broker_control_send(const struct broker_control *c, struct broker *b, const char *worker,
                    const char *command, int64_t *heard, struct error *err)
{
    char *text = mem_printf("%s ack %s", command, c->token.text);
    bool ok = broker_control(b, worker, text, heard, err);

    free(text);
    return ok;
}

bool
broker_control_wait(struct broker_control *c, int timeout_ms, broker_control_fn *each, void *arg,
                    struct error *err)
{
    const int64_t deadline_ms = clock_mono_ms() + timeout_ms;
    const char *kind, *json;
    size_t kind_len, len;

    if (c->link.fd < 0)
        return error_set(err, ERROR_UNAVAILABLE, "%s: the connection for answers is lost",
                         c->link.url.shown);
    for (;;) {
        redisReply *answer;
        const int64_t left_ms = deadline_ms - clock_mono_ms();
        if (link_wait(&c->link, left_ms > 0 ? (int)left_ms : 0, &answer, err) != LINK_ANSWER)
            return false;
        bool is_message = answer_bytes(answer_at(answer, 0), &kind, &kind_len) && kind_len == 7 &&
                          memcmp(kind, "message", 7) == 0 &&
                          answer_bytes(answer_at(answer, 2), &json, &len);
        if (is_message)
            each(arg, json, len);
        freeReplyObject(answer);
        if (is_message)
            return true;
    }
}
