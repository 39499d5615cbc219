/* Remote control. A command comes over the listener, is read by worker/remote_command.c, and goes
 * to the master, which obeys and answers; the answer is published for who asked.
 *
 *     client --PUBLISH worker:<id>:control--> steward --WIRE_SCALE--> master
 *     client <-----PUBLISH feed:<token>------ steward <--WIRE_ANSWER--'
 *
 * So an answer means that the master has obeyed, not only that a message came. Who gets none within
 * his time takes the worker for silent. */
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/mem.h"
#include "worker/remote_command.h"
#include "worker/steward_state.h"

enum { REQUESTS_MAX = 64, REQUEST_MS = 60000 };

struct control_request {
    struct control_request *next;
    struct remote_command command;
    uint32_t number;
    int64_t since_ms;
};

static const enum wire_kind wire_kinds[] = {
    [REMOTE_UNKNOWN] = 0,      [REMOTE_QUIET] = WIRE_QUIET,     [REMOTE_RESUME] = WIRE_RESUME,
    [REMOTE_STOP] = WIRE_STOP, [REMOTE_RESTART] = WIRE_RESTART, [REMOTE_SCALE] = WIRE_SCALE,
    [REMOTE_DUMP] = WIRE_DUMP,
};

/* Why a command was refused. */
static const char *const reasons[] = {
    [CONTROL_DONE] = NULL,
    [CONTROL_STOPPING] = "the worker stops",
    [CONTROL_BUSY] = "a restart is under way",
    [CONTROL_SETTINGS] = "the settings cannot be used: see the worker's log",
    [CONTROL_RANGE] = "a worker has 1 to 64 runners",
};

static void
on_answered(void *arg, const struct error *err)
{
    struct steward *s = arg;
    unsigned left_out;

    if (err != NULL && log_allowed(&s->answer_limit, 10000, &left_out))
        log_event(LOG_WARN, "command_unanswered", "reason=\"%s\" unnoticed=%u",
                  log_quote(err->message), left_out);
}

/* `reason` NULL: it was done. */
static void
answer(struct steward *s, const struct remote_command *c, const char *reason, int64_t wanted)
{
    static const char *const states[] = {"running", "quiet", "stopping"};
    struct celeriac_arena *a = arena_new();
    struct celeriac_value *o = celeriac_object(a);
    struct buffer json = BUFFER_INIT;

    celeriac_set(o, "worker", celeriac_text(a, s->settings->id));
    celeriac_set(o, "command", celeriac_text(a, remote_verb_name(c->verb)));
    celeriac_set(o, "result", celeriac_text(a, reason == NULL ? "done" : "refused"));
    if (reason != NULL)
        celeriac_set(o, "reason", celeriac_text(a, reason));
    celeriac_set(o, "state", celeriac_text(a, states[s->state]));
    if (wanted > 0)
        celeriac_set(o, "processes", celeriac_integer(a, wanted));
    json_print(o, &json);
    buffer_append(&json, "", 1);
    broker_loop_answer(s->command, c->token, json.data, on_answered, s);
    buffer_clear(&json);
    arena_free(a);
}

/* Remembers who asked, and forgets whom nobody can be waiting behind any more. Returns the number
 * of the request; 0: too many wait. */
static uint32_t
remember(struct steward *s, const struct remote_command *c)
{
    const int64_t now = clock_mono_ms();
    size_t n = 0;

    for (struct control_request **at = &s->requests; *at != NULL;) {
        struct control_request *r = *at;
        if (now - r->since_ms < REQUEST_MS) {
            n++;
            at = &r->next;
            continue;
        }
        *at = r->next;
        free(r);
    }
    if (n >= REQUESTS_MAX)
        return 0;
    struct control_request *r = mem_zero(sizeof(*r));
    if (++s->last_request == 0)
        s->last_request = 1;
    *r = (struct control_request){
        .next = s->requests, .command = *c, .number = s->last_request, .since_ms = now};
    s->requests = r;
    return r->number;
}

static void
pass_on(struct steward *s, const struct remote_command *c)
{
    const bool is_asked = c->token[0] != '\0';
    const uint32_t number = is_asked ? remember(s, c) : 0;

    if (is_asked && number == 0) {
        answer(s, c, "too many commands are waiting", 0);
        return;
    }
    (void)wire_tell(s->heritage->control_fd, wire_kinds[c->verb], number, c->number);
}

void
control_notice(struct steward *s, const struct broker_notice *notice)
{
    struct remote_command c;
    unsigned left_out;

    if (!remote_command_read(notice->command, notice->command_len, &c)) {
        if (log_allowed(&s->unknown_limit, 10000, &left_out))
            log_event(LOG_WARN, "command_unknown", "text=\"%.100s\" unnoticed=%u",
                      log_quote(notice->command), left_out);
        return;
    }
    if (c.verb == REMOTE_UNKNOWN) {
        answer(s, &c, "unknown command", 0);
        return;
    }
    log_event(LOG_INFO, "command", "name=%s number=%u", remote_verb_name(c.verb), c.number);
    pass_on(s, &c);
}

void
control_answer(struct steward *s, const struct wire *w)
{
    const size_t result = w->value < sizeof(reasons) / sizeof(reasons[0]) ? w->value : CONTROL_BUSY;

    for (struct control_request **at = &s->requests; *at != NULL; at = &(*at)->next) {
        struct control_request *r = *at;
        if (r->number != w->number)
            continue;
        *at = r->next;
        answer(s, &r->command, reasons[result], w->at_ms);
        free(r);
        return;
    }
}
