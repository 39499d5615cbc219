/* A feed: a connection that is subscribed to one channel with a random name, over which the scripts
 * that end jobs push pairs of id and outcome.
 *
 * While nothing comes, a PING goes out now and then; a feed that does not answer it within the
 * command time-out is lost. All complete messages that one read brought are delivered together, so
 * that the descriptor is readable whenever there is work. */
#include <stdlib.h>
#include <string.h>

#include "broker/exchange.h"
#include "common/clock.h"
#include "common/mem.h"

enum { PING_EVERY_MS = 15000 };

struct broker_feed {
    struct link link;
    struct key channel;
    int64_t heard_at_ms; /* last sign of life */
    bool is_pinged;      /* and nothing was heard since */
};

/* What one wait delivers to. */
struct delivery {
    broker_outcome_fn *each;
    void *arg;
    bool has_delivered;
};

static bool subscribe(struct broker_feed *f, struct error *err);
static bool take_message(const redisReply *answer, struct delivery *to, struct error *err);
static bool take_waiting(struct broker_feed *f, struct delivery *to, struct error *err);
static int next_look(const struct broker_feed *f, int64_t deadline_ms);
static bool on_silence(struct broker_feed *f, struct error *err);

bool
broker_feed_open(struct broker_feed **out, const struct broker_settings *settings,
                 struct error *err)
{
    const char *space = settings->namespace != NULL ? settings->namespace : NAMESPACE_DEFAULT;
    struct broker_feed *f = mem_zero(sizeof *f);
    struct id random;
    if (!key_check_namespace(space, err) || !link_init(&f->link, settings, err)) {
        free(f);
        return false;
    }
    id_new(&random);
    key_feed(&f->channel, space, random.text);
    if (!subscribe(f, err)) {
        broker_feed_close(f);
        return false;
    }
    *out = f;
    return true;
}

void
broker_feed_close(struct broker_feed *f)
{
    if (f == NULL)
        return;
    link_clear(&f->link);
    free(f);
}

const char *
broker_feed_channel(const struct broker_feed *f)
{
    return f->channel.text;
}

int
broker_feed_fd(const struct broker_feed *f)
{
    return f->link.fd;
}

bool
broker_feed_reopen(struct broker_feed *f, struct error *err)
{
    link_close(&f->link);
    return subscribe(f, err);
}

bool
broker_feed_wait(struct broker_feed *f, int timeout_ms, broker_outcome_fn *each, void *arg,
                 struct error *err)
{
    struct delivery to = {each, arg, false};
    int64_t deadline_ms = timeout_ms < 0 ? INT64_MAX : clock_mono_ms() + timeout_ms;
    if (f->link.fd < 0)
        return error_set(err, ERROR_UNAVAILABLE, "%s: the feed is lost", f->link.url.shown);
    for (;;) {
        redisReply *answer;
        enum link_event event = link_wait(&f->link, next_look(f, deadline_ms), &answer, err);
        if (event == LINK_LOST)
            return false;
        if (event == LINK_TIMEOUT) {
            if (!on_silence(f, err))
                return false;
            if (clock_mono_ms() >= deadline_ms)
                return error_set(err, ERROR_TIMEOUT, "no outcome within %d ms", timeout_ms);
            continue;
        }
        f->heard_at_ms = clock_mono_ms();
        f->is_pinged = false;
        bool ok = take_message(answer, &to, err);
        freeReplyObject(answer);
        if (!ok || !take_waiting(f, &to, err)) {
            link_close(&f->link);
            return false;
        }
        if (to.has_delivered)
            return true;
    }
}

static bool
subscribe(struct broker_feed *f, struct error *err)
{
    redisReply *answer;
    if (!link_dial(&f->link, err))
        return false;
    request_reset(&f->link.out);
    f->link.sent = 0;
    request_command(&f->link.out, "SUBSCRIBE", 2);
    request_key(&f->link.out, &f->channel);
    enum link_event event = link_wait(&f->link, f->link.command_timeout_ms, &answer, err);
    if (event == LINK_TIMEOUT) {
        link_close(&f->link);
        return error_set(err, ERROR_UNAVAILABLE, "%s: no answer to SUBSCRIBE within %d ms",
                         f->link.url.shown, f->link.command_timeout_ms);
    }
    if (event == LINK_LOST)
        return false;
    bool ok = answer_check(answer, err) &&
              (answer_is_array(answer, 3) || answer_unexpected(answer, "SUBSCRIBE", err));
    freeReplyObject(answer);
    if (!ok)
        link_close(&f->link);
    f->heard_at_ms = clock_mono_ms();
    f->is_pinged = false;
    return ok;
}

/* Whatever else has come whole already. */
static bool
take_waiting(struct broker_feed *f, struct delivery *to, struct error *err)
{
    for (;;) {
        void *answer = NULL;
        if (redisReaderGetReply(f->link.reader, &answer) != REDIS_OK)
            return error_set(err, ERROR_UNAVAILABLE, "%s: %s", f->link.url.shown,
                             f->link.reader->errstr);
        if (answer == NULL)
            return true;
        bool ok = take_message(answer, to, err);
        freeReplyObject(answer);
        if (!ok)
            return false;
    }
}

static void
take_pair(void *arg, const char *id_text, size_t id_len, const char *outcome, size_t len)
{
    struct delivery *to = arg;
    struct id id;
    if (!id_from_redis(&id, id_text, id_len))
        return;
    to->has_delivered = true;
    to->each(to->arg, &id, len > 0 ? outcome : NULL, len);
}

/* ["message", channel, pairs]; ["pong", ""] and the like are signs of life and no more. */
static bool
take_message(const redisReply *answer, struct delivery *to, struct error *err)
{
    const char *kind, *pairs;
    size_t kind_len, len;
    if (!answer_check(answer, err))
        return error_prefix(err, "feed");
    if (!answer_bytes(answer_at(answer, 0), &kind, &kind_len))
        return answer_unexpected(answer, "feed", err);
    if (kind_len != 7 || memcmp(kind, "message", 7) != 0)
        return true;
    if (!answer_bytes(answer_at(answer, 2), &pairs, &len))
        return answer_unexpected(answer, "feed", err);
    (void)message_pairs(pairs, len, take_pair, to, NULL); /* anybody may publish anything */
    return true;
}

static int
next_look(const struct broker_feed *f, int64_t deadline_ms)
{
    int64_t silence_ms = f->is_pinged ? f->link.command_timeout_ms : PING_EVERY_MS;
    int64_t at_ms = f->heard_at_ms + silence_ms, now_ms = clock_mono_ms();
    if (deadline_ms < at_ms)
        at_ms = deadline_ms;
    return at_ms <= now_ms ? 0 : (int)(at_ms - now_ms);
}

static bool
on_silence(struct broker_feed *f, struct error *err)
{
    int64_t silent_ms = clock_mono_ms() - f->heard_at_ms;
    if (f->is_pinged && silent_ms >= f->link.command_timeout_ms) {
        link_close(&f->link);
        return error_set(err, ERROR_UNAVAILABLE, "%s: the feed has been silent for %lld ms",
                         f->link.url.shown, (long long)silent_ms);
    }
    if (f->is_pinged || silent_ms < PING_EVERY_MS)
        return true;
    request_reset(&f->link.out);
    f->link.sent = 0;
    request_command(&f->link.out, "PING", 1);
    f->is_pinged = true;
    f->heard_at_ms = clock_mono_ms(); /* the answer's time counts from here */
    return link_send(&f->link, err);
}
