/* Options: the command line, the environment, configuration files, and which of them wins. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/options.h"

struct global {
    const char *broker;
    bool json;
};
struct verb {
    int64_t retries, timeout_ms, memory, low;
    const char *queue, *unique;
    int color;
    struct option_list tags;
    bool raw, all;
};

static const struct option global_rows[] = {
    {.name = "broker",
     .letter = 'b',
     .type = OPTION_TEXT,
     .is_setting = true,
     .fallback = "redis://here",
     .unit = "URL",
     .help = "where Redis is",
     .offset = offsetof(struct global, broker)},
    {.name = "json",
     .type = OPTION_FLAG,
     .help = "print JSON",
     .offset = offsetof(struct global, json)},
};
static const struct option verb_rows[] = {
    {.name = "retries",
     .letter = 'n',
     .type = OPTION_INTEGER,
     .is_setting = true,
     .fallback = "3",
     .min = 0,
     .max = 100,
     .help = "attempts after the first",
     .offset = offsetof(struct verb, retries)},
    {.name = "timeout",
     .type = OPTION_DURATION,
     .is_setting = true,
     .min = 1,
     .max = 86400000,
     .unit = "DUR",
     .help = "soft limit",
     .offset = offsetof(struct verb, timeout_ms)},
    {.name = "max-memory",
     .type = OPTION_SIZE,
     .is_setting = true,
     .fallback = "64M",
     .unit = "SIZE",
     .help = "memory of a process",
     .offset = offsetof(struct verb, memory)},
    {.name = "low",
     .letter = 'l',
     .type = OPTION_INTEGER,
     .min = -10,
     .max = 10,
     .help = "lower bound",
     .offset = offsetof(struct verb, low)},
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_TEXT,
     .is_setting = true,
     .fallback = "default",
     .unit = "NAME",
     .help = "queue of the job, with a help text that is long enough to need a second line on the "
             "screen",
     .offset = offsetof(struct verb, queue)},
    {.name = "unique",
     .letter = 'u',
     .type = OPTION_TEXT,
     .value_is_optional = true,
     .unit = "KEY",
     .help = "only once",
     .offset = offsetof(struct verb, unique)},
    {.name = "color",
     .type = OPTION_CHOICE,
     .is_setting = true,
     .fallback = "auto",
     .choices = "auto|always|never",
     .help = "colours",
     .offset = offsetof(struct verb, color)},
    {.name = "tag",
     .letter = 't',
     .type = OPTION_LIST,
     .is_setting = true,
     .unit = "K=V",
     .help = "a tag",
     .offset = offsetof(struct verb, tags)},
    {.name = "raw",
     .letter = 'r',
     .type = OPTION_FLAG,
     .is_setting = true,
     .help = "no quotes",
     .offset = offsetof(struct verb, raw)},
    {.name = "all",
     .letter = 'a',
     .type = OPTION_FLAG,
     .help = "everything",
     .offset = offsetof(struct verb, all)},
};
enum { N_GLOBAL = 2, N_VERB = 10 };

static struct global global;
static struct verb verb;
static const struct option_set sets[] = {{global_rows, N_GLOBAL, &global},
                                         {verb_rows, N_VERB, &verb}};
static struct option_operands operands;
static struct option_origin origins[N_GLOBAL + N_VERB];
static struct error err;
static char directory[64], first_directory[4096];

static int
setup(void **state)
{
    static const char *const names[] = {"BROKER", "RETRIES", "TIMEOUT", "MAX_MEMORY", "QUEUE",
                                        "COLOR",  "TAG",     "RAW",     "ALL"};
    char name[64];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "CELERIAC_%s", names[i]);
        unsetenv(name);
    }
    strcpy(directory, "/tmp/celeriac-options-XXXXXX");
    if (getcwd(first_directory, sizeof first_directory) == NULL || mkdtemp(directory) == NULL ||
        chdir(directory) != 0)
        return -1;
    setenv("XDG_CONFIG_HOME", directory, 1);
    options_known_settings(NULL, 0);
    err = ERROR_INIT;
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    chmod("celeriac.conf", 0600);
    remove("celeriac.conf");
    remove("celeriac/celeriac.conf");
    remove("celeriac");
    return chdir(first_directory) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* Reads a command line whose words are separated by single spaces. */
static bool
read_line(const char *line)
{
    static char copies[4][512];
    static int next;
    static char *argv[64];
    int argc = 0;
    char *copy = copies[next++ % 4], *word;

    snprintf(copy, 512, "%s", line);
    while ((word = strsep(&copy, " ")) != NULL)
        argv[argc++] = word;
    argv[argc] = NULL;
    err = ERROR_INIT;
    return options_read(sets, 2, argc, argv, &operands, origins, &err);
}

static void
assert_reads(const char *line)
{
    if (!read_line(line))
        fail_msg("%s: %s", line, err.message);
}

