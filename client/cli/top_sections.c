/* A line for each queue; for each worker a line and the cells of its slots; a line for each
 * failure. With a filter only what contains its text, in any case; a worker is there with those of
 * its cells that do, and with all if its own name or host does. */
#include "client/cli/top_sections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/fleet_view.h"
#include "client/cli/job_view.h"
#include "client/cli/output.h"
#include "common/mem.h"

enum { CELL = 18, MARK = 1, QUEUE_LEAST = 17, QUEUE_MOST = 30, BAR_MOST = 60 };

/* What is being written. */
struct writing {
    const struct top_look *look;
    const struct top_view *view;
    struct top_frame *frame;
    struct top_section *section;
    struct top_pen pen;
    int first_line; /* lines of the sections before */
};

typedef void section_fn(struct writing *w);

static void write_queues(struct writing *w);
static void write_queue(struct writing *w, const struct top_queue *q, int64_t most);
static void write_workers(struct writing *w);
static void write_worker(struct writing *w, const struct celeriac_value *worker);
static void write_worker_head(struct writing *w, const struct celeriac_value *worker, int64_t busy,
                              int64_t slots);
static void write_cell(struct writing *w, const struct celeriac_value *job);
static void write_failures(struct writing *w);
static void write_failure(struct writing *w, const struct top_failure *f);
static void begin(struct writing *w, struct top_section *section);
static struct top_pen title(const struct writing *w);
static void end_title(struct writing *w, const struct top_pen *pen);
static bool add_item(struct writing *w, struct top_item item);
static void end_line(struct writing *w);
static void say(struct writing *w, const char *text);
static bool has(const struct writing *w, const char *text);
static bool has_job(const struct writing *w, const struct celeriac_value *job);

void
top_sections_write(struct top_section *sections, const struct top_look *look,
                   const struct top_view *view, struct top_frame *frame)
{
    struct writing w = {look, view, frame, NULL, {0}, 0};
    static section_fn *const sections_in_order[TOP_SECTIONS] = {write_queues, write_workers,
                                                                write_failures};

    frame->n_items = 0;
    for (int i = 0; i < TOP_SECTIONS; i++) {
        begin(&w, &sections[i]);
        sections_in_order[i](&w);
        buffer_append_char(&sections[i].text, '\0');
        w.first_line += sections[i].n_lines;
    }
}

void
top_sections_clear(struct top_section *sections)
{
    for (int i = 0; i < TOP_SECTIONS; i++) {
        buffer_clear(&sections[i].title);
        buffer_clear(&sections[i].text);
    }
}

/* ---- queues ---- */

static int
queue_width(const struct writing *w)
{
    int width = QUEUE_LEAST + (w->view->columns - 80) / 3;

    return width < QUEUE_LEAST ? QUEUE_LEAST : width > QUEUE_MOST ? QUEUE_MOST : width;
}

static void
write_queues(struct writing *w)
{
    struct top_pen pen = title(w);
    int64_t most = 0;

    top_pen_text(&pen, MARK + queue_width(w), " QUEUE");
    top_pen_text(&pen, -7, "READY");
    top_pen_text(&pen, -5, "RUN");
    top_pen_text(&pen, -8, "DELAYED");
    top_pen_text(&pen, -6, "DEAD");
    top_pen_text(&pen, -8, "LATENCY");
    top_pen_text(&pen, -8, "DONE/s");
    top_pen_text(&pen, -7, "FAIL/s");
    end_title(w, &pen);
    for (size_t i = 0; i < w->look->n_queues; i++) {
        int64_t ready = w->look->queues[i].q.ready;
        most = ready > most ? ready : most;
    }
    for (size_t i = 0; i < w->look->n_queues; i++) {
        if (has(w, w->look->queues[i].q.name)) {
            write_queue(w, &w->look->queues[i], most);
        }
    }
    if (w->section->n_lines == 0) {
        say(w, w->look->n_queues ? "none that matches" : "none: nothing was ever submitted");
    }
}

