/* JSON out: one line, appended to a buffer.
 *
 * Doubles print with the fewest of 15, 16 or 17 significant digits that read back as the same
 * number, whole ones up to 2^53 as integers. The decimal point is a '.', whatever the locale of the
 * program around us. Text is checked on its way out: what is no UTF-8 becomes U+FFFD. */
#include "common/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/base64.h"
#include "common/json_locale.h"
#include "common/utf8.h"

enum { PRINT_DEPTH_MAX = 1000 }; /* deeper, or endless, is a bug of who made the value */

static void print_value(const struct celeriac_value *v, int depth, struct buffer *out);
static void print_array(const struct celeriac_value *v, int depth, struct buffer *out);
static void print_object(const struct celeriac_value *v, int depth, struct buffer *out);
static void print_number(double x, struct buffer *out);
static void print_escaped(unsigned char c, struct buffer *out);

void
json_print(const struct celeriac_value *v, struct buffer *out)
{
    locale_t before = json_locale_enter();

    print_value(v, 0, out);
    json_locale_leave(before);
}

void
json_print_string(const char *text, size_t len, struct buffer *out)
{
    size_t plain = 0; /* bytes before `i` that go out as they are */

    buffer_append_char(out, '"');
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i];
        size_t n = c < 0x80 ? 1 : utf8_char(text + i, len - i);
        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += n;
            plain += n;
            continue;
        }
        buffer_append(out, text + i - plain, plain);
        plain = 0;
        if (n == 0)
            buffer_append_text(out, "\xef\xbf\xbd");
        else
            print_escaped(c, out);
        i++;
    }
    buffer_append(out, text + len - plain, plain);
    buffer_append_char(out, '"');
}

const char *
celeriac_print(struct celeriac_arena *arena, const struct celeriac_value *v)
{
    struct buffer out = BUFFER_INIT;

    json_print(v, &out);
    const char *text = arena_text(arena, out.data, out.len);
    buffer_clear(&out);
    return text;
}

static void
print_value(const struct celeriac_value *v, int depth, struct buffer *out)
{
    MUST(depth <= PRINT_DEPTH_MAX);
    switch (celeriac_type(v)) {
    case CELERIAC_NULL:
        buffer_append_text(out, "null");
        break;
    case CELERIAC_BOOLEAN:
        buffer_append_text(out, v->as.boolean ? "true" : "false");
        break;
    case CELERIAC_INTEGER:
        out->len += (size_t)sprintf(buffer_room(out, 24), "%" PRId64, v->as.integer);
        break;
    case CELERIAC_BIGINT:
        buffer_append(out, v->as.bytes.data, v->as.bytes.len);
        break;
    case CELERIAC_NUMBER:
        print_number(v->as.number, out);
        break;
    case CELERIAC_STRING:
        json_print_string(v->as.bytes.data, v->as.bytes.len, out);
        break;
    case CELERIAC_BINARY:
        buffer_append_text(out, "{\"$binary\":\"");
        base64_append(v->as.bytes.data, v->as.bytes.len, out);
        buffer_append_text(out, "\"}");
        break;
    case CELERIAC_ARRAY:
        print_array(v, depth, out);
        break;
    case CELERIAC_OBJECT:
        print_object(v, depth, out);
        break;
    }
}

static void
print_array(const struct celeriac_value *v, int depth, struct buffer *out)
{
    buffer_append_char(out, '[');
    for (uint32_t i = 0; i < v->count; i++) {
        if (i > 0)
            buffer_append_char(out, ',');
        print_value(v->as.items[i], depth + 1, out);
    }
    buffer_append_char(out, ']');
}

static void
print_object(const struct celeriac_value *v, int depth, struct buffer *out)
{
    buffer_append_char(out, '{');
    for (uint32_t i = 0; i < v->count; i++) {
        const struct value_entry *e = &v->as.entries[i];
        if (i > 0)
            buffer_append_char(out, ',');
        json_print_string(e->key, e->key_len, out);
        buffer_append_char(out, ':');
        print_value(e->item, depth + 1, out);
    }
    buffer_append_char(out, '}');
}

static void
print_number(double x, struct buffer *out)
{
    const double whole_max = 0x1p53;
    char text[64];

    if (x == 0 && signbit(x)) {
        buffer_append_text(out, "-0.0"); /* "-0" would be read back as an integer */
        return;
    }
    if (fabs(x) <= whole_max && x == trunc(x)) {
        out->len += (size_t)sprintf(buffer_room(out, 24), "%" PRId64, (int64_t)x);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, x);
        if (strtod(text, NULL) == x)
            break;
    }
    buffer_append_text(out, text);
}

static void
print_escaped(unsigned char c, struct buffer *out)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                   ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};

    buffer_append_char(out, '\\');
    if (letters[c] != '\0')
        buffer_append_char(out, letters[c]);
    else
        out->len += (size_t)sprintf(buffer_room(out, 8), "u%04x", c);
}
