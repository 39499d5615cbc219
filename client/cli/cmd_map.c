/* celeriac map: one job for each line of input.
 *
 *     input --> sender --> Redis --> workers --> feed --> window --> printer --> output
 *
 * One thread, one loop: take lines while there is room in the window, send them, take in outcomes,
 * print what it is the turn of. The loop waits in one place (await), for whatever comes first: more
 * input, an outcome, a time. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/arguments.h"
#include "client/cli/interrupt.h"
#include "client/cli/job_options.h"
#include "client/cli/local.h"
#include "client/cli/map_halt.h"
#include "client/cli/map_input.h"
#include "client/cli/map_printer.h"
#include "client/cli/map_sender.h"
#include "client/cli/session.h"
#include "client/cli/verbs.h"
#include "client/client.h"
#include "common/arena.h"
#include "common/clock.h"

enum { WAIT_MAX_MS = 500, HOUR_MS = 3600000 };

struct map_options {
    struct job_options job;
    struct option_list modules;
    bool local, raw, unordered, progress, resume;
    const char *chunk, *joblog, *halt;
    int64_t window;
};

/* One run of map. */
struct map {
    struct cli *cli;
    const struct map_options *options;
    struct celeriac_options job_options;
    const struct celeriac_value *kwargs;
    struct celeriac_client *client;
    struct map_input input;
    struct map_chunk chunk;
    struct map_halt halt;
    struct map_window window;
    struct map_sender *sender;
    struct map_printer printer;
    struct progress progress;
    int64_t deadline_ms;
    uint64_t n_lines; /* taken from the input, without blank ones */
    struct joblog *joblog;
    bool is_input_over, is_halted, is_complete;
};

static int run(struct cli *cli, const void *options);
static bool prepare(struct map *m, struct celeriac_arena *arena, struct error *err);
static int run_with_client(struct map *m);
static bool loop(struct map *m, struct error *err);
static bool gather(struct map *m, struct error *err);
static bool print_ready(struct map *m, struct error *err);
static bool await(struct map *m, struct error *err);
static bool is_hungry(const struct map *m);
static bool can_gather(const struct map *m);
static bool take_news(struct map *m, int timeout_ms, struct error *err);
static void halt(struct map *m);
static void show_progress(struct map *m, bool is_end);
static int finish(struct map *m, bool ok, const struct error *err);

#define MAP_OPTION(field, ...)                                                                     \
    {                                                                                              \
        .offset = offsetof(struct map_options, field), __VA_ARGS__                                 \
    }

static const struct option rows[] = {
    JOB_OPTION_ROWS,
    MAP_OPTION(chunk, .name = "chunk", .type = OPTION_TEXT, .fallback = "1", .unit = "N|auto",
               .help = "lines per job; auto: as many as take some 15 ms"),
    MAP_OPTION(window, .name = "window", .type = OPTION_INTEGER, .fallback = "10000", .min = 1,
               .max = 1000000, .unit = "N",
               .help = "jobs in flight, counted from the oldest unprinted line"),
    MAP_OPTION(unordered, .name = "unordered", .letter = 'u', .type = OPTION_FLAG,
               .help = "print results as they come"),
    MAP_OPTION(halt, .name = "halt", .type = OPTION_TEXT, .unit = "N|N%",
               .help = "stop after so many failures, or so large a share (of at least 10 lines)"),
    MAP_OPTION(joblog, .name = "joblog", .type = OPTION_TEXT, .unit = "FILE",
               .help = "write a row for each line that is done, in GNU parallel's form"),
    MAP_OPTION(resume, .name = "resume", .type = OPTION_FLAG,
               .help = "go on where an earlier map with this --joblog ended or was killed"),
    MAP_OPTION(progress, .name = "progress", .type = OPTION_FLAG,
               .help = "show progress although stderr is no terminal"),
    MAP_OPTION(local, .name = "local", .type = OPTION_FLAG,
               .help = "with a private redis-server and worker that live as long as this command"),
    MAP_OPTION(modules, .name = "module", .type = OPTION_LIST, .unit = "FILE",
               .help = LOCAL_MODULE_HELP),
    MAP_OPTION(raw, .name = "raw", .letter = 'r', .type = OPTION_FLAG,
               .help = "print strings without quotes"),
};

