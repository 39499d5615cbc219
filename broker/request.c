/* RESP writer. Room for a whole argument is made once, then everything is copied without further
 * checks; numbers are printed by hand, since printf would cost more than all the rest. */
#include "broker/request.h"

#include <string.h>

enum { NUMBER_MAX = 20, FRAME_MAX = NUMBER_MAX + 5 }; /* "$<number>\r\n" + "\r\n" */

static char *print_number(char *out, uint64_t n);
static void begin(struct request *r, size_t argc);

void
request_clear(struct request *r)
{
    buffer_clear(&r->bytes);
    r->args_left = 0;
}

void
request_reset(struct request *r)
{
    r->bytes.len = 0;
    r->args_left = 0;
}

void
request_command(struct request *r, const char *name, size_t argc)
{
    begin(r, argc);
    request_text(r, name);
}

void
request_script(struct request *r, enum script script, size_t n_keys, size_t n_args)
{
    begin(r, 3 + n_keys + n_args);
    request_text(r, "EVALSHA");
    request_arg(r, script_source(script)->sha, SCRIPT_SHA_LEN);
    request_number(r, (int64_t)n_keys);
}

void
request_arg(struct request *r, const void *data, size_t len)
{
    MUST(r->args_left > 0);
    r->args_left--;
    char *p = buffer_room(&r->bytes, len + FRAME_MAX);
    *p++ = '$';
    p = print_number(p, len);
    *p++ = '\r';
    *p++ = '\n';
    if (len > 0)
        memcpy(p, data, len);
    p += len;
    *p++ = '\r';
    *p++ = '\n';
    r->bytes.len = (size_t)(p - r->bytes.data);
}

void
request_text(struct request *r, const char *text)
{
    request_arg(r, text, strlen(text));
}

void
request_number(struct request *r, int64_t number)
{
    char text[NUMBER_MAX + 1], *p = text;
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        *p++ = '-';
        magnitude = 0 - magnitude;
    }
    p = print_number(p, magnitude);
    request_arg(r, text, (size_t)(p - text));
}

void
request_key(struct request *r, const struct key *key)
{
    request_arg(r, key->text, key->len);
}

void
request_queue_keys(struct request *r, const char *space, const char *queue,
                   const enum queue_key *which, size_t n)
{
    struct key key;
    for (size_t i = 0; i < n; i++) {
        key_of_queue(&key, space, queue, which[i]);
        request_key(r, &key);
    }
}

void
request_ready_keys(struct request *r, const char *space, const char *queue)
{
    struct key key;
    for (unsigned priority = PRIORITY_COUNT; priority > 0; priority--) {
        key_ready(&key, space, queue, priority - 1);
        request_key(r, &key);
    }
}

/* "*<argc>\r\n" stays; "$7\r\nEVALSHA\r\n$40\r\n<sha>\r\n" is replaced; the rest stays. */
void
request_as_eval(struct request *r, enum script script, const char *call, size_t len)
{
    static const char name[] = "$7\r\nEVALSHA\r\n$40\r\n";
    const char *head_end = memchr(call, '\n', len);
    MUST(head_end != NULL && r->args_left == 0);
    size_t head = (size_t)(head_end - call) + 1, cut = sizeof name - 1 + SCRIPT_SHA_LEN + 2;
    MUST(len > head + cut && memcmp(call + head, name, sizeof name - 1) == 0);
    const struct script_source *source = script_source(script);
    buffer_append(&r->bytes, call, head);
    r->args_left = 2;
    request_text(r, "EVAL");
    request_arg(r, source->bytes, source->len);
    buffer_append(&r->bytes, call + head + cut, len - head - cut);
}

static void
begin(struct request *r, size_t argc)
{
    MUST(r->args_left == 0 && argc > 0);
    char *p = buffer_room(&r->bytes, FRAME_MAX);
    *p++ = '*';
    p = print_number(p, argc);
    *p++ = '\r';
    *p++ = '\n';
    r->bytes.len = (size_t)(p - r->bytes.data);
    r->args_left = argc;
}

static char *
print_number(char *out, uint64_t n)
{
    char digits[NUMBER_MAX];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    while (count > 0)
        *out++ = digits[--count];
    return out;
}
