/* A broker URL is taken apart from the left: scheme, authority, path, query.
 *
 * Errors never quote the URL: a password with an unencoded '/' or '@' ends up in what looks like a
 * port or a path, so every part is a possible secret. What was wrong is said by naming the part. */
#include "broker/url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "common/mem.h"

enum { PORT_DEFAULT = 6379, DB_MAX = 1000000, PASSWORD_LINE_MAX = 1024 };

struct span {
    const char *text;
    size_t len;
};

static bool parse_tcp(struct broker_url *url, const char *rest, struct error *err);
static bool parse_unix(struct broker_url *url, const char *rest, struct error *err);
static bool refuse_scheme(const char *text, struct error *err);

bool
url_parse(struct broker_url *url, const char *text, struct error *err)
{
    struct broker_url fresh = {.port = PORT_DEFAULT};
    bool ok;
    if (text == NULL)
        text = URL_DEFAULT;
    if (strncasecmp(text, "redis://", 8) == 0)
        ok = parse_tcp(&fresh, text + 8, err);
    else if (strncasecmp(text, "unix://", 7) == 0)
        ok = parse_unix(&fresh, text + 7, err);
    else
        ok = refuse_scheme(text, err);
    if (!ok) {
        url_clear(&fresh);
        return false;
    }
    *url = fresh;
    return true;
}

void
url_clear(struct broker_url *url)
{
    free(url->host);
    free(url->path);
    free(url->user);
    free(url->password);
    free(url->shown);
    *url = (struct broker_url){0};
}

bool
url_read_password(struct broker_url *url, const char *file, struct error *err)
{
    FILE *f = fopen(file, "re");
    if (f == NULL)
        return error_set_errno(err, ERROR_CONFIG, "password file %s", file);
    char line[PASSWORD_LINE_MAX + 2];
    const char *got = fgets(line, sizeof line, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed)
        return error_set(err, ERROR_CONFIG, "password file %s: cannot be read", file);
    if (got != NULL)
        line[strcspn(line, "\r\n")] = '\0';
    if (got == NULL || line[0] == '\0')
        return error_set(err, ERROR_CONFIG, "password file %s: its first line is empty", file);
    if (strlen(line) > PASSWORD_LINE_MAX)
        return error_set(err, ERROR_CONFIG, "password file %s: the line is longer than %d bytes",
                         file, PASSWORD_LINE_MAX);
    free(url->password);
    url->password = mem_text(line);
    return true;
}

static bool
refuse_scheme(const char *text, struct error *err)
{
    static const char *const later[] = {"rediss://", "redis-sentinel://", "redis-cluster://"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
        if (strncasecmp(text, later[i], strlen(later[i])) == 0)
            return error_set(err, ERROR_CONFIG, "broker URL: %s is not built yet", later[i]);
    return error_set(err, ERROR_CONFIG,
                     "broker URL: the scheme is not known (expected redis:// or unix://)");
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* NULL if a '%' is not followed by two hexadecimal digits, or the text would hold a NUL. */
static char *
decode_percent(struct span s)
{
    char *out = mem_alloc(s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.text[i] != '%') {
            out[n++] = s.text[i];
            continue;
        }
        int high = i + 2 < s.len ? hex_digit(s.text[i + 1]) : -1;
        int low = i + 2 < s.len ? hex_digit(s.text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            free(out);
            return NULL;
        }
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    out[n] = '\0';
    return out;
}

static bool
parse_number(struct span s, int max, int *out)
{
    long value = 0;
    if (s.len == 0 || s.len > 7)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.text[i] < '0' || s.text[i] > '9')
            return false;
        value = value * 10 + (s.text[i] - '0');
    }
    if (value > max)
        return false;
    *out = (int)value;
    return true;
}

static bool
parse_db(struct broker_url *url, struct span s, struct error *err)
{
    if (!parse_number(s, DB_MAX, &url->db))
        return error_set(err, ERROR_CONFIG, "broker URL: the database is not a number from 0 to %d",
                         DB_MAX);
    return true;
}

/* "?db=N" or nothing. */
static bool
parse_query(struct broker_url *url, const char *query, struct error *err)
{
    if (query[0] == '\0')
        return true;
    if (strncmp(query, "?db=", 4) != 0)
        return error_set(err, ERROR_CONFIG, "broker URL: the only parameter is ?db=N");
    return parse_db(url, (struct span){query + 4, strlen(query + 4)}, err);
}

