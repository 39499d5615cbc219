/* Two lines of sums, three sections that share the height, one line of status.
 *
 * Every section is written as a whole, then as much of it is taken as has room, so that the
 * selected line is seen. The first writing is for the items alone: only when all are known can be
 * told which one is selected. */
#include "client/cli/top_layout.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/top_sections.h"
#include "common/mem.h"

enum { HEADER = 2, FOOTER = 1, LEAST_COLUMNS = 40, LEAST_ROWS = 10, INDENT = 2 };

static void write_header(struct top_pen *pen, const struct top_look *look,
                         const struct top_view *view);
static void write_sections(struct top_pen *pen, const struct top_section *sections, int rows);
static void write_section(struct top_pen *pen, const struct top_section *s, int lines);
static int write_lines(struct top_pen *pen, const struct buffer *text, int rows, int scroll);
static int keep_lines(struct buffer *out, size_t begin, int rows, int scroll);
static void write_footer(struct top_pen *pen, const struct top_view *view);
static void select_item(const struct top_view *view, struct top_frame *frame);

static char help[] = "Queues, workers with a cell for each busy slot, and the latest failures.\n"
                     "What a worker says of itself is as old as its beat.\n"
                     "\n"
                     "arrows       select a queue, a running job, or a failure; also h j k l\n"
                     "Tab          next section; Home, End, Page up, Page down\n"
                     "Enter        details of what is selected: where a job is, how it failed\n"
                     "/            show only what contains a text; Enter keeps it, Esc removes it\n"
                     "Ctrl-L       draw everything again\n"
                     "q            quit\n"
                     "\n"
                     "These change something, and ask before:\n"
                     "P            pause the queue, or resume it\n"
                     "C            cancel the running job\n"
                     "R            retry the failed job\n";

void
top_layout(const struct top_look *look, const struct top_view *view, struct top_frame *frame)
{
    struct top_pen pen = {&frame->text, view->columns, view->columns, view->has_utf8};
    struct top_section sections[TOP_SECTIONS];
    int rows = view->rows ? view->rows - HEADER - FOOTER : INT16_MAX;

    frame->text.len = 0;
    frame->selected = SIZE_MAX;
    top_sections_write(sections, look, view, frame);
    top_sections_clear(sections);
    select_item(view, frame);
    if (view->rows && (view->columns < LEAST_COLUMNS || view->rows < LEAST_ROWS)) {
        frame->n_items = 0; /* nothing happens to what is not seen */
        top_pen_format(&pen, 0, "%dx%d is too small: q quits", view->columns, view->rows);
        top_pen_end(&pen);
        return;
    }
    write_header(&pen, look, view);
    if (view->mode == TOP_HELP) {
        const struct buffer text = {help, sizeof help - 1, 0};
        frame->scroll = write_lines(&pen, &text, rows, view->scroll);
    } else if (view->mode == TOP_DETAILS) {
        frame->scroll = write_lines(&pen, &view->details, rows, view->scroll);
    } else {
        top_sections_write(sections, look, view, frame);
        write_sections(&pen, sections, rows);
        top_sections_clear(sections);
    }
    if (view->rows) {
        write_footer(&pen, view);
    }
}

void
top_frame_clear(struct top_frame *frame)
{
    buffer_clear(&frame->text);
    free(frame->items);
}

void
top_share(const int *wants, int n, int room, int *gets)
{
    bool is_short = true;

    memset(gets, 0, (size_t)n * sizeof *gets);
    while (room > 0 && is_short) {
        is_short = false;
        for (int i = 0; i < n && room > 0; i++) {
            if (gets[i] < wants[i]) {
                gets[i]++;
                room--;
                is_short = true;
            }
        }
    }
}

static void
write_header(struct top_pen *pen, const struct top_look *look, const struct top_view *view)
{
    const struct top_queue *t = &look->total;
    time_t now = (time_t)(look->now_ms / 1000);
    struct tm tm;
    char clock[16] = "";

    if (localtime_r(&now, &tm)) {
        strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    }
    top_pen_style(pen, TOP_STRONG);
    top_pen_text(pen, 0, "celeriac top");
    top_pen_style(pen, TOP_PLAIN);
    top_pen_format(pen, pen->left - 9, "  %s", view->where);
    top_pen_format(pen, -9, "%s", clock);
    top_pen_end(pen);
    if (*view->problem) {
        top_pen_style(pen, TOP_BAD);
        top_pen_text(pen, 0, view->problem);
    } else {
        top_pen_text(pen, 0, "done/s ");
        top_pen_count(pen, 0, t->done_per_s, false);
        top_pen_text(pen, 0, "  failed/s ");
        top_pen_count(pen, 0, t->failed_per_s, false);
        top_pen_format(pen, 0, "  ready %lld  running %lld  delayed %lld  dead %lld",
                       (long long)t->q.ready, (long long)t->q.running, (long long)t->q.delayed,
                       (long long)t->q.dead);
    }
    top_pen_end(pen);
}

