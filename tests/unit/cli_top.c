/* The screen of `top`: what is written for a look and a size, what is selected, which keys there
 * are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>

#include "client/cli/fleet_view.h"
#include "client/cli/top_keys.h"
#include "client/cli/top_layout.h"
#include "common/json.h"

static struct top_frame frame;
static struct top_queue queues[40];
static const struct celeriac_value *workers[2];
static struct top_failure failures[30];

static int
set_up(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC0", 1);
    return 0;
}

static int
tear_down(void **state)
{
    struct top_look *look = *state;

    top_look_free(look);
    top_frame_clear(&frame);
    frame = (struct top_frame){.n_items = 0};
    return 0;
}

static const struct celeriac_value *
parse(struct celeriac_arena *arena, const char *json)
{
    return json_parse(arena, json, strlen(json), NULL);
}

/* Queues a and b (paused), a worker with two of its three slots busy, one failure. */
static struct top_look *
small_look(void **state)
{
    struct top_look *look = calloc(1, sizeof *look);

    look->arena = arena_new();
    look->now_ms = INT64_C(1764254645000);
    look->mono_ms = 2000;
    queues[0] = (struct top_queue){.q = {.name = "a",
                                         .ready = 8,
                                         .running = 2,
                                         .processed = 90,
                                         .failed = 5,
                                         .latency_ms = 12000}};
    queues[1] = (struct top_queue){
        .q = {.name = "b", .ready = 4, .dead = 1, .is_paused = true, .latency_ms = 61000}};
    workers[0] = fleet_view_worker(
        "{\"worker\":\"w1\",\"host\":\"box\",\"state\":\"quiet\",\"processes\":1,\"threads\":3,"
        "\"queues\":[\"a\",\"b\"],\"rss_bytes\":1048576,\"beat_at_ms\":1764254644000,\"running\":["
        "{\"id\":\"j1\",\"task\":\"solve\",\"queue\":\"a\",\"since_ms\":1764254640000},"
        "{\"id\":\"j2\",\"task\":\"countdown_long\",\"queue\":\"a\",\"since_ms\":1764254600000}]}",
        look->now_ms, look->arena);
    failures[0] = (struct top_failure){
        parse(look->arena, "{\"id\":\"f1\",\"task\":\"fail\",\"queue\":\"b\",\"state\":\"failure\","
                           "\"attempt\":4,\"error\":{\"type\":\"fail\",\"message\":"
                           "\"\\u001b[2J b\\u00f6se \\u65e5\\u672c\\nnext\"}}"),
        look->now_ms - 3000};
    look->queues = queues;
    look->workers = workers;
    look->failures = failures;
    look->n_queues = 2;
    look->n_workers = look->n_failures = 1;
    *state = look;
    return look;
}

/* Line `n`, from 0, without styles. */
static const char *
line(size_t n)
{
    static char text[1024];
    const char *from = frame.text.data, *end = frame.text.data + frame.text.len;
    size_t len = 0;

    for (; n > 0 && from < end; n--) {
        from = (const char *)memchr(from, '\n', (size_t)(end - from)) + 1;
    }
    for (; from < end && *from != '\n'; from++) {
        if (*from < 0 || *from >= TOP_STYLES) {
            text[len++] = *from;
        }
    }
    text[len] = '\0';
    return text;
}

static size_t
count_lines(void)
{
    size_t n = 0;

    for (size_t i = 0; i < frame.text.len; i++) {
        n += frame.text.data[i] == '\n';
    }
    return n;
}

static void
assert_fits(int columns, bool has_utf8)
{
    for (size_t i = 0; i < count_lines(); i++) {
        if (top_pen_width(line(i), has_utf8) > columns) {
            fail_msg("more than %d columns: %s", columns, line(i));
        }
    }
}

static struct top_view
view_of(int columns, int rows)
{
    return (struct top_view){
        .columns = columns, .rows = rows, .has_utf8 = true, .where = "redis://h:1/0"};
}