static bool
parse_user(struct broker_url *url, struct span s, struct error *err)
{
    const char *colon = memchr(s.text, ':', s.len);
    size_t user_len = colon != NULL ? (size_t)(colon - s.text) : s.len;
    if (user_len > 0) {
        url->user = decode_percent((struct span){s.text, user_len});
        if (url->user == NULL)
            return error_set(err, ERROR_CONFIG, "broker URL: a bad %%-escape in the user name");
    }
    if (colon == NULL || user_len + 1 == s.len)
        return true;
    url->password = decode_percent((struct span){colon + 1, s.len - user_len - 1});
    if (url->password == NULL)
        return error_set(err, ERROR_CONFIG, "broker URL: a bad %%-escape in the password");
    return true;
}

static bool
parse_host(struct broker_url *url, struct span s, struct error *err)
{
    struct span host = s, port = {NULL, 0};
    const char *colon;
    if (s.len > 0 && s.text[0] == '[') {
        const char *end = memchr(s.text, ']', s.len);
        if (end == NULL)
            return error_set(err, ERROR_CONFIG, "broker URL: '[' without ']' in the host");
        host = (struct span){s.text + 1, (size_t)(end - s.text) - 1};
        size_t left = s.len - host.len - 2;
        if (left > 0 && end[1] != ':')
            return error_set(err, ERROR_CONFIG, "broker URL: a port after ']' begins with ':'");
        if (left > 0)
            port = (struct span){end + 2, left - 1};
    } else if ((colon = memchr(s.text, ':', s.len)) != NULL) {
        host.len = (size_t)(colon - s.text);
        port = (struct span){colon + 1, s.len - host.len - 1};
    }
    if (port.text != NULL && (!parse_number(port, 65535, &url->port) || url->port == 0))
        return error_set(err, ERROR_CONFIG, "broker URL: the port is not a number from 1 to 65535");
    url->host = host.len == 0 ? mem_text("127.0.0.1") : decode_percent(host);
    if (url->host == NULL || strpbrk(url->host, " /?#@") != NULL)
        return error_set(err, ERROR_CONFIG, "broker URL: the host is not a name or an address");
    return true;
}

static bool
parse_tcp(struct broker_url *url, const char *rest, struct error *err)
{
    struct span authority = {rest, strcspn(rest, "/?#")};
    const char *tail = rest + authority.len;
    if (strchr(tail, '@') != NULL)
        return error_set(
            err, ERROR_CONFIG,
            "broker URL: '@' after the host; in a password write / as %%2F, ? as %%3F, "
            "# as %%23, @ as %%40");
    const char *at = memrchr(authority.text, '@', authority.len);
    if (at != NULL) {
        struct span user = {authority.text, (size_t)(at - authority.text)};
        if (!parse_user(url, user, err))
            return false;
        authority.text = at + 1;
        authority.len -= user.len + 1;
    }
    if (!parse_host(url, authority, err))
        return false;
    if (tail[0] == '/' && tail[1] != '\0' && tail[1] != '?') {
        struct span db = {tail + 1, strcspn(tail + 1, "?")};
        if (!parse_db(url, db, err))
            return false;
        tail = db.text + db.len;
    } else if (tail[0] == '/') {
        tail++;
    }
    if (!parse_query(url, tail, err))
        return false;
    MUST(url->host != NULL);
    url->shown =
        mem_printf(strchr(url->host, ':') != NULL ? "redis://[%s]:%d/%d" : "redis://%s:%d/%d",
                   url->host, url->port, url->db);
    return true;
}

/* unix://[[user]:password@]/path[?db=N] */
static bool
parse_unix(struct broker_url *url, const char *rest, struct error *err)
{
    const char *slash = strchr(rest, '/');
    if (slash == NULL)
        return error_set(err, ERROR_CONFIG,
                         "broker URL: the socket is not an absolute path (unix:///path)");
    if (slash != rest) {
        if (slash[-1] != '@')
            return error_set(err, ERROR_CONFIG,
                             "broker URL: the socket is not an absolute path (unix:///path)");
        if (!parse_user(url, (struct span){rest, (size_t)(slash - rest) - 1}, err))
            return false;
    }
    struct span path = {slash, strcspn(slash, "?")};
    url->path = decode_percent(path);
    if (url->path == NULL)
        return error_set(err, ERROR_CONFIG, "broker URL: a bad %%-escape in the path");
    if (strlen(url->path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return error_set(err, ERROR_CONFIG,
                         "broker URL: the path of a unix socket is at most %zu bytes",
                         sizeof((struct sockaddr_un *)NULL)->sun_path - 1);
    if (!parse_query(url, path.text + path.len, err))
        return false;
    url->shown = url->db == 0 ? mem_printf("unix://%s", url->path)
                              : mem_printf("unix://%s?db=%d", url->path, url->db);
    return true;
}
