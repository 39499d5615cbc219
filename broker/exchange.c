/* A run has up to two rounds: all calls, then, as EVAL with their whole source, those that Redis
 * answered with NOSCRIPT (after a restart, a fail-over, SCRIPT FLUSH). A lost connection is dialled
 * anew once per run, and the round goes on with the first call that has no answer; so every answer
 * is handed out once even then. A time-out is not followed by another try: whoever waited that long
 * is told. */
#include "broker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

struct run {
    exchange_fn *each;
    void *arg;
    size_t *round; /* indexes of the calls of this round, in the order of their bytes; NULL: all */
    size_t n;
    unsigned tries_left;
    struct error first; /* the first error answer, or error of `each` */
};

static bool run_all(struct broker *b, struct run *run, struct error *err);
static bool run_round(struct broker *b, struct run *run, struct error *err);
static bool redial(struct broker *b, struct run *run, size_t i, struct error *err);
static bool take(struct broker *b, struct run *run, size_t i, const redisReply *answer);
static void begin_second_round(struct broker *b, struct run *run);

struct request *
exchange_command(struct broker *b, const char *name, size_t argc)
{
    if (b->n_calls == b->capacity) {
        b->capacity = b->capacity == 0 ? 64 : b->capacity * 2;
        b->calls = mem_grow(b->calls, b->capacity, sizeof *b->calls);
    }
    b->calls[b->n_calls++] =
        (struct exchange_call){.at = b->link.out.bytes.len, .script = SCRIPT_NONE};
    if (name != NULL)
        request_command(&b->link.out, name, argc);
    return &b->link.out;
}

struct request *
exchange_script(struct broker *b, enum script script, size_t n_keys, size_t n_args)
{
    struct request *r = exchange_command(b, NULL, 0);
    b->calls[b->n_calls - 1].script = script;
    request_script(r, script, n_keys, n_args);
    return r;
}

struct request *
exchange_on_key(struct broker *b, const char *name, const struct key *key, size_t n_more)
{
    struct request *r = exchange_command(b, name, 2 + n_more);
    request_key(r, key);
    return r;
}

void
exchange_reset(struct broker *b)
{
    request_reset(&b->link.out);
    b->link.sent = 0;
    b->n_calls = 0;
}

bool
exchange_ready(struct broker *b, struct error *err)
{
    return link_is_quiet(&b->link) || link_dial(&b->link, err);
}

bool
exchange_run(struct broker *b, exchange_fn *each, void *arg, struct error *err)
{
    struct run run = {.each = each, .arg = arg, .n = b->n_calls, .tries_left = 1};
    return run_all(b, &run, err);
}

bool
exchange_run_once(struct broker *b, exchange_fn *each, void *arg, struct error *err)
{
    struct run run = {.each = each, .arg = arg, .n = b->n_calls};
    return run_all(b, &run, err);
}

static bool
run_all(struct broker *b, struct run *run, struct error *err)
{
    struct error lost = ERROR_INIT;
    b->link.sent = 0;
    bool ok = run->n == 0 || exchange_ready(b, &lost);
    if (ok)
        ok = run_round(b, run, &lost);
    if (ok && run->n > 0) {
        begin_second_round(b, run);
        (void)run_round(b, run, &lost); /* `lost` tells */
    }
    free(run->round);
    exchange_reset(b);
    const struct error *worst = run->first.code != ERROR_NONE ? &run->first : &lost;
    if (worst->code != ERROR_NONE && err != NULL)
        *err = *worst;
    return worst->code == ERROR_NONE;
}

static bool
run_round(struct broker *b, struct run *run, struct error *err)
{
    for (size_t p = 0; p < run->n;) {
        size_t i = run->round != NULL ? run->round[p] : p;
        redisReply *answer;
        enum link_event event = link_wait(&b->link, b->link.command_timeout_ms, &answer, err);
        if (event == LINK_ANSWER) {
            bool goes_on = take(b, run, i, answer);
            freeReplyObject(answer);
            if (!goes_on)
                return false;
            p++;
        } else if (event == LINK_TIMEOUT) {
            link_close(&b->link);
            err->code = ERROR_UNAVAILABLE;
            return false;
        } else if (!redial(b, run, i, err)) {
            return false;
        }
    }
    return true;
}

/* The connection is lost while call i has no answer: go on with it on a new one? */
static bool
redial(struct broker *b, struct run *run, size_t i, struct error *err)
{
    if (err->code != ERROR_UNAVAILABLE || run->tries_left == 0)
        return false;
    run->tries_left--;
    *err = ERROR_INIT;
    b->link.sent = b->calls[i].at;
    return link_dial(&b->link, err);
}

/* False: the connection was closed. */
static bool
take(struct broker *b, struct run *run, size_t i, const redisReply *answer)
{
    struct error *err = &run->first, later = ERROR_INIT;
    if (err->code != ERROR_NONE)
        err = &later;
    if (answer_is_noscript(answer) && b->calls[i].script != SCRIPT_NONE && run->round == NULL) {
        b->calls[i].needs_source = true;
        return true;
    }
    bool closes = answer_closes(answer);
    if (answer_check(answer, err) && !run->each(run->arg, i, answer, err))
        closes = closes || err->code == ERROR_INTERNAL;
    if (closes)
        link_close(&b->link);
    return !closes;
}

static void
begin_second_round(struct broker *b, struct run *run)
{
    struct request again = REQUEST_INIT, *out = &b->link.out;
    run->round = mem_array(run->n, sizeof *run->round);
    size_t n = 0, end = out->bytes.len;
    for (size_t i = 0; i < run->n; i++) {
        struct exchange_call *call = &b->calls[i];
        size_t at = call->at, next = i + 1 < run->n ? b->calls[i + 1].at : end;
        if (!call->needs_source)
            continue;
        call->at = again.bytes.len;
        request_as_eval(&again, call->script, out->bytes.data + at, next - at);
        run->round[n++] = i;
    }
    run->n = n;
    if (n > 0) {
        request_clear(out);
        *out = again;
        b->link.sent = 0;
    }
}
