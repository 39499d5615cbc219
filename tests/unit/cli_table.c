/* Tables, ages and the progress bar: layout as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cli/output.h"
#include "client/cli/progress.h"
#include "client/cli/table.h"

static const struct table_column columns[] = {
    {"NAME", false, true}, {"N", true, false}, {"HELP", false, true}};

static struct table *
two_rows(void)
{
    struct table *t = table_new(columns, 3);

    table_cell(t, "%s", "default");
    table_cell(t, "%d", 7);
    table_cell(t, "%s", "what there is");
    table_color(t, "\033[31m");
    table_cell(t, "%s", "b\xc3\xbc"); /* two characters, three bytes */
    table_cell(t, "%d", 12345);
    table_cell(t, "%s", "");
    return t;
}

static void
assert_prints(const struct table *t, int width, bool has_colors, const char *expected)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    table_print(t, width, has_colors, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void
columns_are_aligned_by_characters(void **state)
{
    struct table *t = two_rows();

    (void)state;
    assert_prints(t, 0, false,
                  "NAME         N  HELP\n"
                  "default      7  what there is\n"
                  "b\xc3\xbc       12345  \n");
    table_free(t);
}

static void
narrow_terminal_cuts_what_may_shrink_from_the_right(void **state)
{
    struct table *t = two_rows();

    (void)state;
    assert_prints(t, 24, false,
                  "NAME         N  HELP\n"
                  "default      7  what the\n"
                  "b\xc3\xbc       12345  \n");
    assert_prints(t, 5, false,
                  "NAME      N  HELP\n"
                  "defa      7  what\n"
                  "b\xc3\xbc    12345  \n");
    table_free(t);
}

static void
colours_do_not_change_the_layout(void **state)
{
    struct table *t = two_rows();

    (void)state;
    assert_prints(t, 0, true,
                  "\033[1mNAME\033[0m         \033[1mN\033[0m  \033[1mHELP\033[0m\n"
                  "default      7  what there is\n"
                  "\033[31mb\xc3\xbc\033[0m       12345  \n");
    table_free(t);
}

static void
table_without_rows_has_its_heading(void **state)
{
    struct table *t = table_new(columns, 3);

    (void)state;
    assert_prints(t, 80, false, "NAME  N  HELP\n");
    table_free(t);
}

static void
ages_are_short(void **state)
{
    char out[16];

    (void)state;
    assert_string_equal(output_age(0, out), "0ms");
    assert_string_equal(output_age(999, out), "999ms");
    assert_string_equal(output_age(3000, out), "3s");
    assert_string_equal(output_age(180000, out), "3m");
    assert_string_equal(output_age(5 * 3600000, out), "5h");
    assert_string_equal(output_age(INT64_C(3) * 86400000, out), "3d");
    assert_string_equal(output_age(-5, out), "0s");
    assert_string_equal(output_age(INT64_MAX, out), "99999d");
}

static void
progress_shows_share_count_rate_and_time_left(void **state)
{
    struct progress_state s = {.done = 50, .total = 200, .failed = 2, .share = 0.25};
    char line[256];

    (void)state;
    progress_print(&s, 10000, 79, line, sizeof line);
    assert_string_equal(
        line, " 25% [#########...........................] 50/200  5.0/s  30s left, 2 failed");
    s = (struct progress_state){.done = 123456, .share = -1};
    progress_print(&s, 1000, 79, line, sizeof line);
    assert_string_equal(line, "123456  123456/s");
    progress_print(&s, 1000, 10, line, sizeof line);
    assert_string_equal(line, "123456  12");
    s = (struct progress_state){.share = 0};
    progress_print(&s, 0, 79, line, sizeof line);
    assert_non_null(strstr(line, "0  0.0/s"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_by_characters),
        cmocka_unit_test(narrow_terminal_cuts_what_may_shrink_from_the_right),
        cmocka_unit_test(colours_do_not_change_the_layout),
        cmocka_unit_test(table_without_rows_has_its_heading),
        cmocka_unit_test(ages_are_short),
        cmocka_unit_test(progress_shows_share_count_rate_and_time_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
