/* Broker URLs: what is read out of them, what is refused, and that no message shows a password. */
#include "broker/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct good {
    const char *text, *host;
    int port;
    const char *path, *user, *password;
    int db;
    const char *shown;
};

static const struct good good_urls[] = {
    {NULL, "127.0.0.1", 6379, NULL, NULL, NULL, 0, "redis://127.0.0.1:6379/0"},
    {"redis://", "127.0.0.1", 6379, NULL, NULL, NULL, 0, "redis://127.0.0.1:6379/0"},
    {"redis://h", "h", 6379, NULL, NULL, NULL, 0, "redis://h:6379/0"},
    {"REDIS://h/", "h", 6379, NULL, NULL, NULL, 0, "redis://h:6379/0"},
    {"redis://h:1/7", "h", 1, NULL, NULL, NULL, 7, "redis://h:1/7"},
    {"redis://h?db=3", "h", 6379, NULL, NULL, NULL, 3, "redis://h:6379/3"},
    {"redis://:p@h", "h", 6379, NULL, NULL, "p", 0, "redis://h:6379/0"},
    {"redis://u:p%40%2F%3a@h:2/1", "h", 2, NULL, "u", "p@/:", 1, "redis://h:2/1"},
    {"redis://u%20x:a@b@h", "h", 6379, NULL, "u x", "a@b", 0, "redis://h:6379/0"},
    {"redis://u@h", "h", 6379, NULL, "u", NULL, 0, "redis://h:6379/0"},
    {"redis://[::1]:7/2", "::1", 7, NULL, NULL, NULL, 2, "redis://[::1]:7/2"},
    {"redis://[::1]", "::1", 6379, NULL, NULL, NULL, 0, "redis://[::1]:6379/0"},
    {"unix:///a/b.sock", NULL, 6379, "/a/b.sock", NULL, NULL, 0, "unix:///a/b.sock"},
    {"unix:///a%20b?db=4", NULL, 6379, "/a b", NULL, NULL, 4, "unix:///a b?db=4"},
    {"unix://u:p@/s", NULL, 6379, "/s", "u", "p", 0, "unix:///s"},
};

static const struct {
    const char *text, *says;
} bad_urls[] = {
    {"", "scheme is not known"},
    {"localhost:6379", "scheme is not known"},
    {"http://h", "scheme is not known"},
    {"rediss://u:secret@h", "rediss:// is not built yet"},
    {"redis-sentinel://h1,h2/m", "redis-sentinel:// is not built yet"},
    {"redis-cluster://h1,h2", "redis-cluster:// is not built yet"},
    {"redis://h:0", "port"},
    {"redis://h:65536", "port"},
    {"redis://h:secret", "port"},
    {"redis://h:", "port"},
    {"redis://h/secret", "database"},
    {"redis://h/-1", "database"},
    {"redis://h?x=secret", "?db=N"},
    {"redis://h/1?x=secret", "?db=N"},
    {"redis://:sec/ret@h", "%2F"},
    {"redis://:secret%@h", "escape in the password"},
    {"redis://:secret%zz@h", "escape in the password"},
    {"redis://:secret%00@h", "escape in the password"},
    {"redis://%4:secret@h", "escape in the user"},
    {"redis://[::1", "without ']'"},
    {"redis://[::1]x", "after ']'"},
    {"unix://relative", "absolute path"},
    {"unix://relative/secret", "absolute path"},
    {"unix:///a?db=x", "database"},
};

static void
expect_text(const char *got, const char *expected)
{
    assert_int_equal(got == NULL, expected == NULL);
    if (expected != NULL)
        assert_string_equal(got, expected);
}

static void
good_urls_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_urls / sizeof good_urls[0]; i++) {
        const struct good *g = &good_urls[i];
        struct broker_url url;
        struct error err = ERROR_INIT;
        if (!url_parse(&url, g->text, &err))
            fail_msg("%s: %s", g->text, err.message);
        expect_text(url.host, g->host);
        assert_int_equal(url.port, g->port);
        expect_text(url.path, g->path);
        expect_text(url.user, g->user);
        expect_text(url.password, g->password);
        assert_int_equal(url.db, g->db);
        expect_text(url.shown, g->shown);
        url_clear(&url);
    }
}

static void
bad_urls_are_refused_without_showing_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_urls / sizeof bad_urls[0]; i++) {
        struct broker_url url;
        struct error err = ERROR_INIT;
        assert_false(url_parse(&url, bad_urls[i].text, &err));
        assert_int_equal(err.code, ERROR_CONFIG);
        if (strstr(err.message, bad_urls[i].says) == NULL)
            fail_msg("%s: %s", bad_urls[i].text, err.message);
        assert_null(strstr(err.message, "sec"));
    }
}

static void
a_socket_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char text[256] = "unix:///";
    struct broker_url url;
    struct error err;
    memset(text + 8, 'x', 120);
    assert_false(url_parse(&url, text, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

static bool
read_password_of(const char *content, char *out, struct error *err)
{
    char file[] = "/tmp/celeriac-password-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    struct broker_url url;
    assert_true(url_parse(&url, "redis://u:old@h", err));
    bool ok = url_read_password(&url, file, err);
    snprintf(out, 64, "%.60s", url.password);
    url_clear(&url);
    unlink(file);
    return ok;
}

static void
first_line_of_a_file_is_the_password(void **state)
{
    (void)state;
    char got[64];
    struct error err = ERROR_INIT;
    assert_true(read_password_of("new one\nmore\n", got, &err));
    assert_string_equal(got, "new one");
    assert_true(read_password_of("no newline", got, &err));
    assert_string_equal(got, "no newline");
    assert_true(read_password_of("dos\r\n", got, &err));
    assert_string_equal(got, "dos");
}

static void
bad_password_files_are_refused(void **state)
{
    (void)state;
    char got[64], long_line[1100];
    struct error err = ERROR_INIT;
    assert_false(read_password_of("", got, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    assert_false(read_password_of("\nsecond", got, &err));
    memset(long_line, 'x', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    assert_false(read_password_of(long_line, got, &err));
    assert_null(strstr(err.message, "xxx"));
    struct broker_url url;
    assert_true(url_parse(&url, NULL, &err));
    assert_false(url_read_password(&url, "/nonexistent/file", &err));
    assert_int_equal(err.code, ERROR_CONFIG);
    url_clear(&url);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_urls_are_read),
        cmocka_unit_test(bad_urls_are_refused_without_showing_them),
        cmocka_unit_test(a_socket_path_that_does_not_fit_is_refused),
        cmocka_unit_test(first_line_of_a_file_is_the_password),
        cmocka_unit_test(bad_password_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
