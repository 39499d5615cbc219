/* celeriac top: a dashboard. A look a second, a screen that shows it, keys: see top_look.h,
 * top_layout.h, top_control.h, top_screen.h. */
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "broker/url.h"
#include "client/cli/output.h"
#include "client/cli/session.h"
#include "client/cli/top_control.h"
#include "client/cli/top_keys.h"
#include "client/cli/top_screen.h"
#include "client/cli/verbs.h"
#include "common/clock.h"

struct top_options {
    const char *queue;
    int64_t interval_ms;
    bool once;
};

/* What has come from the keyboard and is no whole key yet. */
struct typed {
    char bytes[256];
    size_t len;
};

/* Redis answers in milliseconds; nobody wants to look at a screen that stands still for longer. */
enum { TIMEOUT_MS = 3000, ESCAPE_MS = 50, ONCE_COLUMNS = 120 };

static int run(struct cli *cli, const void *options);
static int print_once(const struct cli *cli, struct top *top, int64_t interval_ms);
static void print_plain(const struct buffer *text);
static int watch(const struct cli *cli, struct top *top, int64_t interval_ms);
static void follow(struct top *top, int64_t interval_ms);
static bool take_keys(struct top *top, struct typed *typed, int timeout_ms);

static const struct option rows[] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .unit = "NAME",
     .help = "this queue alone, and who serves it",
     .offset = offsetof(struct top_options, queue)},
    {.name = "interval",
     .type = OPTION_DURATION,
     .fallback = "1s",
     .min = 100,
     .max = 60 * 60 * 1000,
     .unit = "DUR",
     .help = "time between two looks",
     .offset = offsetof(struct top_options, interval_ms)},
    {.name = "once",
     .type = OPTION_FLAG,
     .help = "print what there is after one interval, and end; --json does so too",
     .offset = offsetof(struct top_options, once)},
};

const struct command cmd_top = {
    .name = "top",
    .group = GROUP_QUEUES,
    .summary = "Live dashboard in the terminal",
    .usage = "top",
    .details =
        "Rates, queues, workers with a cell for each busy slot, the latest failures. Keys: ? for "
        "all of\n"
        "them, arrows, / filters, Enter shows details, q quits; P pauses a queue, C cancels a "
        "job, R\n"
        "retries one, each after a question.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct top_options),
    .examples = {"celeriac top", "celeriac top --once -q default"},
    .exit_codes = "0   shown\n" SESSION_EXIT_USAGE SESSION_EXIT_BROKER,
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct top_options *o = options;
    struct top top = {.queue = o->queue};
    struct broker_url url;
    struct error err = ERROR_INIT;
    int code = 0;

    if (cli->operands.count) {
        return cli_fail_with(ERROR_USAGE, "top takes no operands: see celeriac top --help");
    }
    setlocale(LC_CTYPE, ""); /* numbers stay as they are */
    top.view.has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (!url_parse(&url, cli->broker.url, &err)) {
        return cli_fail(&err);
    }
    top.view.where = url.shown;
    cli->broker.connect_timeout_ms = cli->broker.command_timeout_ms = TIMEOUT_MS;
    top.broker = session_broker(cli, &code);
    if (top.broker) {
        top.look = top_look_read(top.broker, top.queue, NULL, &err);
        code = !top.look                      ? cli_fail(&err)
               : o->once || cli->options.json ? print_once(cli, &top, o->interval_ms)
                                              : watch(cli, &top, o->interval_ms);
    }
    top_clear(&top);
    broker_close(top.broker);
    url_clear(&url);
    return code;
}

/* A second look, for the rates. */
static int
print_once(const struct cli *cli, struct top *top, int64_t interval_ms)
{
    struct error err = ERROR_INIT;
    struct top_look *look;

    poll(NULL, 0, (int)interval_ms);
    look = top_look_read(top->broker, top->queue, top->look, &err);
    if (!look) {
        return cli_fail(&err);
    }
    top_look_free(top->look);
    top->look = look;
    if (cli->options.json) {
        output_json(top_look_view(look));
        return 0;
    }
    top->view.columns = output_is_terminal() ? output_width() : ONCE_COLUMNS;
    top_layout(top->look, &top->view, &top->frame);
    print_plain(&top->frame.text);
    return 0;
}

/* Without styles, and without spaces at the ends of lines. */
static void
print_plain(const struct buffer *text)
{
    size_t n_spaces = 0;

    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i];
        if (c == ' ') {
            n_spaces++;
        } else if (c < 0 || c >= TOP_STYLES) {
            printf("%*s%c", c == '\n' ? 0 : (int)n_spaces, "", c);
            n_spaces = 0;
        }
    }
}

static int
watch(const struct cli *cli, struct top *top, int64_t interval_ms)
{
    struct error err = ERROR_INIT;

    if (!top_screen_open(output_has_colors(cli), &err)) {
        return cli_fail(&err);
    }
    follow(top, interval_ms);
    top_screen_close();
    return 0;
}

static void
follow(struct top *top, int64_t interval_ms)
{
    struct typed typed = {.len = 0};
    int64_t next_ms = clock_mono_ms() + interval_ms;

    while (!top->is_over) {
        int64_t now_ms = clock_mono_ms();
        if (top->wants_look || now_ms >= next_ms) {
            top_take_look(top);
            next_ms = clock_mono_ms() + interval_ms;
        }
        top_screen_size(&top->view.columns, &top->view.rows);
        if (top->wants_redraw) {
            top_screen_forget();
            top->wants_redraw = false;
        }
        top_lay_out(top);
        top_screen_show(top->frame.text.data, top->frame.text.len);
        now_ms = clock_mono_ms();
        if (!take_keys(top, &typed, (int)(next_ms > now_ms ? next_ms - now_ms : 0))) {
            return;
        }
    }
}

/* False: the terminal has gone. The screen is laid out between two keys, for the arrows. */
static bool
take_keys(struct top *top, struct typed *typed, int timeout_ms)
{
    bool is_waiting = typed->len > 0; /* for the rest of a key, which comes soon or never */
    int n = top_screen_wait(is_waiting && timeout_ms > ESCAPE_MS ? ESCAPE_MS : timeout_ms,
                            typed->bytes + typed->len, sizeof typed->bytes - typed->len);
    size_t used = 0, len;
    int key;

    if (n < 0) {
        return false;
    }
    typed->len += (size_t)n;
    while (!top->is_over && !top->wants_look &&
           (len = top_key(typed->bytes + used, typed->len - used, n == 0, &key)) > 0) {
        used += len;
        top_on_key(top, key);
        top_lay_out(top);
    }
    typed->len -= used;
    memmove(typed->bytes, typed->bytes + used, typed->len);
    return true;
}