static void
assert_refuses(const char *line, enum error_code code, const char *message)
{
    assert_false(read_line(line));
    assert_int_equal(err.code, code);
    if (strstr(err.message, message) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, message);
}

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void
assert_operands(const char *expected)
{
    char joined[256] = "";

    for (size_t i = 0; i < operands.count; i++) {
        strcat(joined, i > 0 ? "|" : "");
        strcat(joined, operands.items[i]);
    }
    assert_string_equal(joined, expected);
}

static void
defaults_hold_without_anything_else(void **state)
{
    (void)state;
    memset(&verb, 0x5a, sizeof verb);
    assert_reads("celeriac");
    assert_string_equal(global.broker, "redis://here");
    assert_false(global.json);
    assert_int_equal(verb.retries, 3);
    assert_int_equal(verb.timeout_ms, 0);
    assert_int_equal(verb.memory, 64 << 20);
    assert_null(verb.unique);
    assert_int_equal(verb.color, 0);
    assert_int_equal(verb.tags.count, 0);
    assert_false(verb.raw);
    assert_string_equal(origins[0].origin, "default");
    assert_int_equal(operands.count, 0);
}

static void
options_are_read_in_all_their_forms(void **state)
{
    (void)state;
    assert_reads(
        "celeriac --queue=a run -n 7 --timeout 5m x --color=never -tk=v --tag m=n -t o=p --json y");
    assert_string_equal(verb.queue, "a");
    assert_int_equal(verb.retries, 7);
    assert_int_equal(verb.timeout_ms, 300000);
    assert_int_equal(verb.color, 2);
    assert_int_equal(verb.tags.count, 3);
    assert_string_equal(verb.tags.items[0], "k=v");
    assert_string_equal(verb.tags.items[1], "m=n");
    assert_string_equal(verb.tags.items[2], "o=p");
    assert_true(global.json);
    assert_operands("run|x|y");
    assert_reads("celeriac -raqhigh");
    assert_true(verb.raw && verb.all);
    assert_string_equal(verb.queue, "high");
    assert_reads("celeriac -ra -n5 --raw=false --queue= -");
    assert_true(!verb.raw && verb.all);
    assert_int_equal(verb.retries, 5);
    assert_string_equal(verb.queue, "");
    assert_operands("-");
}

static void
optional_values_are_only_taken_when_attached(void **state)
{
    (void)state;
    assert_reads("celeriac --unique key");
    assert_string_equal(verb.unique, "");
    assert_operands("key");
    assert_reads("celeriac --unique=key x");
    assert_string_equal(verb.unique, "key");
    assert_reads("celeriac -u x");
    assert_string_equal(verb.unique, "");
    assert_operands("x");
}

static void
negative_numbers_are_operands_and_values(void **state)
{
    (void)state;
    assert_reads("celeriac run random -5 -.5 5 --low -7");
    assert_operands("run|random|-5|-.5|5");
    assert_int_equal(verb.low, -7);
    assert_reads("celeriac -l -7 -l-8");
    assert_int_equal(verb.low, -8);
    assert_reads("celeriac -- -q --raw -5 --");
    assert_operands("-q|--raw|-5|--");
    assert_reads("celeriac a -- b");
    assert_operands("a|b");
    assert_reads("celeriac -q -");
    assert_string_equal(verb.queue, "-");
}

static void
bad_command_lines_are_named(void **state)
{
    (void)state;
    assert_refuses("celeriac --nonsense", ERROR_USAGE, "unknown option --nonsense");
    assert_null(strstr(err.message, "did you mean"));
    assert_refuses("celeriac --retires=3", ERROR_USAGE, "did you mean --retries?");
    assert_refuses("celeriac -rz", ERROR_USAGE, "unknown option -z in -rz");
    assert_refuses("celeriac -z", ERROR_USAGE, "unknown option -z");
    assert_refuses("celeriac -n x", ERROR_USAGE, "-n x: expected an integer from 0 to 100");
    assert_refuses("celeriac --retries=101", ERROR_USAGE,
                   "--retries 101: expected an integer from 0 to 100");
    assert_refuses("celeriac --retries=", ERROR_USAGE, "--retries");
    assert_refuses("celeriac --retries=9999999999999999999999", ERROR_USAGE, "--retries");
    assert_refuses("celeriac --timeout 0", ERROR_USAGE,
                   "a duration such as 250ms, 10s, 5m, 2h or 1d from 1ms to 1d");
    assert_refuses("celeriac --max-memory=x", ERROR_USAGE, "--max-memory x: expected a size");
    assert_refuses("celeriac --color=blue", ERROR_USAGE,
                   "--color blue: expected one of auto|always|never");
    assert_refuses("celeriac --color=auto|always", ERROR_USAGE, "--color");
    assert_refuses("celeriac --color=", ERROR_USAGE, "--color");
    assert_refuses("celeriac --raw=perhaps", ERROR_USAGE, "true or false");
    assert_refuses("celeriac --queue", ERROR_USAGE, "--queue needs a value (NAME)");
    assert_refuses("celeriac -q", ERROR_USAGE, "-q needs a value");
    assert_refuses("celeriac --queue --raw", ERROR_USAGE,
                   "--queue needs a value; if it is --raw, write --queue=--raw");
    assert_refuses("celeriac --no-raw", ERROR_USAGE, "unknown option --no-raw");
    assert_refuses("celeriac --que=x", ERROR_USAGE, "unknown option --que");
    assert_reads("celeriac --queue=--raw");
    assert_string_equal(verb.queue, "--raw");
}

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

