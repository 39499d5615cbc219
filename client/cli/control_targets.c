/* Asking several workers at once: all are told first, then all answers are taken as they come. */
#include "client/cli/control_targets.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/clock.h"
#include "common/json.h"

enum { AGAIN_MS = 100, NAME_MAX_BYTES = 256 };

static const char *text_of(const struct celeriac_value *object, const char *key);
static bool is_meant(const char *pattern, const struct celeriac_value *state);
static bool send_all(struct control_targets *t, struct broker *b, const struct broker_control *c,
                     const char *command, struct error *err);
static void take(void *arg, const char *json, size_t len);
static bool have_all_answered(const struct control_targets *t);

bool
control_targets_find(struct broker *b, const char *pattern, struct celeriac_arena *arena,
                     struct control_targets *out, struct error *err)
{
    const char **json;
    size_t n;

    if (!broker_workers(b, NULL, arena, &json, &n, err)) {
        return false;
    }
    struct control_targets t = {.items = arena_alloc(arena, (n + 1) * sizeof *t.items),
                                .arena = arena};
    for (size_t i = 0; i < n; i++) {
        const struct celeriac_value *state = json_parse(arena, json[i], strlen(json[i]), NULL);
        if (is_meant(pattern, state)) {
            t.items[t.count++] = (struct control_target){.worker = text_of(state, "worker")};
        }
    }
    if (t.count == 0) {
        return error_set(err, ERROR_NOT_FOUND, "no live worker is or matches \"%.80s\"", pattern);
    }
    *out = t;
    return true;
}

bool
control_targets_ask(struct control_targets *t, struct broker *b, struct broker_control *c,
                    const char *command, int timeout_ms, struct error *err)
{
    const int64_t deadline_ms = clock_mono_ms() + timeout_ms;

    for (;;) {
        if (!send_all(t, b, c, command, err)) {
            return false;
        }
        const int64_t left_ms = deadline_ms - clock_mono_ms();
        if (have_all_answered(t) || left_ms <= 0) {
            return true;
        }
        struct error none = ERROR_INIT;
        if (!broker_control_wait(c, left_ms < AGAIN_MS ? (int)left_ms : AGAIN_MS, take, t, &none) &&
            none.code != ERROR_TIMEOUT) {
            return error_set(err, none.code, "%s", none.message);
        }
    }
}

bool
control_targets_are_sent(const struct control_targets *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->items[i].is_sent) {
            return true;
        }
    }
    return false;
}

static const char *
text_of(const struct celeriac_value *object, const char *key)
{
    const struct celeriac_value *v = celeriac_get(object, key);

    return celeriac_type(v) == CELERIAC_STRING ? celeriac_bytes(v, NULL) : "";
}

/* An id is "<name>-<random>", or "<host>-<pid>-<random>" for a worker without a name. */
static bool
is_meant(const char *pattern, const struct celeriac_value *state)
{
    const char *worker = text_of(state, "worker"), *host = text_of(state, "host");
    const char *random = strrchr(worker, '-');
    char name[NAME_MAX_BYTES], unnamed[NAME_MAX_BYTES];
    int64_t pid = 0;

    if (!random) {
        return false;
    }
    if (strcmp(pattern, "all") == 0 || fnmatch(pattern, worker, 0) == 0) {
        return true;
    }
    (void)celeriac_get_integer(celeriac_get(state, "pid"), &pid);
    snprintf(name, sizeof name, "%.*s", (int)(random - worker), worker);
    snprintf(unnamed, sizeof unnamed, "%.64s-%lld", host, (long long)pid);
    return fnmatch(pattern, name, 0) == 0 ||
           (strcmp(name, unnamed) == 0 && fnmatch(pattern, host, 0) == 0);
}

static bool
send_all(struct control_targets *t, struct broker *b, const struct broker_control *c,
         const char *command, struct error *err)
{
    for (size_t i = 0; i < t->count; i++) {
        int64_t heard = 0;
        if (t->items[i].is_sent) {
            continue;
        }
        if (!broker_control_send(c, b, t->items[i].worker, command, &heard, err)) {
            return false;
        }
        t->items[i].is_sent = heard > 0;
    }
    return true;
}

/* Anybody may publish anything: what is no answer of a worker that was asked is passed over. */
static void
take(void *arg, const char *json, size_t len)
{
    struct control_targets *t = arg;
    const struct celeriac_value *v = json_parse(t->arena, json, len, NULL);
    const char *worker = text_of(v, "worker");

    for (size_t i = 0; i < t->count; i++) {
        if (!t->items[i].answer && strcmp(t->items[i].worker, worker) == 0) {
            t->items[i].answer = v;
            return;
        }
    }
}

static bool
have_all_answered(const struct control_targets *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (!t->items[i].answer) {
            return false;
        }
    }
    return true;
}