static void
write_queue(struct writing *w, const struct top_queue *q, int64_t most)
{
    struct top_pen *pen = &w->pen;
    struct top_item item = {TOP_QUEUE, q->q.name, q->q.name, NULL, q->q.is_paused, 0, 0};
    bool is_selected = add_item(w, item);
    char age[16] = "-";

    if (q->q.ready) {
        output_age(q->q.latency_ms, age);
    }
    top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_PLAIN);
    top_pen_text(pen, MARK, is_selected ? ">" : " ");
    top_pen_text(pen, queue_width(w), q->q.name);
    top_pen_count(pen, -7, (double)q->q.ready, true);
    top_pen_count(pen, -5, (double)q->q.running, true);
    top_pen_count(pen, -8, (double)q->q.delayed, true);
    top_pen_count(pen, -6, (double)q->q.dead, true);
    top_pen_text(pen, -8, age);
    top_pen_count(pen, -8, q->done_per_s, false);
    top_pen_count(pen, -7, q->failed_per_s, false);
    top_pen_text(pen, 1, "");
    if (q->q.is_paused) {
        top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_BAD);
        top_pen_text(pen, 7, "paused");
    }
    top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_GOOD);
    top_pen_bar(pen, pen->left < BAR_MOST ? pen->left : BAR_MOST,
                most ? (double)q->q.ready / (double)most : 0);
    end_line(w);
}

/* ---- workers ---- */

static void
write_workers(struct writing *w)
{
    struct top_pen pen = title(w);

    top_pen_format(&pen, 0, " WORKERS %zu, %lld of %lld slots busy", w->look->n_workers,
                   (long long)w->look->busy, (long long)w->look->slots);
    end_title(w, &pen);
    for (size_t i = 0; i < w->look->n_workers; i++) {
        write_worker(w, w->look->workers[i]);
    }
    if (w->section->n_lines == 0) {
        say(w, w->look->n_workers ? "none that matches" : "none: nobody computes");
    }
}

static void
write_worker(struct writing *w, const struct celeriac_value *worker)
{
    const struct celeriac_value *running = celeriac_get(worker, "running");
    int64_t busy = (int64_t)celeriac_size(running), slots = fleet_view_slots(worker);
    bool is_whole =
        has(w, job_view_text(worker, "worker")) || has(w, job_view_text(worker, "host"));
    bool is_any = is_whole;

    for (size_t i = 0; i < celeriac_size(running); i++) {
        is_any = is_any || has_job(w, celeriac_at(running, i));
    }
    if (!is_any) {
        return;
    }
    write_worker_head(w, worker, busy, slots);
    for (size_t i = 0; i < celeriac_size(running); i++) {
        if (is_whole || has_job(w, celeriac_at(running, i))) {
            write_cell(w, celeriac_at(running, i));
        }
    }
    for (int64_t i = busy; i < slots && is_whole; i++) {
        if (w->pen.left < 4) {
            end_line(w);
        }
        top_pen_text(&w->pen, 4, " [-]");
    }
    if (w->pen.left < w->pen.columns) {
        end_line(w);
    }
}

static void
write_worker_head(struct writing *w, const struct celeriac_value *worker, int64_t busy,
                  int64_t slots)
{
    const char *state = job_view_text(worker, "state");
    bool is_usual = strcmp(state, "running") == 0;
    char age[16];

    top_pen_text(&w->pen, MARK, "");
    top_pen_style(&w->pen, TOP_STRONG);
    top_pen_text(&w->pen, 0, job_view_text(worker, "worker"));
    top_pen_style(&w->pen, TOP_PLAIN);
    top_pen_format(&w->pen, 0, "  %lld/%lld busy  %.1fM  beat %s%s%s  %s", (long long)busy,
                   (long long)slots, (double)job_view_integer(worker, "rss_bytes") / (1 << 20),
                   output_age(job_view_integer(worker, "heartbeat_age_ms"), age),
                   is_usual ? "" : "  ", is_usual ? "" : state,
                   fleet_view_queues(worker, w->look->arena));
    end_line(w);
}

/* A busy slot: its task, and for how long. */
static void
write_cell(struct writing *w, const struct celeriac_value *job)
{
    struct top_pen *pen = &w->pen;
    struct top_item item = {TOP_SLOT,
                            job_view_text(job, "id"),
                            job_view_text(job, "queue"),
                            job_view_text(job, "task"),
                            false,
                            0,
                            0};
    bool is_selected;
    char age[16];

    if (pen->left < 1 + CELL) {
        end_line(w);
    }
    is_selected = add_item(w, item);
    top_pen_text(pen, 1, is_selected ? ">" : "");
    top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_BUSY);
    top_pen_text(pen, 1, "[");
    top_pen_text(pen, CELL - 8, item.task);
    top_pen_text(pen, -6, output_age(w->look->now_ms - job_view_integer(job, "since_ms"), age));
    top_pen_text(pen, 1, "]");
    top_pen_style(pen, TOP_PLAIN);
}

