/* One key, one change. What a command of a capital letter is about is copied when the question is
 * asked: meanwhile the screen may have moved on. */
#include "client/cli/top_control.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/cli/top_details.h"
#include "client/cli/top_keys.h"
#include "common/clock.h"
#include "common/utf8.h"

static void on_filter_key(struct top *top, int key);
static void on_answer(struct top *top, int key);
static void on_list_key(struct top *top, int key);
static bool move(struct top *top, int key);
static void ask(struct top *top, int key);
static void act(struct top *top);
static bool change_job(struct top *top, const char **done, struct error *err);
static void select_item(struct top *top, size_t i);
static void say(struct top *top, bool is_bad, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void
top_take_look(struct top *top)
{
    struct error err = ERROR_INIT;
    struct top_look *look = top_look_read(top->broker, top->queue, top->look, &err);
    struct top_view *v = &top->view;

    top->wants_look = false;
    *v->problem = '\0';
    if (!look) {
        int64_t now_ms = clock_mono_ms();
        top->lost_ms = top->lost_ms ? top->lost_ms : now_ms;
        snprintf(v->problem, sizeof v->problem, "%s for %lld s: %.400s",
                 err.code == ERROR_UNAVAILABLE ? "Redis is away" : "Redis refuses",
                 (long long)((now_ms - top->lost_ms) / 1000), err.message);
        return;
    }
    top_look_free(top->look);
    top->look = look;
    top->lost_ms = 0;
    if (v->mode == TOP_DETAILS) {
        top_details(top->broker, v->kind, v->name, &v->details);
    }
}

void
top_lay_out(struct top *top)
{
    top_layout(top->look, &top->view, &top->frame);
    top->view.scroll = top->frame.scroll;
    if (top->view.mode != TOP_DETAILS) {
        select_item(top, top->frame.selected);
    }
}

void
top_on_key(struct top *top, int key)
{
    struct top_view *v = &top->view;

    *v->message = v->mode == TOP_CONFIRM ? *v->message : '\0';
    if (key == TOP_KEY_REDRAW) {
        top->wants_redraw = true;
    } else if (v->mode == TOP_FILTER) {
        on_filter_key(top, key);
    } else if (v->mode == TOP_CONFIRM) {
        on_answer(top, key);
    } else if (key == 'q') {
        top->is_over = true;
    } else if (v->mode == TOP_LIST) {
        on_list_key(top, key);
    } else if (key == TOP_KEY_DOWN || key == 'j') {
        v->scroll++;
    } else if (key == TOP_KEY_UP || key == 'k') {
        v->scroll -= v->scroll > 0;
    } else if (key == TOP_KEY_ESCAPE || key == '\r' || key == '\n' || key == '?') {
        v->mode = TOP_LIST;
    }
}

void
top_clear(struct top *top)
{
    top_frame_clear(&top->frame);
    buffer_clear(&top->view.details);
    top_look_free(top->look);
}

static void
on_filter_key(struct top *top, int key)
{
    struct top_view *v = &top->view;
    size_t len = strlen(v->filter);

    if (key == '\r' || key == '\n') {
        v->mode = TOP_LIST;
    } else if (key == TOP_KEY_ESCAPE) {
        *v->filter = '\0';
        v->mode = TOP_LIST;
    } else if ((key == TOP_KEY_DELETE || key == '\b') && len) {
        v->filter[utf8_cut(v->filter, len - 1)] = '\0';
    } else if (key >= ' ' && key < 256 && key != TOP_KEY_DELETE && len < TOP_FILTER_MAX) {
        v->filter[len] = (char)key;
        v->filter[len + 1] = '\0';
    }
}

static void
on_answer(struct top *top, int key)
{
    top->view.mode = TOP_LIST;
    *top->view.message = '\0';
    if (key == 'y' || key == 'Y') {
        act(top);
        top->wants_look = true;
    }
}

static void
on_list_key(struct top *top, int key)
{
    struct top_view *v = &top->view;

    if (move(top, key)) {
        return;
    }
    v->scroll = 0;
    switch (key) {
    case '?':
        v->mode = TOP_HELP;
        break;
    case '/':
        v->mode = TOP_FILTER;
        break;
    case TOP_KEY_ESCAPE:
        *v->filter = '\0';
        break;
    case '\r':
    case '\n':
        if (top->frame.n_items) {
            v->mode = TOP_DETAILS;
            top_details(top->broker, v->kind, v->name, &v->details);
        }
        break;
    case 'P':
    case 'C':
    case 'R':
        ask(top, key);
        break;
    default:
        break;
    }
}

static bool
move(struct top *top, int key)
{
    static const struct {
        int key;
        enum top_move move;
    } moves[] = {{TOP_KEY_UP, TOP_UP},           {'k', TOP_UP},
                 {TOP_KEY_DOWN, TOP_DOWN},       {'j', TOP_DOWN},
                 {TOP_KEY_LEFT, TOP_LEFT},       {'h', TOP_LEFT},
                 {TOP_KEY_RIGHT, TOP_RIGHT},     {'l', TOP_RIGHT},
                 {TOP_KEY_PAGE_UP, TOP_PAGE_UP}, {TOP_KEY_PAGE_DOWN, TOP_PAGE_DOWN},
                 {TOP_KEY_HOME, TOP_FIRST},      {TOP_KEY_END, TOP_LAST},
                 {TOP_KEY_TAB, TOP_SECTION}};

    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].key == key) {
            select_item(top, top_move(&top->frame, top->frame.selected, moves[i].move));
            return true;
        }
    }
    return false;
}

