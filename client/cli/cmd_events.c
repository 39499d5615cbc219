/* celeriac events: follows the stream of events. Its entries have an order and a place (the
 * cursor), so after Redis was away it goes on where it stood: nothing twice, and nothing left out
 * that the stream still holds. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "broker/events.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "common/arena.h"
#include "common/clock.h"

enum { WAIT_MS = 1000, AGAIN_MS = 200 };

struct events_options {
    const char *queue, *since;
    struct option_list types;
    bool no_follow;
};

struct follower {
    const struct cli *cli;
    const struct events_options *options;
    struct celeriac_arena *arena;
    size_t n; /* handed over by the last read */
};

static int run(struct cli *cli, const void *options);
static int follow(struct follower *f, struct broker *b, char *cursor);
static bool start_at(struct broker *b, const char *since, char *cursor, struct error *err);
static void show(void *arg, const struct broker_event_entry *entry);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "of this queue alone",
     .offset = offsetof(struct events_options, queue)},
    {.name = "type",
     .type = OPTION_LIST,
     .unit = "EVENT",
     .help = "this event alone, e.g. job_failed; may be repeated",
     .offset = offsetof(struct events_options, types)},
    {.name = "since",
     .type = OPTION_TEXT,
     .unit = "WHEN",
     .help = "begin there, not now: how long ago (5m), a time, or the cursor of an event",
     .offset = offsetof(struct events_options, since)},
    {.name = "no-follow",
     .type = OPTION_FLAG,
     .help = "end with the newest, do not wait for more",
     .offset = offsetof(struct events_options, no_follow)},
};

const struct command cmd_events = {
    .name = "events",
    .group = GROUP_QUEUES,
    .summary = "Follows what happens: failures, retries, crashes, workers that come and go",
    .usage = "events",
    .details =
        "One event a line, with --json an object a line: `at`, `event`, what it is about (`queue`, "
        "`id`, "
        "`worker`, `attempt`,\n"
        "`signal`, `count`), and `cursor`, its place in the stream, for --since. Successes are "
        "there if workers run\n"
        "with --events all. Redis keeps the latest 10,000 or so.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct events_options),
    .examples = {"celeriac events --type job_failed --type job_dead",
                 "celeriac events --since 1h --no-follow --json"},
    .exit_codes = "0   --no-follow: shown\n" SESSION_EXIT_USAGE SESSION_EXIT_BROKER
                  "130, 143  ended by a signal\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct events_options *o = options;
    struct follower f = {.cli = cli, .options = o};
    char cursor[EVENT_CURSOR_MAX];
    struct error err = ERROR_INIT;
    struct broker *b;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "events takes no operands: see celeriac events --help");
    }
    b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    interrupt_install();
    interrupt_note("");
    f.arena = arena_new();
    code = start_at(b,
                    o->since       ? o->since
                    : o->no_follow ? "0-0"
                                   : NULL,
                    cursor, &err)
               ? follow(&f, b, cursor)
               : cli_fail(&err);
    arena_free(f.arena);
    broker_close(b);
    return code;
}

static bool
can_wait_for(const struct error *err)
{
    return err->code == ERROR_UNAVAILABLE || err->code == ERROR_TRY_LATER;
}

static int
follow(struct follower *f, struct broker *b, char *cursor)
{
    const bool waits = !f->options->no_follow;
    bool is_away = false;

    for (;;) {
        struct error err = ERROR_INIT;
        f->n = 0;
        if (broker_events_read(b, cursor, waits ? WAIT_MS : 0, show, f, &err)) {
            is_away = false;
        } else if (!waits || !can_wait_for(&err)) {
            return cli_fail(&err);
        } else {
            if (!is_away) {
                fprintf(stderr, "celeriac: %s; going on when it is back\n", err.message);
            }
            is_away = true;
            poll(NULL, 0, AGAIN_MS);
        }
        if (fflush(stdout) != 0) {
            return cli_fail_with(ERROR_UNAVAILABLE, "standard output: it cannot be written to");
        }
        if (!waits && f->n == 0) {
            return 0;
        }
    }
}

/* ---- where to begin ---- */

static bool
is_cursor(const char *text)
{
    uint64_t ms, number;
    int end = 0;

    return strlen(text) < EVENT_CURSOR_MAX &&
           sscanf(text, "%" SCNu64 "-%" SCNu64 "%n", &ms, &number, &end) == 2 &&
           text[end] == '\0' && strspn(text, "0123456789-") == strlen(text);
}

