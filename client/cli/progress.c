/* The progress bar. Drawn at most ten times a second; the rate is that of the whole time, which
 * does not jump. */
#include "client/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"

enum { DRAW_MS = 100, LINE_MS = 1000, BAR_MAX = 40, LINE_MAX_BYTES = 512 };

static void draw(struct progress *p, const struct progress_state *s);
static int width(void);
static void print_span(double seconds, char *out, size_t size);

void
progress_init(struct progress *p, bool is_wanted)
{
    *p =
        (struct progress){.is_terminal = isatty(STDERR_FILENO) == 1, .started_ms = clock_mono_ms()};
    p->is_on = is_wanted || p->is_terminal;
}

void
progress_show(struct progress *p, const struct progress_state *s)
{
    int64_t now_ms = clock_mono_ms();
    int64_t pause_ms = p->is_terminal ? DRAW_MS : LINE_MS;

    if (p->is_on && now_ms - p->drawn_ms >= pause_ms && now_ms - p->started_ms >= pause_ms) {
        p->drawn_ms = now_ms;
        draw(p, s);
    }
}

void
progress_hide(struct progress *p)
{
    if (p && p->is_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        p->is_shown = false;
        p->drawn_ms = 0;
    }
}

void
progress_end(struct progress *p, const struct progress_state *s)
{
    if (p->is_on) {
        draw(p, s);
        if (p->is_terminal) {
            fputc('\n', stderr);
        }
        p->is_shown = false;
    }
}

size_t
progress_print(const struct progress_state *s, int64_t elapsed_ms, int room, char *out, size_t size)
{
    double seconds = (double)elapsed_ms / 1000;
    double rate = seconds > 0 ? (double)s->done / seconds : 0;
    double share = s->share > 1 ? 1 : s->share;
    char tail[160], left[32] = "", total[32] = "", failed[48] = "";
    int bar, full;
    size_t n = 0;

    if (s->total) {
        snprintf(total, sizeof total, "/%llu", (unsigned long long)s->total);
    }
    if (s->failed) {
        snprintf(failed, sizeof failed, ", %llu failed", (unsigned long long)s->failed);
    }
    print_span(share > 0 && share < 1 ? seconds * (1 - share) / share : -1, left, sizeof left);
    snprintf(tail, sizeof tail, "%llu%s  %.*f/s%s%s%s", (unsigned long long)s->done, total,
             rate < 100 ? 1 : 0, rate, *left ? "  " : "", left, failed);
    bar = share < 0 ? 0 : room - (int)strlen(tail) - 10;
    bar = bar > BAR_MAX ? BAR_MAX : bar < 8 ? 0 : bar;
    full = (int)(share * bar + 0.5);
    if (bar && (size_t)bar + 16 < size) {
        n = (size_t)snprintf(out, size, "%3.0f%% [", share * 100);
        for (int i = 0; i < bar; i++) {
            out[n++] = i < full ? '#' : '.';
        }
        out[n++] = ']';
        out[n++] = ' ';
    }
    n += (size_t)snprintf(out + n, size - n, "%s", tail);
    n = n < size ? n : size - 1;
    if (room > 0 && n > (size_t)room) {
        n = (size_t)room;
    }
    out[n] = '\0';
    return n;
}

static void
draw(struct progress *p, const struct progress_state *s)
{
    char line[LINE_MAX_BYTES];

    progress_print(s, clock_mono_ms() - p->started_ms, p->is_terminal ? width() - 1 : 100, line,
                   sizeof line);
    fprintf(stderr, p->is_terminal ? "\r%s\033[K" : "%s\n", line);
    fflush(stderr);
    p->is_shown = p->is_terminal;
}

static int
width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* "4s left", "3m20s left"; nothing if it is not known. */
static void
print_span(double seconds, char *out, size_t size)
{
    long long s = (long long)(seconds + 0.5);

    if (seconds < 0 || seconds > 1e9) {
        out[0] = '\0';
    } else if (s < 60) {
        snprintf(out, size, "%llds left", s);
    } else if (s < 3600) {
        snprintf(out, size, "%lldm%02llds left", s / 60, s % 60);
    } else {
        snprintf(out, size, "%lldh%02lldm left", s / 3600, s / 60 % 60);
    }
}