static void
ask(struct top *top, int key)
{
    const struct top_frame *f = &top->frame;
    const struct top_item *item = f->selected < f->n_items ? &f->items[f->selected] : NULL;

    if (key == 'P' && !item) {
        say(top, true, "P pauses a queue: there is none");
    } else if (key == 'C' && (!item || item->kind != TOP_SLOT)) {
        say(top, true, "C cancels a running job: select one in a slot of a worker");
    } else if (key == 'R' && (!item || item->kind != TOP_FAILURE)) {
        say(top, true, "R retries a failed job: select one among the failures");
    } else if (key == 'P' && item->kind != TOP_QUEUE) {
        say(top, true, "P pauses or resumes a queue: select one");
    } else {
        top->asked.key = key;
        top->asked.is_paused = item->is_paused;
        snprintf(top->asked.name, sizeof top->asked.name, "%s", item->name);
        top->view.mode = TOP_CONFIRM;
        say(top, false, "%s %s %s? y/N",
            key == 'C'        ? "Cancel"
            : key == 'R'      ? "Retry"
            : item->is_paused ? "Resume"
                              : "Pause",
            key == 'P' ? "queue" : item->task, item->name);
    }
}

static void
act(struct top *top)
{
    struct error err = ERROR_INIT;
    const char *done = top->asked.is_paused ? "resumed" : "paused";
    bool ok = top->asked.key == 'P'
                  ? broker_pause(top->broker, top->asked.name, !top->asked.is_paused, &err)
                  : change_job(top, &done, &err);

    if (ok) {
        say(top, false, "%s: %s", top->asked.name, done);
    } else {
        say(top, true, "%s", err.message);
    }
}

static bool
change_job(struct top *top, const char **done, struct error *err)
{
    enum job_state state = JOB_UNKNOWN;
    struct id id;

    if (!id_parse(&id, top->asked.name, strlen(top->asked.name)) &&
        !id_from_redis(&id, top->asked.name, strlen(top->asked.name))) {
        return error_set(err, ERROR_INTERNAL, "%s is no id", top->asked.name);
    }
    if (!(top->asked.key == 'C' ? broker_cancel(top->broker, &id, false, &state, err)
                                : broker_retry(top->broker, &id, &state, err))) {
        return false;
    }
    *done = top->asked.key == 'C' && state == JOB_RUNNING ? "it is told to stop"
                                                          : job_state_name(state);
    return true;
}

static void
select_item(struct top *top, size_t i)
{
    if (i < top->frame.n_items) {
        const struct top_item *item = &top->frame.items[i];
        top->frame.selected = top->view.index = i;
        top->view.kind = item->kind;
        snprintf(top->view.name, sizeof top->view.name, "%s", item->name);
    }
}

static void
say(struct top *top, bool is_bad, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(top->view.message, sizeof top->view.message, format, args);
    va_end(args);
    top->view.is_message_bad = is_bad;
}
