/* Columns are counted by wcwidth(3), so the locale for characters must be set; a character that has
 * no width there, as any other that cannot be shown, becomes '?'. */
#include "client/cli/top_pen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "common/mem.h"
#include "common/utf8.h"

/* A character as it is written. */
struct glyph {
    const char *text;
    size_t len;  /* bytes */
    size_t from; /* bytes of the text that it stands for */
    int width;
};

static struct glyph next_glyph(const char *text, bool has_utf8);
static size_t fitting(const char *text, bool has_utf8, int width);
static void write_glyphs(struct top_pen *pen, const char *text, size_t len);
static void spaces(struct top_pen *pen, int n);

void
top_pen_style(struct top_pen *pen, enum top_style style)
{
    buffer_append_char(pen->out, (char)style);
}

void
top_pen_text(struct top_pen *pen, int width, const char *text)
{
    int needed = top_pen_width(text, pen->has_utf8);
    int room = width == 0 ? needed : abs(width);

    room = room < pen->left ? room : pen->left;
    if (needed <= room) {
        spaces(pen, width < 0 ? room - needed : 0);
        write_glyphs(pen, text, strlen(text));
        spaces(pen, width > 0 ? room - needed : 0);
    } else if (room > 0) {
        int before = pen->left;
        write_glyphs(pen, text, fitting(text, pen->has_utf8, room - 1));
        buffer_append_text(pen->out, pen->has_utf8 ? "…" : "~");
        pen->left--;
        spaces(pen, room - (before - pen->left));
    }
}

void
top_pen_format(struct top_pen *pen, int width, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int len;

    va_start(args, format);
    len = vasprintf(&text, format, args);
    va_end(args);
    top_pen_text(pen, width, len < 0 ? "?" : text);
    if (len >= 0) {
        free(text);
    }
}

void
top_pen_count(struct top_pen *pen, int width, double n, bool is_exact)
{
    if (n < 0) {
        top_pen_text(pen, width, "-");
    } else if (n < 1e6) {
        top_pen_format(pen, width, "%.*f", is_exact || n >= 1000 ? 0 : 1, n);
    } else if (n < 1e9) {
        top_pen_format(pen, width, "%.1fM", n / 1e6);
    } else {
        top_pen_format(pen, width, "%.1fG", n / 1e9);
    }
}

void
top_pen_bar(struct top_pen *pen, int width, double share)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int room = width < pen->left ? width : pen->left;
    int steps = pen->has_utf8 ? 8 : 1;
    int n = (int)((share > 1 ? 1 : share) * room * steps + 0.5);

    if (room <= 0) {
        return;
    }
    n = share > 0 && n == 0 ? 1 : n;
    for (int i = 0; i < n / steps; i++) {
        buffer_append_text(pen->out, pen->has_utf8 ? "█" : "#");
    }
    buffer_append_text(pen->out, parts[n % steps]);
    pen->left -= (n + steps - 1) / steps;
    spaces(pen, room - (n + steps - 1) / steps);
}

void
top_pen_fill(struct top_pen *pen, int left)
{
    spaces(pen, pen->left - left);
}

void
top_pen_end(struct top_pen *pen)
{
    top_pen_style(pen, TOP_PLAIN);
    buffer_append_char(pen->out, '\n');
    pen->left = pen->columns;
}

void
top_pen_wrap(struct top_pen *pen, const char *text, int indent)
{
    bool is_first = true;

    do {
        spaces(pen, is_first ? 0 : indent);
        size_t len = fitting(text, pen->has_utf8, pen->left);
        size_t end = len;
        if (text[len]) { /* at the last space that fits, if there is one */
            while (end > 0 && text[end] != ' ') {
                end--;
            }
            end = end > 0 ? end : len;
        }
        if (end == 0) {
            return; /* not a single character fits */
        }
        write_glyphs(pen, text, end);
        top_pen_end(pen);
        text += end + strspn(text + end, " ");
        is_first = false;
    } while (*text);
}

int
top_pen_width(const char *text, bool has_utf8)
{
    int width = 0;

    while (*text) {
        struct glyph g = next_glyph(text, has_utf8);
        width += g.width;
        text += g.from;
    }
    return width;
}

static struct glyph
next_glyph(const char *text, bool has_utf8)
{
    unsigned char c = (unsigned char)*text;
    size_t n = utf8_char(text, strnlen(text, 4));
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    wchar_t wide = n ? c & masks[n] : 0;
    int width;

    for (size_t i = 1; i < n; i++) {
        wide = (wchar_t)(wide << 6 | (text[i] & 0x3f));
    }
    width = n == 1 ? (c >= ' ' && c < 0x7f ? 1 : -1) : n && has_utf8 ? wcwidth(wide) : -1;
    if (width < 0 || n == 0) {
        return (struct glyph){"?", 1, n ? n : 1, 1};
    }
    return (struct glyph){text, n, n, width};
}

/* Bytes of the text that fit into `width` columns. */
static size_t
fitting(const char *text, bool has_utf8, int width)
{
    size_t len = 0;

    while (text[len]) {
        struct glyph g = next_glyph(text + len, has_utf8);
        width -= g.width;
        if (width < 0) {
            break;
        }
        len += g.from;
    }
    return len;
}

static void
write_glyphs(struct top_pen *pen, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        struct glyph g = next_glyph(text + i, pen->has_utf8);
        buffer_append(pen->out, g.text, g.len);
        pen->left -= g.width;
        i += g.from;
    }
}

static void
spaces(struct top_pen *pen, int n)
{
    for (; n > 0 && pen->left > 0; n--, pen->left--) {
        buffer_append_char(pen->out, ' ');
    }
}
