/* Options on the command line: forms, defaults, errors, help. */
#include "options_fixture.h"

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
    assert_reads("celeriac run integrate f -inf inf");
    assert_operands("run|integrate|f|-inf|inf");
    assert_refuses("celeriac -info", ERROR_USAGE, "unknown option -i in -info");
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
    assert_refuses("celeriac -n x", ERROR_USAGE,
                   "-n x (--retries): expected an integer from 0 to 100");
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
    assert_refuses("celeriac -q", ERROR_USAGE, "-q (--queue) needs a value (NAME)");
    assert_refuses("celeriac --queue --raw", ERROR_USAGE,
                   "--queue needs a value; if it is --raw, write --queue=--raw");
    assert_refuses("celeriac --no-raw", ERROR_USAGE, "unknown option --no-raw");
    assert_refuses("celeriac --que=x", ERROR_USAGE, "unknown option --que");
    assert_reads("celeriac --queue=--raw");
    assert_string_equal(verb.queue, "--raw");
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
        cmocka_unit_test(the_verb_is_found_behind_global_options),
        cmocka_unit_test(help_shows_each_row_with_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