/* Behind the newest, if nothing is said. */
static bool
start_at(struct broker *b, const char *since, char *cursor, struct error *err)
{
    int64_t at_ms, now_ms;

    if (!since) {
        return broker_events_last(b, cursor, err);
    }
    if (is_cursor(since)) {
        snprintf(cursor, EVENT_CURSOR_MAX, "%s", since);
        return true;
    }
    if (option_parse_duration(since, &at_ms)) {
        if (!broker_redis_time(b, &now_ms, err)) {
            return false;
        }
        at_ms = at_ms < now_ms ? now_ms - at_ms : 0;
    } else if (!clock_parse(since, &at_ms) || at_ms < 0) {
        return error_set(err, ERROR_USAGE,
                         "--since %s: expected how long ago (5m), a time like "
                         "2026-01-31T12:00:00Z, or the cursor of an event",
                         since);
    }
    snprintf(cursor, EVENT_CURSOR_MAX, "%" PRId64 "-0", at_ms);
    return true;
}

/* ---- showing ---- */

static bool
is_named(const struct broker_event_field *f, const char *name)
{
    return f->name_len == strlen(name) && memcmp(f->name, name, f->name_len) == 0;
}

static bool
has_value(const struct broker_event_field *f, const char *value)
{
    return f->value_len == strlen(value) && memcmp(f->value, value, f->value_len) == 0;
}

static bool
is_wanted(const struct events_options *o, const struct broker_event_entry *entry)
{
    bool is_type = o->types.count == 0, is_queue = !o->queue;

    for (size_t i = 0; i < entry->n; i++) {
        const struct broker_event_field *f = &entry->fields[i];
        is_queue = is_queue || (is_named(f, "queue") && has_value(f, o->queue));
        for (size_t k = 0; k < o->types.count && is_named(f, "event"); k++) {
            is_type = is_type || has_value(f, o->types.items[k]);
        }
    }
    return is_type && is_queue;
}

/* Ids as people see them, numbers as numbers; whatever a later version tells besides as text. */
static struct celeriac_value *
value_of(const struct broker_event_field *f, struct celeriac_arena *arena)
{
    char text[ID_MAX + 1];
    struct id id;
    int64_t number;
    int end = 0;

    if (is_named(f, "id") && id_from_redis(&id, f->value, f->value_len)) {
        return celeriac_text(arena, id_print(&id, text));
    }
    if ((is_named(f, "attempt") || is_named(f, "count")) && f->value_len < 19 &&
        sscanf(arena_text(arena, f->value, f->value_len), "%" SCNd64 "%n", &number, &end) == 1 &&
        (size_t)end == f->value_len) {
        return celeriac_integer(arena, number);
    }
    return celeriac_string(arena, f->value, f->value_len);
}

static void
show_object(struct follower *f, const struct broker_event_entry *entry, const char *at)
{
    struct celeriac_value *object = celeriac_object(f->arena);

    celeriac_set(object, "v", celeriac_integer(f->arena, 1));
    celeriac_set(object, "at", celeriac_text(f->arena, at));
    for (size_t i = 0; i < entry->n; i++) {
        const struct broker_event_field *field = &entry->fields[i];
        celeriac_set(object, arena_text(f->arena, field->name, field->name_len),
                     value_of(field, f->arena));
    }
    celeriac_set(object, "cursor", celeriac_text(f->arena, entry->cursor));
    output_json(object);
}

/* "AT EVENT name=value ..." */
static void
show_line(struct follower *f, const struct broker_event_entry *entry, const char *at)
{
    size_t len;

    printf("%s", at);
    for (size_t i = 0; i < entry->n; i++) {
        const struct broker_event_field *field = &entry->fields[i];
        const struct celeriac_value *value = value_of(field, f->arena);
        if (is_named(field, "event")) {
            printf(" %.*s", (int)field->value_len, field->value);
        } else {
            const char *text = celeriac_bytes(value, &len);
            printf(" %.*s=%s", (int)field->name_len, field->name,
                   text ? text : celeriac_print(f->arena, value));
        }
    }
    putchar('\n');
}

static bool
is_word(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return len > 0;
}

/* What names no event, or is no plain word, was not written by Celeriac. */
static bool
is_event(const struct broker_event_entry *entry)
{
    if (entry->n == 0 || !is_named(&entry->fields[0], "event")) {
        return false;
    }
    for (size_t i = 0; i < entry->n; i++) {
        const struct broker_event_field *f = &entry->fields[i];
        if (!is_word(f->name, f->name_len) || !is_word(f->value, f->value_len)) {
            return false;
        }
    }
    return true;
}

static void
show(void *arg, const struct broker_event_entry *entry)
{
    struct follower *f = arg;
    char at[CLOCK_TEXT_SIZE];

    f->n++;
    if (!is_event(entry) || !is_wanted(f->options, entry)) {
        return;
    }
    (f->cli->options.json ? show_object : show_line)(f, entry, clock_print(entry->at_ms, at));
    arena_clear(f->arena);
}
