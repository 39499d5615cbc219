/* Options from files and the environment, and which source wins. */
#include "options_fixture.h"

static void
later_sources_win(void **state)
{
    (void)state;
    mkdir("celeriac", 0700);
    write_file(
        "celeriac/celeriac.conf",
        "queue = user\nretries = 10\ntag = user-1\ntag = user-2\nbroker = user\ncolor=never\n");
    assert_reads("celeriac");
    assert_string_equal(verb.queue, "user");
    assert_int_equal(verb.tags.count, 2);
    write_file("celeriac.conf", "queue = here\nretries = 11\ntag = here\n");
    assert_reads("celeriac");
    assert_string_equal(verb.queue, "here");
    assert_int_equal(verb.tags.count, 1);
    assert_string_equal(verb.tags.items[0], "here");
    assert_string_equal(origins[2].origin, "file ./celeriac.conf:2");
    assert_string_equal(origins[2].value, "11");
    setenv("CELERIAC_RETRIES", "12", 1);
    setenv("CELERIAC_TAG", "env-1 env-2  env-3", 1);
    setenv("CELERIAC_RAW", "yes", 1);
    setenv("CELERIAC_ALL", "no setting, so not read", 1);
    setenv("CELERIAC_QUEUE", "", 1);
    assert_reads("celeriac -t mine");
    assert_string_equal(verb.queue, "here");
    assert_int_equal(verb.retries, 12);
    assert_string_equal(origins[2].origin, "environment CELERIAC_RETRIES");
    assert_true(verb.raw);
    assert_int_equal(verb.tags.count, 1);
    assert_string_equal(verb.tags.items[0], "mine");
    assert_reads("celeriac --retries=13 -n 14 -q low");
    assert_int_equal(verb.retries, 14);
    assert_string_equal(verb.queue, "low");
    assert_int_equal(verb.tags.count, 3);
    assert_string_equal(verb.tags.items[2], "env-3");
    assert_string_equal(origins[2].origin, "option");
    assert_string_equal(global.broker, "user");
    assert_int_equal(verb.color, 2);
    setenv("CELERIAC_RETRIES", "many", 1);
    assert_refuses("celeriac", ERROR_CONFIG,
                   "CELERIAC_RETRIES=many: expected an integer from 0 to 100");
}

static void
files_have_comments_and_quotes(void **state)
{
    (void)state;
    write_file("celeriac.conf",
               "# comment\n\n  queue=  plain # comment\r\n\tbroker = redis://:pa#ss@host  \n"
               "tag = \"quoted # value \" # comment\ntag = 'single \"'\ntag =\ntag = a = b");
    assert_reads("celeriac");
    assert_string_equal(verb.queue, "plain");
    assert_string_equal(global.broker, "redis://:pa#ss@host");
    assert_int_equal(verb.tags.count, 4);
    assert_string_equal(verb.tags.items[0], "quoted # value ");
    assert_string_equal(verb.tags.items[1], "single \"");
    assert_string_equal(verb.tags.items[2], "");
    assert_string_equal(verb.tags.items[3], "a = b");
}

static void
long_lines_in_files_are_read_whole(void **state)
{
    char text[5000] = "broker = ";

    (void)state;
    memset(text + 9, 'u', sizeof text - 10);
    write_file("celeriac.conf", text);
    assert_reads("celeriac");
    assert_int_equal(strlen(global.broker), sizeof text - 10);
}

static void
bad_files_are_named_with_their_line(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"\nnonsense = 1\n", "./celeriac.conf:2: unknown setting nonsense"},
        {"quue = a\n", "./celeriac.conf:1: unknown setting quue (did you mean queue?)"},
        {"retries = many\n",
         "./celeriac.conf:1: retries = many: expected an integer from 0 to 100"},
        {"json = true\n",
         "./celeriac.conf:1: json is an option of the command line, not a setting"},
        {"retries 3\n", "./celeriac.conf:1: expected NAME = VALUE"},
        {"[section]\n", "./celeriac.conf:1: expected NAME = VALUE"},
        {"queue = \"open\n", "./celeriac.conf:1: queue: the quoted value"},
        {"queue = \"a\" b\n", "./celeriac.conf:1: queue: the quoted value"},
        {"= x\n", "./celeriac.conf:1: unknown setting"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file("celeriac.conf", cases[i].text);
        assert_refuses("celeriac", ERROR_CONFIG, cases[i].message);
    }
}

static void
files_that_cannot_be_read_are_an_error(void **state)
{
    (void)state;
    assert_int_equal(mkdir("celeriac.conf", 0700), 0);
    assert_refuses("celeriac", ERROR_CONFIG, "./celeriac.conf");
    remove("celeriac.conf");
    assert_reads("celeriac");
}

static void
files_may_name_settings_of_other_verbs(void **state)
{
    static const struct option other_rows[] = {
        {.name = "lease", .type = OPTION_DURATION, .is_setting = true},
        {.name = "force", .type = OPTION_FLAG}};
    static const struct option_set known[] = {{other_rows, 2, NULL}};

    (void)state;
    write_file("celeriac.conf", "lease = 10s\n");
    assert_refuses("celeriac", ERROR_CONFIG, "unknown setting lease");
    options_known_settings(known, 1);
    assert_reads("celeriac");
    write_file("celeriac.conf", "lease = long\n");
    assert_refuses("celeriac", ERROR_CONFIG,
                   "./celeriac.conf:1: lease = long: expected a duration");
    write_file("celeriac.conf", "force = yes\n");
    assert_refuses("celeriac", ERROR_CONFIG, "unknown setting force");
}

static void
a_library_skips_settings_that_it_does_not_know(void **state)
{
    (void)state;
    write_file("celeriac.conf", "lease = 10s\nretries = 7\nquue = a\njson = true\n");
    setenv("CELERIAC_QUEUE", "high", 1);
    assert_true(options_read_settings(sets, 2, origins, &err));
    assert_int_equal(verb.retries, 7);
    assert_string_equal(verb.queue, "high");
    assert_false(global.json);
    assert_string_equal(origins[2].origin, "file ./celeriac.conf:2");
    write_file("celeriac.conf", "retries = many\n");
    assert_false(options_read_settings(sets, 2, NULL, &err));
    assert_int_equal(err.code, ERROR_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(later_sources_win, setup, teardown),
        cmocka_unit_test_setup_teardown(files_have_comments_and_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_in_files_are_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_files_are_named_with_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read_are_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(files_may_name_settings_of_other_verbs, setup, teardown),
        cmocka_unit_test_setup_teardown(a_library_skips_settings_that_it_does_not_know, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
