/* Opening, closing, and what belongs to no other file. */
#include "broker/broker.h"

#include <stdlib.h>

#include "broker/exchange.h"
#include "common/mem.h"

bool
broker_open(struct broker **out, const struct broker_settings *settings, struct error *err)
{
    const char *space = settings->namespace != NULL ? settings->namespace : NAMESPACE_DEFAULT;
    struct link link;
    if (!key_check_namespace(space, err) || !link_init(&link, settings, err))
        return false;
    if (!link_dial(&link, err)) {
        link_clear(&link);
        return false;
    }
    struct broker *b = mem_zero(sizeof *b);
    b->link = link;
    b->space = mem_text(space);
    *out = b;
    return true;
}

void
broker_close(struct broker *b)
{
    if (b == NULL)
        return;
    link_clear(&b->link);
    free(b->calls);
    free(b->space);
    free(b);
}

bool
broker_queue_name_is_valid(const char *name)
{
    return key_queue_name_is_valid(name);
}

static bool
take_time(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    int64_t *wall_ms = arg, seconds, micros;
    (void)i;
    if (!answer_integer(answer_at(answer, 0), &seconds) ||
        !answer_integer(answer_at(answer, 1), &micros))
        return answer_unexpected(answer, "TIME", err);
    *wall_ms = seconds * 1000 + micros / 1000;
    return true;
}

bool
broker_redis_time(struct broker *b, int64_t *wall_ms, struct error *err)
{
    exchange_command(b, "TIME", 1);
    return exchange_run(b, take_time, wall_ms, err);
}
