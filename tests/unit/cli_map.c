/* The pure parts of map: the size of chunks, when to halt, the window, lines of input. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/cli/map_chunk.h"
#include "client/cli/map_halt.h"
#include "client/cli/map_input.h"
#include "client/cli/map_window.h"

/* ---- chunks ---- */

static void
chunk_option_is_a_number_or_auto(void **state)
{
    struct map_chunk c;
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(map_chunk_init(&c, "1", &err));
    assert_int_equal(c.size, 0); /* alone */
    assert_true(map_chunk_init(&c, "50", &err));
    assert_int_equal(c.size, 50);
    map_chunk_observe(&c, 50, 1);
    assert_int_equal(c.size, 50);
    assert_true(map_chunk_init(&c, "auto", &err));
    assert_int_equal(c.size, 1);
    assert_false(map_chunk_init(&c, "0", &err));
    assert_false(map_chunk_init(&c, "1001", &err));
    assert_false(map_chunk_init(&c, "x", &err));
    assert_false(map_chunk_init(&c, "", &err));
    assert_int_equal(err.code, ERROR_USAGE);
}

static uint32_t
settled_size(double line_us)
{
    struct map_chunk c;

    map_chunk_init(&c, "auto", NULL);
    for (int i = 0; i < 50; i++)
        map_chunk_observe(&c, c.size, (int64_t)(line_us * c.size));
    return c.size;
}

static void
auto_chunks_settle_at_some_milliseconds(void **state)
{
    (void)state;
    assert_in_range(settled_size(100), 100, 200); /* 10 to 20 ms */
    assert_in_range(settled_size(1000), 10, 20);
    assert_int_equal(settled_size(50000), 1); /* long lines stay alone */
    assert_int_equal(settled_size(0.1), MAP_CHUNK_MAX);
    assert_int_equal(settled_size(0), MAP_CHUNK_MAX);
}

static void
auto_chunks_at_most_double_and_shrink_at_once(void **state)
{
    struct map_chunk c;
    uint32_t before;

    (void)state;
    map_chunk_init(&c, "auto", NULL);
    for (int i = 0; i < 20; i++) {
        before = c.size;
        map_chunk_observe(&c, before, before);
        assert_true(c.size <= 2 * before);
    }
    before = c.size;
    map_chunk_observe(&c, before, (int64_t)before * 100000); /* suddenly 100 ms a line */
    assert_true(c.size < before / 10);
}

/* ---- halt ---- */

static void
halt_counts_failures_or_their_share(void **state)
{
    struct map_halt h;
    struct error err = ERROR_INIT;

    (void)state;
    assert_true(map_halt_init(&h, NULL, &err));
    assert_false(map_halt_is_due(&h, 100, 100));
    assert_true(map_halt_init(&h, "3", &err));
    assert_false(map_halt_is_due(&h, 100, 2));
    assert_true(map_halt_is_due(&h, 3, 3));
    assert_true(map_halt_init(&h, "20%", &err));
    assert_false(map_halt_is_due(&h, 1, 1)); /* too few to tell */
    assert_false(map_halt_is_due(&h, 100, 19));
    assert_true(map_halt_is_due(&h, 100, 20));
    assert_false(map_halt_init(&h, "0", &err));
    assert_false(map_halt_init(&h, "101%", &err));
    assert_false(map_halt_init(&h, "%", &err));
    assert_false(map_halt_init(&h, "3x", &err));
}

/* ---- window ---- */

static struct map_place *
take(struct map_window *w, uint64_t line)
{
    struct id id;
    struct map_place *p;

    id_new(&id);
    p = map_window_take(w, &id, "q");
    if (p)
        p->line = line;
    return p;
}

static void
arrive(struct map_place *p, const char *bytes)
{
    p->watch.on_news(&p->watch, WATCH_OUTCOME, bytes, strlen(bytes));
}

static void
ordered_window_gives_lines_in_input_order(void **state)
{
    struct map_window w;
    struct map_place *p[3];

    (void)state;
    map_window_init(&w, 3, false, true);
    for (uint64_t i = 0; i < 3; i++)
        p[i] = take(&w, i);
    assert_null(take(&w, 9)); /* full */
    assert_int_equal(w.n_open, 3);
    arrive(p[2], "two");
    arrive(p[1], "one");
    assert_null(map_window_next(&w));
    assert_int_equal(w.waiting_bytes, 6);
    arrive(p[0], "zero");
    for (uint64_t i = 0; i < 3; i++) {
        struct map_place *next = map_window_next(&w);
        assert_int_equal(next->line, i);
        map_window_release(next);
    }
    assert_null(map_window_next(&w));
    assert_int_equal(w.waiting_bytes, 0);
    assert_int_equal(w.n_free, 3);
    map_window_clear(&w);
}