struct quantity {
    const char *text;
    int64_t value;
};

typedef bool quantity_parse_fn(const char *text, int64_t *out);

static void
assert_quantities(quantity_parse_fn *parse, const struct quantity *good, const char *const *bad)
{
    int64_t n;

    for (; good->text != NULL; good++) {
        assert_true(parse(good->text, &n));
        assert_int_equal(n, good->value);
    }
    for (n = 77; *bad != NULL; bad++) {
        assert_false(parse(*bad, &n));
        assert_int_equal(n, 77);
    }
}

static void
durations_have_units(void **state)
{
    static const struct quantity good[] = {{"250ms", 250},
                                           {"10s", 10000},
                                           {"5m", 300000},
                                           {"2h", 7200000},
                                           {"1d", 86400000},
                                           {"0", 0},
                                           {"7", 7000},
                                           {"0.5", 500},
                                           {"1.5h", 5400000},
                                           {"0.0015s", 1},
                                           {"1.5ms", 1},
                                           {"0.1d", 8640000},
                                           {"9223372036854775807ms", INT64_MAX},
                                           {NULL, 0}};
    static const char *const bad[] = {"",
                                      "s",
                                      "-1",
                                      "1x",
                                      "1 s",
                                      "1h30m",
                                      ".5",
                                      "1.",
                                      "1.s",
                                      "1e3",
                                      "+1",
                                      " 1",
                                      "9223372036854775808ms",
                                      "9223372036854775807",
                                      "99999999999999999999d",
                                      NULL};

    (void)state;
    assert_quantities(option_parse_duration, good, bad);
}

static void
sizes_have_units(void **state)
{
    static const struct quantity good[] = {{"0", 0},
                                           {"123", 123},
                                           {"64K", 65536},
                                           {"64k", 65536},
                                           {"200M", 209715200},
                                           {"1G", 1 << 30},
                                           {"1.5G", 1610612736},
                                           {"2T", INT64_C(2) << 40},
                                           {NULL, 0}};
    static const char *const bad[] = {"", "K", "-1", "1X", "1KB", "9223372036854775807K", NULL};

    (void)state;
    assert_quantities(option_parse_size, good, bad);
}

static int
first_operand(const char *line)
{
    static char copy[256];
    static char *argv[32];
    int argc = 0;
    char *rest = copy, *word;

    snprintf(copy, sizeof copy, "%s", line);
    while ((word = strsep(&rest, " ")) != NULL)
        argv[argc++] = word;
    return options_first_operand(sets, 2, argc, argv);
}

static void
the_verb_is_found_behind_global_options(void **state)
{
    (void)state;
    assert_int_equal(first_operand("celeriac run"), 1);
    assert_int_equal(first_operand("celeriac"), 1);
    assert_int_equal(first_operand("celeriac -b url run -x"), 3);
    assert_int_equal(first_operand("celeriac -burl run"), 2);
    assert_int_equal(first_operand("celeriac --broker=url --json run"), 3);
    assert_int_equal(first_operand("celeriac --broker url --json run"), 4);
    assert_int_equal(first_operand("celeriac -ra run"), 2);
    assert_int_equal(first_operand("celeriac -raq name run"), 3);
    assert_int_equal(first_operand("celeriac -raqname run"), 2);
    assert_int_equal(first_operand("celeriac --unique run"), 2);
    assert_int_equal(first_operand("celeriac -- run"), 2);
    assert_int_equal(first_operand("celeriac --unknown run"), 3);
    assert_int_equal(first_operand("celeriac --broker"), 2);
}

static void
help_shows_each_row_with_its_default(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    options_print_help(&sets[1], out);
    fclose(out);
    assert_non_null(
        strstr(text, "  -n, --retries VALUE       attempts after the first (default: 3)\n"));
    assert_non_null(strstr(text, "      --timeout DUR         soft limit\n"));
    assert_non_null(strstr(text, "  -u, --unique[=KEY]        only once\n"));
    assert_non_null(strstr(
        text,
        "      --color auto|always|never\n                            colours (default: auto)\n"));
    assert_non_null(strstr(text, "  -r, --raw                 no quotes\n"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 1, 80);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_hold_without_anything_else, setup, teardown),
        cmocka_unit_test_setup_teardown(options_are_read_in_all_their_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(optional_values_are_only_taken_when_attached, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(negative_numbers_are_operands_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_command_lines_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(later_sources_win, setup, teardown),
        cmocka_unit_test_setup_teardown(files_have_comments_and_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_in_files_are_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_files_are_named_with_their_line, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_read_are_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(files_may_name_settings_of_other_verbs, setup, teardown),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(the_verb_is_found_behind_global_options),
        cmocka_unit_test(help_shows_each_row_with_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
