/* See scan.h. */
#include "broker/scan.h"

#include <string.h>

enum { KEYS_A_PAGE = 1000, MEMBERS_A_PAGE = 100 };

struct scan {
    char cursor[24];
    bool is_over;
    scan_fn *each;
    void *arg;
};

static bool
take_page(void *arg, size_t i, const redisReply *answer, struct error *err)
{
    struct scan *s = arg;
    const char *cursor;
    size_t len;
    (void)i;
    if (!answer_bytes(answer_at(answer, 0), &cursor, &len) || len == 0 || len >= sizeof s->cursor ||
        !answer_is_array(answer_at(answer, 1), 0))
        return answer_unexpected(answer, "scan", err);
    memcpy(s->cursor, cursor, len + 1);
    s->is_over = strcmp(s->cursor, "0") == 0;
    return s->each(s->arg, answer_at(answer, 1), &s->is_over, err);
}

bool
scan_keys(struct broker *b, const char *prefix, scan_fn *each, void *arg, struct error *err)
{
    struct scan s = {.cursor = "0", .each = each, .arg = arg};
    char pattern[KEY_MAX + 2];
    size_t len = strlen(prefix);
    memcpy(pattern, prefix, len);
    memcpy(pattern + len, "*", 2);
    while (!s.is_over) {
        struct request *r = exchange_command(b, "SCAN", 6);
        request_text(r, s.cursor);
        request_text(r, "MATCH");
        request_text(r, pattern);
        request_text(r, "COUNT");
        request_number(r, KEYS_A_PAGE);
        if (!exchange_run(b, take_page, &s, err))
            return false;
    }
    return true;
}

bool
scan_members(struct broker *b, const char *command, const char *key, scan_fn *each, void *arg,
             struct error *err)
{
    struct scan s = {.cursor = "0", .each = each, .arg = arg};
    while (!s.is_over) {
        struct request *r = exchange_command(b, command, 5);
        request_text(r, key);
        request_text(r, s.cursor);
        request_text(r, "COUNT");
        request_number(r, MEMBERS_A_PAGE);
        if (!exchange_run(b, take_page, &s, err))
            return false;
    }
    return true;
}