static void
unordered_window_gives_lines_as_they_come(void **state)
{
    struct map_window w;
    struct map_place *p[3];

    (void)state;
    map_window_init(&w, 3, true, true);
    for (uint64_t i = 0; i < 3; i++)
        p[i] = take(&w, i);
    map_window_refuse(p[1], "no");
    arrive(p[2], "two");
    assert_ptr_equal(map_window_next(&w), p[1]);
    assert_string_equal(p[1]->bytes, "no");
    map_window_release(p[1]);
    assert_ptr_equal(map_window_next(&w), p[2]);
    map_window_release(p[2]);
    assert_non_null(take(&w, 3));
    assert_null(map_window_next(&w));
    arrive(p[0], "zero");
    assert_ptr_equal(map_window_next(&w), p[0]);
    map_window_clear(&w);
}

static void
waiting_bytes_are_bounded(void **state)
{
    struct map_window w;
    char *big = malloc((1 << 20) + 1);

    (void)state;
    memset(big, 'x', 1 << 20);
    big[1 << 20] = '\0';
    map_window_init(&w, 100, false, true);
    take(&w, 0); /* the oldest does not come */
    for (uint64_t i = 1; i < 8; i++)
        arrive(take(&w, i), big);
    assert_true(w.waiting_bytes <= MAP_WAITING_BYTES_MAX);
    assert_false(map_window_wants_more(&w));
    assert_int_equal(w.turn[7]->state, PLACE_ANNOUNCED); /* left with the broker */
    map_window_clear(&w);

    map_window_init(&w, 100, false, false);
    for (uint64_t i = 0; i < 8; i++)
        arrive(take(&w, i), big);
    assert_int_equal(w.turn[7]->state, PLACE_DONE); /* nowhere else to be found later */
    map_window_clear(&w);
    free(big);
}

static void
window_asks_for_more_only_when_it_is_worth_it(void **state)
{
    struct map_window w;

    (void)state;
    map_window_init(&w, 1000, false, true);
    assert_true(map_window_wants_more(&w));
    for (uint64_t i = 0; i < 900; i++)
        take(&w, i);
    assert_false(map_window_wants_more(&w));
    map_window_clear(&w);
    map_window_init(&w, 2, false, true);
    take(&w, 0);
    assert_true(map_window_wants_more(&w));
    map_window_clear(&w);
}

/* ---- input ---- */

static void
assert_line(struct map_input *in, const char *text, uint64_t number)
{
    struct map_line line;

    assert_int_equal(map_input_next(in, false, &line, NULL), MAP_INPUT_LINE);
    assert_int_equal(line.len, strlen(text));
    assert_memory_equal(line.text, text, line.len);
    assert_int_equal(line.number, number);
}

static void
say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void
lines_of_a_pipe_come_as_they_are_written(void **state)
{
    struct map_input in;
    struct map_line line;
    int fds[2];
    char path[64];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", fds[0]);
    assert_true(map_input_open(&in, path, NULL));
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_NOTHING);
    say(fds[1], "one\n\ntw");
    assert_line(&in, "one", 1);
    assert_line(&in, "", 2);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_NOTHING);
    say(fds[1], "o\nlast");
    assert_line(&in, "two", 3);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_NOTHING);
    close(fds[1]);
    assert_line(&in, "last", 4);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_END);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_END);
    map_input_close(&in);
    close(fds[0]);
}

static void
line_that_is_too_long_is_given_once_and_skipped(void **state)
{
    char path[] = "/tmp/celeriac-cli-map-XXXXXX";
    int fd = mkstemp(path);
    char *block = malloc(1 << 20);
    struct map_input in;
    struct map_line line;

    (void)state;
    assert_true(fd >= 0);
    memset(block, 'x', 1 << 20);
    say(fd, "first\n");
    for (int i = 0; i < 10; i++)
        assert_int_equal(write(fd, block, 1 << 20), 1 << 20);
    say(fd, "\nafter\n");
    assert_true(map_input_open(&in, path, NULL));
    assert_line(&in, "first", 1);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_LINE);
    assert_true(line.is_too_long);
    assert_int_equal(line.number, 2);
    assert_line(&in, "after", 3);
    assert_int_equal(map_input_next(&in, false, &line, NULL), MAP_INPUT_END);
    assert_int_equal(in.bytes_out, in.size);
    map_input_close(&in);
    unlink(path);
    close(fd);
    free(block);
}

static void
input_that_is_no_file_is_refused(void **state)
{
    struct map_input in;
    struct error err = ERROR_INIT;

    (void)state;
    assert_false(map_input_open(&in, "/nonexistent", &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_false(map_input_open(&in, "/tmp", &err));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_option_is_a_number_or_auto),
        cmocka_unit_test(auto_chunks_settle_at_some_milliseconds),
        cmocka_unit_test(auto_chunks_at_most_double_and_shrink_at_once),
        cmocka_unit_test(halt_counts_failures_or_their_share),
        cmocka_unit_test(ordered_window_gives_lines_in_input_order),
        cmocka_unit_test(unordered_window_gives_lines_as_they_come),
        cmocka_unit_test(waiting_bytes_are_bounded),
        cmocka_unit_test(window_asks_for_more_only_when_it_is_worth_it),
        cmocka_unit_test(lines_of_a_pipe_come_as_they_are_written),
        cmocka_unit_test(line_that_is_too_long_is_given_once_and_skipped),
        cmocka_unit_test(input_that_is_no_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