const struct command cmd_map = {
    .name = "map",
    .group = GROUP_JOBS,
    .summary = "Runs a task on every line of a file or of stdin, and prints the results",
    .usage = "map TASK [FILE]",
    .details =
        "A line that is a JSON array is the list of arguments, a JSON object the arguments "
        "by name, any\n"
        "other JSON value one argument, anything else one string. Blank lines are skipped. "
        "Each line gives\n"
        "one line of output, in the same order; a job that fails gives null, and its error "
        "on stderr.\n"
        "With --joblog FILE each line that is done gets a row in FILE, after its result was "
        "printed. --resume goes\n"
        "on where that ended, on the same input: no line is run twice, as long as results are "
        "kept (--result-ttl),\n"
        "since FILE.sent names what was sent; after a kill a result may be printed twice.\n"
        "Without any broker configured, a private one is started, as by --local.",
    .rows = rows,
    .n_rows = sizeof rows / sizeof *rows,
    .options_size = sizeof(struct map_options),
    .examples = {"celeriac map solve examples/equations.txt",
                 "seq 1 100000 | celeriac map --chunk auto sum_range"},
    .exit_codes =
        "0   all succeeded\n1   a job failed, died or was cancelled\n" SESSION_EXIT_USAGE
        "66  no such file\n" SESSION_EXIT_BROKER "124 --wait-timeout has passed; the jobs go on\n",
    .run = run,
};

static int
run(struct cli *cli, const void *options)
{
    const struct map_options *o = options;
    struct map m = {.cli = cli, .options = o};
    struct celeriac_arena *arena = arena_new();
    const struct local_wish wish = {o->local, o->job.queue, o->modules};
    struct local *local = NULL;
    struct error err = ERROR_INIT;
    int code;

    if (!prepare(&m, arena, &err)) {
        code = cli_fail(&err);
    } else if (!local_if_wanted(&local, cli, &wish, &err)) {
        code = cli_fail(&err);
        map_input_close(&m.input);
    } else {
        interrupt_note(local ? "" : "what has been sent goes on");
        code = run_with_client(&m);
        map_input_close(&m.input);
    }
    joblog_close(m.joblog, m.is_complete);
    local_stop(local);
    arena_free(arena);
    return code;
}

/* Everything that can be wrong with the command itself. */
static bool
prepare(struct map *m, struct celeriac_arena *arena, struct error *err)
{
    const struct map_options *o = m->options;
    const struct option_operands *operands = &m->cli->operands;
    struct option_operands task = {operands->items, 1};
    struct celeriac_job job;

    if (operands->count < 1 || operands->count > 2) {
        return error_set(err, ERROR_USAGE, "usage: celeriac %s", m->cli->command->usage);
    }
    if (o->resume && !o->joblog) {
        return error_set(err, ERROR_USAGE, "--resume: expected --joblog FILE with it");
    }
    if (o->job.id) {
        return error_set(err, ERROR_USAGE, "--id: many jobs cannot have one id");
    }
    if (!job_options_job(&o->job, &task, arena, &job, err) ||
        !job_options_read(&o->job, arena, &m->job_options, err) ||
        !map_chunk_init(&m->chunk, o->chunk, err) || !map_halt_init(&m->halt, o->halt, err)) {
        return false;
    }
    if (job.kwargs && m->chunk.size > 0) {
        return error_set(err, ERROR_USAGE,
                         "-k cannot be combined with --chunk: put it into the lines");
    }
    m->kwargs = job.kwargs;
    if (!map_input_open(&m->input, operands->count > 1 ? operands->items[1] : NULL, err)) {
        return false;
    }
    /* JSON takes more bytes than a message, seldom twice as many */
    m->input.line_max += 2 * (size_t)m->cli->settings.max_message_bytes;
    if (o->joblog && !joblog_open(&m->joblog, o->joblog, o->resume, err)) {
        map_input_close(&m->input);
        return false;
    }
    return true;
}