static void
screen_of_80x24_shows_all_sections(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);
    struct top_look before = *look;
    struct top_queue old[2] = {queues[0], queues[1]};

    old[0].q.processed = 40;
    old[0].q.failed = 4;
    before.queues = old;
    before.mono_ms = 0;
    top_look_add_up(look, &before);
    top_layout(look, &view, &frame);
    assert_int_equal(count_lines(), 24);
    assert_fits(80, true);
    assert_string_equal(
        line(0),
        "celeriac top  redis://h:1/0                                             14:44:05");
    assert_string_equal(line(1),
                        "done/s 25.0  failed/s 0.5  ready 12  running 2  delayed 0  dead 1");
    assert_string_equal(
        line(2),
        " QUEUE              READY  RUN DELAYED  DEAD LATENCY  DONE/s FAIL/s             ");
    assert_string_equal(
        line(3),
        ">a                      8    2       0     0     12s    25.0    0.5 ████████████");
    assert_string_equal(
        line(4),
        " b                      4    0       0     1     61s     0.0    0.0 paused ██▌  ");
    assert_string_equal(line(6), " w1  2/3 busy  1.0M  beat 1s  quiet  a,b");
    assert_string_equal(line(7), " [solve         5s] [countdown…   45s] [-]");
    assert_string_equal(
        line(9), " fail           b            failure   4     3s  fail: ?[2J böse 日本?next");
    assert_non_null(strstr(line(23), "? help"));
    assert_int_equal(look->slots, 3);
    assert_int_equal(look->busy, 2);
}

static void
without_utf8_all_is_ascii(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);

    view.has_utf8 = false;
    top_look_add_up(look, NULL);
    top_layout(look, &view, &frame);
    for (size_t i = 0; i < frame.text.len; i++) {
        assert_in_range(frame.text.data[i], TOP_PLAIN, 0x7e);
    }
    assert_fits(80, false);
    assert_non_null(strstr(line(1), "done/s -  failed/s -"));
    assert_non_null(strstr(line(3), "############"));
    assert_non_null(strstr(line(7), "[countdown~   45s]"));
    assert_non_null(strstr(line(9), "fail: ?[2J b?se ???next"));
}

static void
every_size_is_kept(void **state)
{
    struct top_look *look = small_look(state);

    top_look_add_up(look, NULL);
    for (int columns = 1; columns < 200; columns += 7) {
        for (int rows = 1; rows < 60; rows += 3) {
            struct top_view view = view_of(columns, rows);
            for (int mode = TOP_LIST; mode <= TOP_HELP; mode++) {
                view.mode = (enum top_mode)mode;
                view.has_utf8 = rows % 2;
                top_layout(look, &view, &frame);
                assert_fits(columns, view.has_utf8);
                assert_true(count_lines() <= (size_t)rows);
            }
        }
    }
}

static void
too_small_a_terminal_is_told(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(30, 8);

    top_layout(look, &view, &frame);
    assert_int_equal(count_lines(), 1);
    assert_string_equal(line(0), "30x8 is too small: q quits");
    assert_int_equal(frame.n_items, 0); /* so no key acts on what is not seen */
}

static void
hidden_lines_are_counted_and_the_selected_one_is_seen(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);
    static char names[40][16];

    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "q%02d", i);
        queues[i] = (struct top_queue){.q = {.name = names[i]}};
    }
    look->n_queues = 40;
    view.kind = TOP_QUEUE;
    snprintf(view.name, sizeof view.name, "q30");
    top_layout(look, &view, &frame);
    assert_int_equal(count_lines(), 24);
    assert_int_equal(frame.selected, 30);
    assert_non_null(strstr(line(2), "of 40 "));
    bool is_seen = false;
    for (size_t i = 3; i < 23; i++) {
        is_seen = is_seen || strncmp(line(i), ">q30", 4) == 0;
    }
    assert_true(is_seen);
}

