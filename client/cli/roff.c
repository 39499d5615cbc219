/* man(7) is written, not mdoc(7): it is what every formatter reads. */
#include "client/cli/roff.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static time_t page_time(void);

void
roff_begin(FILE *out, const char *name, int section)
{
    char day[16];
    const time_t now = page_time();
    struct tm tm;

    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&now, &tm));
    fputs(".TH ", out);
    for (const char *c = name; *c; c++) {
        fputc(toupper((unsigned char)*c), out);
    }
    fprintf(out, " %d %s \"Celeriac %s\" \"Celeriac\"\n", section, day, CELERIAC_VERSION);
}

void
roff_section(FILE *out, const char *title)
{
    fprintf(out, ".SH %s\n", title);
}

void
roff_subsection(FILE *out, const char *title)
{
    fprintf(out, ".SS %s\n", title);
}

void
roff_text(FILE *out, const char *text, size_t len)
{
    bool is_line_start = true;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (is_line_start && c == '\n') {
            fputs(i > 0 ? ".PP\n" : "", out);
            continue;
        }
        if (is_line_start && (c == '.' || c == '\'')) {
            fputs("\\&", out);
        }
        if (is_line_start && c == ' ') {
            fputs(".br\n", out);
            while (i + 1 < len && text[i] == ' ') {
                i++;
            }
            c = text[i];
        }
        is_line_start = c == '\n';
        if (c == '\\') {
            fputs("\\e", out);
        } else if (c == '-') {
            fputs("\\-", out);
        } else if (c == '~' || c == '^' || c == '`') {
            fputs(c == '~' ? "\\(ti" : c == '^' ? "\\(ha" : "\\(ga", out);
        } else {
            fputc(c, out);
        }
    }
    if (!is_line_start) {
        fputc('\n', out);
    }
}

void
roff_entry(FILE *out, const char *term, const char *operand, const char *text)
{
    fputs(".TP\n\\fB", out);
    for (const char *c = term; *c; c++) {
        fprintf(out, *c == '-' ? "\\-" : "%c", *c);
    }
    fprintf(out, *operand ? "\\fR \\fI%s\\fR\n" : "\\fR\n", operand);
    roff_text(out, text, strlen(text));
}

void
roff_literal(FILE *out, const char *const *lines, size_t n)
{
    fputs(".RS 4\n.nf\n", out);
    for (size_t i = 0; i < n; i++) {
        roff_text(out, lines[i], strlen(lines[i]));
    }
    fputs(".fi\n.RE\n", out);
}

/* One that builds can fix, so that the same source gives the same page. */
static time_t
page_time(void)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");

    return epoch && *epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
}