static void
write_sections(struct top_pen *pen, const struct top_section *sections, int rows)
{
    int wants[TOP_SECTIONS], gets[TOP_SECTIONS], left = rows - TOP_SECTIONS;

    for (int i = 0; i < TOP_SECTIONS; i++) {
        wants[i] = sections[i].n_lines;
    }
    top_share(wants, TOP_SECTIONS, left, gets);
    for (int i = 0; i < TOP_SECTIONS; i++) {
        write_section(pen, &sections[i], gets[i]);
        left -= gets[i];
    }
    for (; rows != INT16_MAX && left > 0; left--) {
        top_pen_end(pen);
    }
}

/* The title, and `lines` of the section's: from the first on, or so that the selected one is the
 * last. */
static void
write_section(struct top_pen *pen, const struct top_section *s, int lines)
{
    int first = s->selected >= lines ? s->selected - lines + 1 : 0;
    const char *line = s->text.data;

    top_pen_style(pen, TOP_TITLE);
    buffer_append(pen->out, s->title.data, s->title.len);
    pen->left = pen->columns - s->title_width;
    if (lines < s->n_lines) {
        top_pen_format(pen, -pen->left, "%d-%d of %d ", lines ? first + 1 : 0, first + lines,
                       s->n_lines);
    }
    top_pen_fill(pen, 0);
    top_pen_end(pen);
    for (int i = 0; i < first + lines; i++) {
        const char *next = strchr(line, '\n') + 1;
        if (i >= first) {
            buffer_append(pen->out, line, (size_t)(next - line));
        }
        line = next;
    }
}

/* Lines of details and help, wrapped; the rest of the height stays empty. Returns how many are
 * above the screen. */
static int
write_lines(struct top_pen *pen, const struct buffer *text, int rows, int scroll)
{
    const char *from = text->data, *end = text->data + text->len;
    size_t begin = pen->out->len;

    while (from < end) {
        const char *stop = memchr(from, '\n', (size_t)(end - from));
        char *line = mem_printf("%.*s", (int)(stop - from), from);
        if (*line) {
            top_pen_wrap(pen, line, INDENT);
        } else {
            top_pen_end(pen);
        }
        free(line);
        from = stop + 1;
    }
    scroll = keep_lines(pen->out, begin, rows, scroll);
    for (size_t i = begin; i < pen->out->len; i++) {
        rows -= pen->out->data[i] == '\n';
    }
    for (; rows > 0; rows--) {
        top_pen_end(pen);
    }
    return scroll;
}

/* Of what stands behind `begin` only `rows` lines, behind the first `scroll`. */
static int
keep_lines(struct buffer *out, size_t begin, int rows, int scroll)
{
    int n = 0, at = 0;
    size_t first = begin, last = out->len;

    for (size_t i = begin; i < out->len; i++) {
        n += out->data[i] == '\n';
    }
    scroll = scroll < n - rows ? scroll : n > rows ? n - rows : 0;
    for (size_t i = begin; i < out->len; i++) {
        if (out->data[i] == '\n') {
            at++;
            first = at == scroll ? i + 1 : first;
            last = at == scroll + rows ? i + 1 : last;
        }
    }
    memmove(out->data + begin, out->data + first, last - first);
    out->len = begin + (last - first);
    return scroll;
}

static void
write_footer(struct top_pen *pen, const struct top_view *view)
{
    if (view->mode == TOP_FILTER) {
        top_pen_format(pen, 0, "/%s_", view->filter);
    } else if (*view->message) {
        top_pen_style(pen, view->is_message_bad ? TOP_BAD : TOP_STRONG);
        top_pen_text(pen, 0, view->message);
    } else if (view->mode != TOP_LIST) {
        top_pen_text(pen, 0, "Esc back  q quit");
    } else if (*view->filter) {
        top_pen_format(pen, 0, "Only what contains \"%s\"  / change  Esc remove  ? help  q quit",
                       view->filter);
    } else {
        top_pen_text(pen, 0, "? help  / filter  Enter details  P pause  C cancel  R retry  q quit");
    }
    top_pen_end(pen);
}

static void
select_item(const struct top_view *view, struct top_frame *frame)
{
    frame->selected = view->index < frame->n_items ? view->index
                      : frame->n_items             ? frame->n_items - 1
                                                   : 0;
    for (size_t i = 0; i < frame->n_items; i++) {
        if (frame->items[i].kind == view->kind && strcmp(frame->items[i].name, view->name) == 0) {
            frame->selected = i;
            return;
        }
    }
}