static void
what_is_selected_stays_or_its_place_does(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);

    view.kind = TOP_SLOT;
    view.index = 2;
    snprintf(view.name, sizeof view.name, "j2");
    top_layout(look, &view, &frame);
    assert_int_equal(frame.n_items, 5);
    assert_string_equal(frame.items[frame.selected].name, "j2");
    snprintf(view.name, sizeof view.name, "gone");
    top_layout(look, &view, &frame);
    assert_int_equal(frame.selected, 2);
    view.index = 99;
    top_layout(look, &view, &frame);
    assert_string_equal(frame.items[frame.selected].name, "f1");
    assert_int_equal(frame.items[frame.selected].kind, TOP_FAILURE);
}

static void
filter_leaves_what_contains_it(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);

    snprintf(view.filter, sizeof view.filter, "SOLVE");
    top_layout(look, &view, &frame);
    assert_int_equal(frame.n_items, 1);
    assert_string_equal(frame.items[0].name, "j1");
    assert_string_equal(line(3), " none that matches");
    snprintf(view.filter, sizeof view.filter, "bose");
    top_layout(look, &view, &frame);
    assert_int_equal(frame.n_items, 0);
    snprintf(view.filter, sizeof view.filter, "böse");
    top_layout(look, &view, &frame);
    assert_int_equal(frame.n_items, 1);
    assert_string_equal(frame.items[0].name, "f1");
}

static void
details_scroll(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 13); /* ten lines for them */
    char text[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";

    view.mode = TOP_DETAILS;
    view.details = (struct buffer){text, sizeof text - 1, 0};
    top_layout(look, &view, &frame);
    assert_string_equal(line(2), "1");
    assert_string_equal(line(11), "10");
    view.scroll = 1;
    top_layout(look, &view, &frame);
    assert_string_equal(line(2), "2");
    assert_int_equal(frame.scroll, 1);
    view.scroll = 99;
    top_layout(look, &view, &frame);
    assert_string_equal(line(2), "3");
    assert_string_equal(line(11), "12");
    assert_int_equal(frame.scroll, 2);
    view.rows = 24;
    top_layout(look, &view, &frame);
    assert_string_equal(line(2), "1");
    assert_int_equal(count_lines(), 24);
}

static void
what_workers_publish_is_not_believed_beyond_measure(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);

    workers[0] = fleet_view_worker("{\"worker\":\"w\",\"processes\":9223372036854775807,"
                                   "\"threads\":9223372036854775807,\"running\":7}",
                                   look->now_ms, look->arena);
    workers[1] = fleet_view_worker("[]", look->now_ms, look->arena);
    look->n_workers = 2;
    top_look_add_up(look, NULL);
    assert_int_equal(look->slots, 100000);
    top_layout(look, &view, &frame);
    assert_int_equal(count_lines(), 24);
    assert_fits(80, true);
}

static void
arrows_move_by_line_and_column(void **state)
{
    struct top_look *look = small_look(state);
    struct top_view view = view_of(80, 24);

    top_layout(look, &view, &frame); /* a | b | j1 j2 | f1 */
    assert_int_equal(top_move(&frame, 0, TOP_UP), 0);
    assert_int_equal(top_move(&frame, 0, TOP_DOWN), 1);
    assert_int_equal(top_move(&frame, 1, TOP_DOWN), 2);
    assert_int_equal(top_move(&frame, 2, TOP_RIGHT), 3);
    assert_int_equal(top_move(&frame, 3, TOP_RIGHT), 3);
    assert_int_equal(top_move(&frame, 3, TOP_LEFT), 2);
    assert_int_equal(top_move(&frame, 3, TOP_DOWN), 4);
    assert_int_equal(top_move(&frame, 3, TOP_UP), 1);
    assert_int_equal(top_move(&frame, 4, TOP_UP), 2);
    assert_int_equal(top_move(&frame, 4, TOP_DOWN), 4);
    assert_int_equal(top_move(&frame, 0, TOP_PAGE_DOWN), 4);
    assert_int_equal(top_move(&frame, 4, TOP_PAGE_UP), 0);
    assert_int_equal(top_move(&frame, 0, TOP_SECTION), 2);
    assert_int_equal(top_move(&frame, 3, TOP_SECTION), 4);
    assert_int_equal(top_move(&frame, 4, TOP_SECTION), 0);
    assert_int_equal(top_move(&frame, 0, TOP_LAST), 4);
    assert_int_equal(top_move(&frame, 4, TOP_FIRST), 0);
}