static int
run_with_client(struct map *m)
{
    const struct map_options *o = m->options;
    bool may_leave = o->job.result_ttl_ms >= HOUR_MS;
    struct error err = ERROR_INIT;
    int code = 0;

    m->client = session_client(m->cli, &code);
    if (!m->client) {
        return code;
    }
    map_window_init(&m->window, (size_t)o->window + 1, o->unordered, may_leave);
    map_printer_init(&m->printer, m->client->broker, &m->chunk);
    progress_init(&m->progress, o->progress);
    m->printer.progress = &m->progress;
    m->printer.is_json = m->cli->options.json;
    m->printer.is_raw = o->raw;
    m->printer.joblog = m->joblog;
    m->printer.task = m->cli->operands.items[0];
    m->deadline_ms = o->job.wait_timeout_ms ? clock_mono_ms() + o->job.wait_timeout_ms : INT64_MAX;
    m->sender = map_sender_new(&(struct map_sender_settings){.client = m->client,
                                                             .window = &m->window,
                                                             .chunk = &m->chunk,
                                                             .task = m->cli->operands.items[0],
                                                             .options = &m->job_options,
                                                             .kwargs = m->kwargs,
                                                             .joblog = m->joblog});
    code = finish(m, loop(m, &err), &err);
    map_sender_free(m->sender);
    map_printer_clear(&m->printer);
    celeriac_close(m->client);
    map_window_clear(&m->window);
    return code;
}

static bool
loop(struct map *m, struct error *err)
{
    for (;;) {
        if (!gather(m, err) || !map_sender_send(m->sender, err) || !print_ready(m, err)) {
            return false;
        }
        if (m->is_input_over && m->window.n_open == 0 && m->window.n_turn == 0) {
            return true;
        }
        if (clock_mono_ms() >= m->deadline_ms) {
            return error_set(err, ERROR_TIMEOUT, "%llu of %llu lines done in time; the jobs go on",
                             (unsigned long long)m->printer.n_done, (unsigned long long)m->n_lines);
        }
        show_progress(m, false);
        if (!is_hungry(m) || !m->input.is_regular) {
            if (!map_printer_flush(&m->printer, err) || !await(m, err)) {
                return false;
            }
        } else if (!take_news(m, 0, err)) {
            return false;
        }
    }
}

/* Takes lines until there are none for now, or the window or the batch is full. */
static bool
gather(struct map *m, struct error *err)
{
    if (!is_hungry(m)) {
        return true;
    }
    while (can_gather(m)) {
        struct map_line line;
        switch (map_input_next(&m->input, false, &line, err)) {
        case MAP_INPUT_NOTHING:
            return true;
        case MAP_INPUT_FAILED:
            return false;
        case MAP_INPUT_END:
            m->is_input_over = true;
            return true;
        case MAP_INPUT_LINE:
            if (!argument_line_is_blank(line.text, line.len) &&
                !map_sender_is_done(m->sender, line.number)) {
                m->n_lines++;
                map_sender_add(m->sender, &line);
            }
        }
    }
    return true;
}

/* Is it worth while to begin another batch? */
static bool
is_hungry(const struct map *m)
{
    return can_gather(m) && map_window_wants_more(&m->window);
}

static bool
can_gather(const struct map *m)
{
    return !m->is_input_over && map_sender_has_room(m->sender) &&
           m->window.waiting_bytes < MAP_WAITING_BYTES_MAX;
}

