/* celeriac limit: shows and sets the limits of a queue. Options name what is to change; without any
 * the limits are shown as they are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/limit_text.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/table.h"
#include "client/cli/verbs.h"
#include "common/arena.h"

struct limit_options {
    const char *rate, *concurrency, *key_rate, *key_concurrency, *max_length;
    int64_t burst, key_burst;
    bool remove;
};

static int run(struct cli *cli, const void *options);
static bool read_changes(const struct limit_options *o, struct broker_limits *out,
                         struct error *err);
static bool read_rate(const char *option, const char *text, int64_t burst, int64_t *rate,
                      struct error *err);
static bool read_number(const char *option, const char *text, int64_t *out, struct error *err);
static int show(const struct cli *cli, struct broker *b);
static void print(const struct cli *cli, const struct broker_queue *queues, size_t n,
                  struct celeriac_arena *arena);

/* clang-format off */
#define ROW(field, ...) {.offset = offsetof(struct limit_options, field), __VA_ARGS__}
static const struct option rows[] = {
    ROW(rate, .name = "rate", .type = OPTION_TEXT, .unit = "N/s|m|h|off",
        .help = "jobs started in a second, a minute, an hour, by all workers together"),
    ROW(burst, .name = "burst", .type = OPTION_INTEGER, .unit = "N", .min = 0, .max = 1000000,
        .help = "jobs that may start at once after a pause; 0: what --rate gives in 100 ms, at least 1"),
    ROW(concurrency, .name = "concurrency", .type = OPTION_TEXT, .unit = "N|off",
        .help = "jobs running at once, on all workers together"),
    ROW(key_rate, .name = "key-rate", .type = OPTION_TEXT, .unit = "N/s|m|h|off",
        .help = "as --rate, for the jobs of each --limit-key by itself"),
    ROW(key_burst, .name = "key-burst", .type = OPTION_INTEGER, .unit = "N", .min = 0, .max = 1000000,
        .help = "as --burst, for --key-rate"),
    ROW(key_concurrency, .name = "key-concurrency", .type = OPTION_TEXT, .unit = "N|off",
        .help = "as --concurrency, for the jobs of each --limit-key by itself"),
    ROW(max_length, .name = "max-length", .type = OPTION_TEXT, .unit = "N|off",
        .help = "jobs that the queue holds, whether they wait or run; more are refused with exit 75"),
    ROW(remove, .name = "remove", .type = OPTION_FLAG, .help = "remove all limits first"),
};
/* clang-format on */

const struct command cmd_limit = {
    .name = "limit",
    .group = GROUP_QUEUES,
    .summary = "Shows and sets the limits of queues",
    .usage = "limit [QUEUE]",
    .details =
        "Limits hold across all workers and are kept in Redis. A job that a limit holds back\n"
        "stays queued. Each attempt takes its place in a rate when a worker reserves it.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof rows[0],
    .options_size = sizeof(struct limit_options),
    .examples = {"celeriac limit mail --rate 100/s --concurrency 8",
                 "celeriac limit mail --key-concurrency 1 --rate off"},
    .exit_codes =
        "0   shown, or set\n" SESSION_EXIT_USAGE "66  no such queue\n" SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    struct broker_limits changes;
    struct error err = ERROR_INIT;
    bool is_change = false;
    int code = 0;

    if (!read_changes(options, &changes, &err)) {
        return cli_fail(&err);
    }
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        is_change = is_change || changes.of[i] >= 0;
    }
    if (cli->operands.count > 1 || (is_change && cli->operands.count == 0)) {
        return cli_fail_with(ERROR_USAGE, "expected %s QUEUE", is_change ? "one" : "at most one");
    }
    struct broker *b = session_broker(cli, &code);
    if (!b) {
        return code;
    }
    if (is_change && !broker_limit(b, cli->operands.items[0], &changes, &err)) {
        code = cli_fail(&err);
    }
    code = code ? code : show(cli, b);
    broker_close(b);
    return code;
}