/* ---- failures ---- */

static void
write_failures(struct writing *w)
{
    struct top_pen pen = title(w);

    top_pen_text(&pen, MARK, "");
    top_pen_text(&pen, 15, "FAILURES");
    top_pen_text(&pen, 13, "QUEUE");
    top_pen_text(&pen, 8, "STATE");
    top_pen_text(&pen, -3, "TRY");
    top_pen_text(&pen, -7, "AGE");
    top_pen_text(&pen, 0, "  ERROR");
    end_title(w, &pen);
    for (size_t i = 0; i < w->look->n_failures; i++) {
        write_failure(w, &w->look->failures[i]);
    }
    if (w->section->n_lines == 0) {
        say(w, w->look->n_failures ? "none that matches" : "none");
    }
}

static void
write_failure(struct writing *w, const struct top_failure *f)
{
    struct top_pen *pen = &w->pen;
    struct top_item item = {TOP_FAILURE,
                            job_view_text(f->view, "id"),
                            job_view_text(f->view, "queue"),
                            job_view_text(f->view, "task"),
                            false,
                            0,
                            0};
    const char *state = job_view_text(f->view, "state");
    const char *error = job_view_error(celeriac_get(f->view, "error"), w->look->arena);
    bool is_selected;
    char age[16];

    if (!has_job(w, f->view) && !has(w, error) && !has(w, state)) {
        return;
    }
    is_selected = add_item(w, item);
    top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_PLAIN);
    top_pen_text(pen, MARK, is_selected ? ">" : "");
    top_pen_text(pen, 14, item.task);
    top_pen_text(pen, 1, "");
    top_pen_text(pen, 12, item.queue);
    top_pen_text(pen, 1, "");
    top_pen_text(pen, 8, state);
    top_pen_format(pen, -3, "%lld", (long long)job_view_integer(f->view, "attempt"));
    top_pen_text(pen, -7, output_age(w->look->now_ms - f->at_ms, age));
    top_pen_text(pen, 2, "");
    top_pen_style(pen, is_selected ? TOP_SELECTED : TOP_BAD);
    top_pen_text(pen, 0, error);
    end_line(w);
}

/* ---- lines ---- */

static void
begin(struct writing *w, struct top_section *section)
{
    *section = (struct top_section){.title = BUFFER_INIT, .text = BUFFER_INIT};
    w->section = section;
    w->pen =
        (struct top_pen){&section->text, w->view->columns, w->view->columns, w->view->has_utf8};
}

static struct top_pen
title(const struct writing *w)
{
    return (struct top_pen){&w->section->title, w->view->columns, w->view->columns,
                            w->view->has_utf8};
}

static void
end_title(struct writing *w, const struct top_pen *pen)
{
    w->section->title_width = pen->columns - pen->left;
}

/* At the pen's place. Says whether it is selected. */
static bool
add_item(struct writing *w, struct top_item item)
{
    struct top_frame *f = w->frame;
    bool is_selected = f->n_items == f->selected && w->view->rows;

    item.line = w->first_line + w->section->n_lines;
    item.column = w->pen.columns - w->pen.left;
    if (f->n_items == f->room) {
        f->room = f->room ? 2 * f->room : 64;
        f->items = mem_grow(f->items, f->room, sizeof *f->items);
    }
    f->items[f->n_items++] = item;
    if (is_selected) {
        w->section->selected = w->section->n_lines;
    }
    return is_selected;
}

static void
end_line(struct writing *w)
{
    top_pen_end(&w->pen);
    w->section->n_lines++;
}

static void
say(struct writing *w, const char *text)
{
    top_pen_text(&w->pen, MARK, "");
    top_pen_text(&w->pen, 0, text);
    end_line(w);
}

static bool
has(const struct writing *w, const char *text)
{
    return strcasestr(text, w->view->filter) != NULL;
}

static bool
has_job(const struct writing *w, const struct celeriac_value *job)
{
    return has(w, job_view_text(job, "id")) || has(w, job_view_text(job, "task")) ||
           has(w, job_view_text(job, "queue"));
}