static bool
print_ready(struct map *m, struct error *err)
{
    struct map_place *p;

    while ((p = map_window_next(&m->window))) {
        struct error trouble = ERROR_INIT;
        if (!map_printer_place(&m->printer, p, &trouble)) {
            if (trouble.code != ERROR_UNAVAILABLE || m->client->watcher.lost_at_ms == 0) {
                return error_set(err, trouble.code, "%s", trouble.message);
            }
            return true; /* the feed has noticed as well, and bears it for a while */
        }
        map_window_release(p);
        if (!m->is_halted && map_halt_is_due(&m->halt, m->printer.n_done, m->printer.n_failed)) {
            halt(m);
        }
    }
    return true;
}

/* Waits for what comes first: an outcome, more input if there is room for it, the time of a retry
 * or of the end. */
static bool
await(struct map *m, struct error *err)
{
    int64_t left_ms = m->deadline_ms - clock_mono_ms();
    int retry_ms = map_sender_retry_ms(m->sender);
    int wait_ms = left_ms < 0 ? 0 : left_ms < WAIT_MAX_MS ? (int)left_ms : WAIT_MAX_MS;
    bool wants_input = is_hungry(m);
    struct pollfd fds[2] = {{.fd = wants_input ? m->input.fd : -1, .events = POLLIN},
                            {.fd = watcher_fd(&m->client->watcher), .events = POLLIN}};

    wait_ms = retry_ms >= 0 && retry_ms < wait_ms ? retry_ms : wait_ms;
    if (m->client->watcher.count == 0 || wants_input) {
        poll(fds, 2, wait_ms);
        wait_ms = 0;
    }
    return take_news(m, wait_ms, err);
}

static bool
take_news(struct map *m, int timeout_ms, struct error *err)
{
    if (m->client->watcher.count == 0 || watcher_wait(&m->client->watcher, timeout_ms, err)) {
        return true;
    }
    return err->code == ERROR_TIMEOUT;
}

/* Nothing more is sent; what waits is cancelled, what runs is told to stop. Their outcomes still
 * come in. */
static void
halt(struct map *m)
{
    m->is_halted = true;
    m->is_input_over = true;
    m->printer.hides_cancelled = true;
    progress_hide(&m->progress);
    fprintf(stderr, "celeriac: halted after %llu failures in %llu lines: the rest is cancelled\n",
            (unsigned long long)m->printer.n_failed, (unsigned long long)m->printer.n_done);
    for (size_t i = 0; i < m->window.size; i++) {
        enum job_state state;
        if (m->window.places[i].state == PLACE_OPEN) {
            broker_cancel(m->client->broker, &m->window.places[i].watch.id, false, &state, NULL);
        }
    }
}

static void
show_progress(struct map *m, bool is_end)
{
    struct progress_state s = {
        .done = m->printer.n_done, .failed = m->printer.n_failed, .share = -1};

    if (m->is_input_over) {
        s.total = m->n_lines;
        s.share = m->n_lines ? (double)s.done / (double)m->n_lines : 1;
    } else if (m->input.size && m->n_lines) {
        s.share = (double)s.done / (double)m->n_lines * (double)m->input.bytes_out /
                  (double)m->input.size;
    }
    if (is_end) {
        progress_end(&m->progress, &s);
    } else {
        progress_show(&m->progress, &s);
    }
}

static int
finish(struct map *m, bool ok, const struct error *err)
{
    struct error late = ERROR_INIT;

    if (ok && !map_printer_flush(&m->printer, &late)) {
        ok = false;
        err = &late;
    }
    progress_hide(&m->progress);
    if (!ok && err->code == ERROR_NONE) {
        return 128 + SIGPIPE; /* whoever read the output has gone */
    }
    if (!ok) {
        map_printer_flush(&m->printer, NULL);
        return cli_fail(err);
    }
    show_progress(m, true);
    m->is_complete = !m->is_halted;
    return m->printer.n_failed ? ERROR_FAILED : 0;
}