static bool
read_changes(const struct limit_options *o, struct broker_limits *out, struct error *err)
{
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        out->of[i] = o->remove ? 0 : -1;
    }
    return read_rate("rate", o->rate, o->burst, &out->of[LIMIT_RATE], err) &&
           read_rate("key-rate", o->key_rate, o->key_burst, &out->of[LIMIT_KEY_RATE], err) &&
           read_number("concurrency", o->concurrency, &out->of[LIMIT_CONCURRENCY], err) &&
           read_number("key-concurrency", o->key_concurrency, &out->of[LIMIT_KEY_CONCURRENCY],
                       err) &&
           read_number("max-length", o->max_length, &out->of[LIMIT_MAX_LENGTH], err);
}

/* `rate` points to three numbers: tokens, the ms in which they come, and the burst. */
static bool
read_rate(const char *option, const char *text, int64_t burst, int64_t *rate, struct error *err)
{
    if (!text) {
        return burst == 0 || error_set(err, ERROR_USAGE, "--%.*sburst needs --%s",
                                       (int)strlen(option) - 4, option, option);
    }
    if (strcmp(text, "off") == 0) {
        rate[0] = rate[1] = rate[2] = 0;
        return true;
    }
    if (!limit_text_rate(text, &rate[0], &rate[1])) {
        return error_set(err, ERROR_USAGE,
                         "--%s \"%.80s\": expected 1 to 1000000 /s, /m or /h like 100/s, or off",
                         option, text);
    }
    rate[2] = burst ? burst : limit_text_burst(rate[0], rate[1]);
    return true;
}

static bool
read_number(const char *option, const char *text, int64_t *out, struct error *err)
{
    char *end;

    if (!text) {
        return true;
    }
    if (strcmp(text, "off") == 0) {
        *out = 0;
        return true;
    }
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (errno || *end || text[0] < '1' || text[0] > '9' || n > INT32_MAX) {
        return error_set(err, ERROR_USAGE, "--%s \"%.80s\": expected 1 to %d, or off", option, text,
                         INT32_MAX);
    }
    *out = n;
    return true;
}

/* Asked for by name, a queue that does not exist looks like an empty one, hence the list. */
static int
show(const struct cli *cli, struct broker *b)
{
    const char *name = cli->operands.count ? cli->operands.items[0] : NULL;
    struct celeriac_arena *arena = arena_new();
    struct broker_queue *queues;
    struct error err = ERROR_INIT;
    size_t n = 0;
    int code = 0;

    if (!broker_queues(b, NULL, arena, &queues, &n, &err)) {
        code = cli_fail(&err);
    } else {
        while (name && n && strcmp(queues->name, name) != 0) {
            queues++;
            n--;
        }
        if (name && n == 0) {
            code = cli_fail_with(ERROR_NOT_FOUND, "no queue %s", name);
        } else {
            print(cli, queues, name ? 1 : n, arena);
        }
    }
    arena_free(arena);
    return code;
}

static void
print(const struct cli *cli, const struct broker_queue *queues, size_t n,
      struct celeriac_arena *arena)
{
    static const struct table_column columns[] = {{"QUEUE", false, true}, {"LIMITS", false, false}};
    struct table *t = table_new(columns, sizeof columns / sizeof columns[0]);
    char text[LIMIT_TEXT_MAX];

    for (size_t i = 0; i < n; i++) {
        const struct broker_queue *q = &queues[i];
        if (cli->options.json) {
            struct celeriac_value *v = celeriac_object(arena);
            celeriac_set(v, "queue", celeriac_text(arena, q->name));
            limit_text_json(&q->limits, v, arena);
            celeriac_set(v, "parked", celeriac_integer(arena, q->parked));
            output_json(v);
        } else {
            table_cell(t, "%s", q->name);
            table_cell(t, "%s", limit_text_print(&q->limits, text));
        }
    }
    if (!cli->options.json) {
        table_print(t, output_width(), output_has_colors(cli), stdout);
    }
    table_free(t);
}