static void
height_is_shared_by_need(void **state)
{
    int gets[3];

    (void)state;
    top_share((const int[]){2, 30, 1}, 3, 18, gets);
    assert_int_equal(gets[0], 2);
    assert_int_equal(gets[1], 15);
    assert_int_equal(gets[2], 1);
    top_share((const int[]){30, 30, 30}, 3, 18, gets);
    assert_int_equal(gets[0], 6);
    assert_int_equal(gets[2], 6);
    top_share((const int[]){1, 1, 1}, 3, 18, gets);
    assert_int_equal(gets[0] + gets[1] + gets[2], 3);
    top_share((const int[]){5, 5, 5}, 3, 0, gets);
    assert_int_equal(gets[0] + gets[1] + gets[2], 0);
}

static void
keys_are_told_from_their_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t used;
        int key;
    } cases[] = {{"q", 1, 'q'},
                 {"\033[A", 3, TOP_KEY_UP},
                 {"\033OB", 3, TOP_KEY_DOWN},
                 {"\033[Cq", 3, TOP_KEY_RIGHT},
                 {"\033[1;5D", 6, TOP_KEY_LEFT},
                 {"\033[5~", 4, TOP_KEY_PAGE_UP},
                 {"\033[6~", 4, TOP_KEY_PAGE_DOWN},
                 {"\033[H", 3, TOP_KEY_HOME},
                 {"\033[4~", 4, TOP_KEY_END},
                 {"\033[99~", 5, TOP_KEY_UNKNOWN},
                 {"\033[<0;1;1M", 9, TOP_KEY_UNKNOWN},
                 {"\033x", 1, TOP_KEY_ESCAPE},
                 {"\xc3\xb6", 1, 0xc3}};
    int key = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t used = top_key(cases[i].bytes, strlen(cases[i].bytes), false, &key);
        if (used != cases[i].used || key != cases[i].key) {
            fail_msg("case %zu: %zu bytes, key %d", i, used, key);
        }
    }
    assert_int_equal(top_key("", 0, true, &key), 0);
    assert_int_equal(top_key("\033", 1, false, &key), 0);
    assert_int_equal(top_key("\033[", 2, false, &key), 0);
    assert_int_equal(top_key("\033[1;", 4, false, &key), 0);
    assert_int_equal(top_key("\033", 1, true, &key), 1);
    assert_int_equal(key, TOP_KEY_ESCAPE);
    assert_int_equal(top_key("\033[1;", 4, true, &key), 4);
    assert_int_equal(key, TOP_KEY_UNKNOWN);
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(screen_of_80x24_shows_all_sections),
        TEST(without_utf8_all_is_ascii),
        TEST(every_size_is_kept),
        TEST(too_small_a_terminal_is_told),
        TEST(hidden_lines_are_counted_and_the_selected_one_is_seen),
        TEST(what_is_selected_stays_or_its_place_does),
        TEST(filter_leaves_what_contains_it),
        TEST(details_scroll),
        TEST(what_workers_publish_is_not_believed_beyond_measure),
        TEST(arrows_move_by_line_and_column),
        cmocka_unit_test(height_is_shared_by_need),
        cmocka_unit_test(keys_are_told_from_their_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
