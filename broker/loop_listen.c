/* Listening: the connection is subscribed and carries no calls any more, only notices and now and
 * then a PING, so that a dead one is found while nothing happens.
 *
 *     {q}:control          "cancel force|grace <id>", "due <ms from now>", "beat <worker> <value>"
 *     worker:<id>:control  a command, as it is
 */
#include <stdlib.h>
#include <string.h>

#include "broker/loop_call.h"
#include "common/clock.h"

enum { PING_EVERY_MS = 15000 };

static void tell(struct broker_loop *b, const char *channel, size_t channel_len, const char *text,
                 size_t len);
static bool read_notice(struct broker_notice *notice, const char *text, size_t len);

void
broker_loop_listen(struct broker_loop *b, const char *const *queues, size_t n, const char *worker,
                   broker_notice_fn *each, void *arg)
{
    struct key key;
    if (!broker_loop_is_up(b))
        return; /* on_up will come, and with it another call of this */
    MUST(b->waiting.head == NULL && b->notice == NULL);
    b->notice = each;
    b->notice_arg = arg;
    b->heard_at_ms = clock_mono_ms();
    b->is_pinged = false;
    request_reset(&b->greeting);
    b->greeting_sent = 0;
    request_command(&b->greeting, "SUBSCRIBE", 2 + n);
    for (size_t i = 0; i < n; i++) {
        key_of_queue(&key, b->space, queues[i], QUEUE_CONTROL);
        request_key(&b->greeting, &key);
    }
    key_worker_control(&key, b->space, worker);
    request_key(&b->greeting, &key);
    loop_arm(b, b->command_timeout_ms);
    b->is_pinged = true; /* the confirmation is due as if it were a pong */
    loop_wake(b);
}

bool
loop_take_notice(struct broker_loop *b, const redisReply *answer, struct error *err)
{
    const char *kind, *channel, *text;
    size_t kind_len, channel_len, len;
    b->heard_at_ms = clock_mono_ms();
    b->is_pinged = false;
    if (!answer_check(answer, err))
        return false;
    if (!answer_bytes(answer_at(answer, 0), &kind, &kind_len))
        return answer_unexpected(answer, "listen", err);
    bool is_message = kind_len == 7 && memcmp(kind, "message", 7) == 0;
    if (is_message && answer_bytes(answer_at(answer, 1), &channel, &channel_len) &&
        answer_bytes(answer_at(answer, 2), &text, &len))
        tell(b, channel, channel_len, text, len);
    if (b->notice != NULL && b->armed_ms == INT64_MAX)
        loop_arm(b, PING_EVERY_MS);
    return true;
}

static void
tell(struct broker_loop *b, const char *channel, size_t channel_len, const char *text, size_t len)
{
    char queue[QUEUE_NAME_MAX + 1];
    struct broker_notice notice = {.kind = NOTICE_COMMAND, .command = text, .command_len = len};
    const char *open = memchr(channel, '{', channel_len),
               *close = memchr(channel, '}', channel_len);
    if (open != NULL && close != NULL) {
        size_t queue_len = (size_t)(close - open) - 1;
        if (close < open || queue_len > QUEUE_NAME_MAX || !read_notice(&notice, text, len))
            return;
        memcpy(queue, open + 1, queue_len);
        queue[queue_len] = '\0';
        notice.queue = queue;
    }
    b->notice(b->notice_arg, &notice);
}

/* Anybody may publish anything: what is not understood is passed over. */
static bool
read_notice(struct broker_notice *notice, const char *text, size_t len)
{
    static const char due[] = "due ", force[] = "cancel force ", grace[] = "cancel grace ",
                      beat[] = "beat ";
    enum { DUE_LEN = sizeof due - 1, CANCEL_LEN = sizeof force - 1, BEAT_LEN = sizeof beat - 1 };
    notice->command = NULL;
    if (strncmp(text, beat, BEAT_LEN) == 0) {
        const char *space = strchr(text + BEAT_LEN, ' ');
        notice->kind = NOTICE_BEAT;
        notice->worker = text + BEAT_LEN;
        notice->worker_len = space != NULL ? (size_t)(space - notice->worker) : 0;
        notice->value = space != NULL ? space + 1 : "";
        return notice->worker_len > 0;
    }
    if (strncmp(text, due, DUE_LEN) == 0) {
        char *end;
        notice->kind = NOTICE_DUE;
        notice->due_in_ms = strtoll(text + DUE_LEN, &end, 10);
        return end == text + len && len > DUE_LEN && notice->due_in_ms >= 0;
    }
    notice->kind = NOTICE_CANCEL;
    notice->force = strncmp(text, force, CANCEL_LEN) == 0;
    if (!notice->force && strncmp(text, grace, CANCEL_LEN) != 0)
        return false;
    return id_from_redis(&notice->id, text + CANCEL_LEN, len - CANCEL_LEN);
}

/* The timer of a listener has fired. */
bool
loop_check_silence(struct broker_loop *b, struct error *err)
{
    int64_t silent_ms = clock_mono_ms() - b->heard_at_ms;
    int64_t limit_ms = b->is_pinged ? b->command_timeout_ms : PING_EVERY_MS;
    if (silent_ms < limit_ms) {
        loop_arm(b, limit_ms - silent_ms);
        return true;
    }
    if (b->is_pinged)
        return error_set(err, ERROR_UNAVAILABLE, "%s: the listener has heard nothing for %lld ms",
                         b->url.shown, (long long)silent_ms);
    request_reset(&b->greeting);
    b->greeting_sent = 0;
    request_command(&b->greeting, "PING", 1);
    b->is_pinged = true;
    b->heard_at_ms = clock_mono_ms(); /* the answer's time counts from here */
    loop_arm(b, b->command_timeout_ms);
    loop_flush(b);
    return true;
}
