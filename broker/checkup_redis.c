/* Redis' own settings, as INFO tells them, since many users may not ask CONFIG. They are never
 * changed: how Redis runs is for its administrator to say. */
#include <stdlib.h>
#include <string.h>

#include "broker/checkup_parts.h"
#include "common/clock.h"

enum { CLOCK_OFF_MS = 1000, FULL_PERCENT = 90 };

struct facts {
    struct celeriac_arena *arena;
    const char *info; /* "\r\nname:value\r\n..." */
    bool has_save, is_save_known;
};

static bool read_facts(struct checkup *c, struct facts *f, struct error *err);
static bool take_info(void *arg, size_t i, const redisReply *answer, struct error *err);
static bool take_save(void *arg, size_t i, const redisReply *answer, struct error *err);
static const char *value_of(const struct facts *f, const char *name);
static void check_memory(struct checkup *c, const struct facts *f);
static void check_persistence(struct checkup *c, const struct facts *f);
static bool check_clock(struct checkup *c, struct error *err);
static void tell(struct checkup *c, const char *flaw, const char *text);

bool
checkup_redis(struct checkup *c, struct error *err)
{
    struct facts f = {.arena = c->arena, .info = ""};
    if (!read_facts(c, &f, err))
        return false;
    if (strcmp(value_of(&f, "role"), "slave") == 0)
        tell(c, "replica", "This Redis is a replica: it refuses all that is written.");
    check_memory(c, &f);
    check_persistence(c, &f);
    return check_clock(c, err);
}

static bool
read_facts(struct checkup *c, struct facts *f, struct error *err)
{
    struct error denied = ERROR_INIT;
    exchange_command(c->b, "INFO", 1);
    if (!exchange_run(c->b, take_info, f, err))
        return false;
    struct request *r = exchange_command(c->b, "CONFIG", 3);
    request_text(r, "GET");
    request_text(r, "save");
    /* Managed Redis has no CONFIG. */
    return exchange_run(c->b, take_save, f, &denied) || denied.code != ERROR_UNAVAILABLE ||
           error_set(err, denied.code, "%s", denied.message);
}

static bool
take_info(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct facts *f = arg;
    const char *info;
    size_t len;
    (void)i;
    if (!answer_bytes(answer, &info, &len))
        return answer_unexpected(answer, "INFO", err);
    f->info = arena_text(f->arena, info, len);
    return true;
}

static bool
take_save(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct facts *f = arg;
    const char *save;
    size_t len;
    (void)i;
    (void)err;
    f->is_save_known = answer_bytes(answer_at(answer, 1), &save, &len);
    f->has_save = f->is_save_known && len > 0;
    return true;
}

/* "" if INFO does not say. */
static const char *
value_of(const struct facts *f, const char *name)
{
    const char *start = arena_printf(f->arena, "\n%s:", name), *at = strstr(f->info, start);
    if (at == NULL)
        return "";
    at += strlen(start);
    return arena_text(f->arena, at, strcspn(at, "\r\n"));
}

static void
check_memory(struct checkup *c, const struct facts *f)
{
    long long limit = strtoll(value_of(f, "maxmemory"), NULL, 10);
    long long used = strtoll(value_of(f, "used_memory"), NULL, 10);
    const char *policy = value_of(f, "maxmemory_policy");
    if (limit <= 0)
        return;
    if (strcmp(policy, "noeviction") != 0)
        tell(c, "evicts",
             arena_printf(c->arena,
                          "maxmemory-policy is %s: when its memory is full, Redis throws jobs and "
                          "outcomes away; celeriac needs noeviction.",
                          policy));
    if (used > limit / 100 * FULL_PERCENT)
        tell(c, "memory_full",
             arena_printf(c->arena,
                          "%lld of %lld bytes of maxmemory are in use: submissions are refused "
                          "when none is left.",
                          used, limit));
}

static void
check_persistence(struct checkup *c, const struct facts *f)
{
    static const struct {
        const char *name, *fine, *text;
    } writes[] = {
        {"aof_last_write_status", "ok", "Redis could not write its append-only file."},
        {"rdb_last_bgsave_status", "ok", "Redis could not save its last snapshot."},
    };
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
        if (*value_of(f, writes[i].name) &&
            strcmp(value_of(f, writes[i].name), writes[i].fine) != 0)
            tell(c, "write_failed", writes[i].text);
    if (strcmp(value_of(f, "aof_enabled"), "1") == 0)
        return;
    if (f->is_save_known && !f->has_save)
        tell(c, "no_persistence",
             "Redis keeps nothing on disk: all jobs are gone when it ends; set appendonly yes.");
    else
        tell(c, "no_aof",
             "Redis writes snapshots alone: what has changed since the last one is gone when it "
             "crashes, and jobs that have ended since then run again; set appendonly yes.");
}

/* This machine's clock against Redis'. The truth lies somewhere within the round trip. */
static bool
check_clock(struct checkup *c, struct error *err)
{
    int64_t before_ms = clock_wall_ms(), redis_ms;
    if (!broker_redis_time(c->b, &redis_ms, err))
        return false;
    int64_t ahead_ms = before_ms - redis_ms, behind_ms = redis_ms - clock_wall_ms();
    int64_t off_ms = ahead_ms > behind_ms ? ahead_ms : behind_ms;
    if (off_ms > CLOCK_OFF_MS)
        tell(c, "clock",
             arena_printf(c->arena,
                          "The clock of this machine is %.1f s %s Redis'. Jobs go by Redis' clock, "
                          "but times in logs, and the age of jobs submitted here, are wrong.",
                          (double)off_ms / 1000, ahead_ms > behind_ms ? "ahead of" : "behind"));
    return true;
}

static void
tell(struct checkup *c, const char *flaw, const char *text)
{
    checkup_tell(c, &(struct broker_finding){.flaw = flaw, .text = text});
}
