/* celeriac_map, with a process that works by hand beside it. */
#include "client_fixture.h"

struct seen {
    size_t n, failed;
    size_t stop_after; /* 0: never */
    bool is_ordered;
    size_t last;
};

static bool
on_each(void *arg, size_t index, const struct celeriac_report *report)
{
    struct seen *s = arg;
    int64_t n = -1;

    s->is_ordered &= index == s->n;
    s->last = index;
    s->n++;
    if (report->state == CELERIAC_STATE_SUCCESS) {
        assert_true(celeriac_get_integer(report->result, &n));
        assert_int_equal(n, (int64_t)index);
    } else {
        s->failed++;
        assert_non_null(report->error_message);
    }
    return s->n != s->stop_after;
}

/* Forks: the child works until it is killed. */
static pid_t
start_worker(struct client_fixture *f)
{
    pid_t pid;

    broker_loop_free(f->loop);
    event_base_free(f->base);
    pid = fork();
    if (pid == 0) {
        struct broker_settings broker = {.url = f->redis.url};
        struct broker_loop_events events = {hand_on_up, hand_on_down, f};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        f->is_up = false;
        f->base = event_base_new();
        if (!broker_loop_new(&f->loop, f->base, &broker, &events, NULL))
            _exit(1);
        while (!f->is_up)
            event_base_loop(f->base, EVLOOP_ONCE);
        for (;;)
            hand_work(f, "default", 7);
    }
    f->base = event_base_new();
    assert_true(broker_loop_new(&f->loop, f->base, &(struct broker_settings){.url = f->redis.url},
                                &(struct broker_loop_events){hand_on_up, hand_on_down, f}, NULL));
    return pid;
}

static struct celeriac_value *
numbers(struct celeriac_arena *arena, int n)
{
    struct celeriac_value *inputs = celeriac_array(arena);

    for (int i = 0; i < n; i++)
        celeriac_append(inputs, celeriac_integer(arena, i));
    return inputs;
}

static void
map_in_order(struct client_fixture *f, struct celeriac_map map, struct seen *seen, bool expected)
{
    struct celeriac_arena *arena = celeriac_arena_new();
    pid_t worker = start_worker(f);
    bool ok;

    map.task = "echo";
    map.inputs = map.inputs ? map.inputs : numbers(arena, 1000);
    map.each = on_each;
    map.arg = seen;
    map.timeout_ms = 20000;
    seen->is_ordered = true;
    ok = celeriac_map(f->client, &map, &error);
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    celeriac_arena_free(arena);
    if (ok != expected)
        fail_msg("%s", error.message);
}

static void
results_come_in_input_order_through_a_small_window(void **state)
{
    struct celeriac_map map = CELERIAC_MAP_INIT;
    struct seen seen = {0};

    map.window = 10;
    map_in_order(*state, map, &seen, true);
    assert_int_equal(seen.n, 1000);
    assert_int_equal(seen.failed, 0);
    assert_true(seen.is_ordered);
}

static void
unordered_results_come_all(void **state)
{
    struct celeriac_map map = CELERIAC_MAP_INIT;
    struct seen seen = {0};

    map.unordered = true;
    map.window = 1;
    map_in_order(*state, map, &seen, true);
    assert_int_equal(seen.n, 1000);
    assert_int_equal(seen.failed, 0);
}

static void
callback_can_stop_it(void **state)
{
    struct celeriac_map map = CELERIAC_MAP_INIT;
    struct seen seen = {.stop_after = 100};

    map_in_order(*state, map, &seen, true);
    assert_int_equal(seen.n, 100);
}

static void
inputs_that_cannot_be_sent_are_reported_in_their_place(void **state)
{
    struct celeriac_arena *arena = celeriac_arena_new();
    struct celeriac_map map = CELERIAC_MAP_INIT;
    struct celeriac_value *inputs = celeriac_array(arena);
    struct seen seen = {0};
    char *huge = calloc(1, 2 << 20);

    memset(huge, 'x', (2 << 20) - 1);
    celeriac_append(inputs, celeriac_integer(arena, 0));
    celeriac_append(inputs, celeriac_text(arena, huge));
    celeriac_append(inputs, celeriac_parse(arena, "[2]", 3, NULL, 0));
    map.inputs = inputs;
    map_in_order(*state, map, &seen, true);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.failed, 1);
    celeriac_arena_free(arena);
    free(huge);
}

static void
empty_input_is_done_at_once(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_map map = CELERIAC_MAP_INIT;

    map.task = "echo";
    map.each = on_each;
    OK(celeriac_map(f->client, &map, &error));
    map.each = NULL;
    FAILS(celeriac_map(f->client, &map, &error), CELERIAC_ERROR_USAGE);
}

static void
time_limit_holds_for_the_whole(void **state)
{
    struct client_fixture *f = *state;
    struct celeriac_arena *arena = celeriac_arena_new();
    struct celeriac_map map = CELERIAC_MAP_INIT;

    map.task = "echo";
    map.inputs = numbers(arena, 3);
    map.each = on_each;
    map.timeout_ms = 50;
    FAILS(celeriac_map(f->client, &map, &error), CELERIAC_ERROR_TIMEOUT);
    celeriac_arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(results_come_in_input_order_through_a_small_window),
        CLIENT_TEST(unordered_results_come_all),
        CLIENT_TEST(callback_can_stop_it),
        CLIENT_TEST(inputs_that_cannot_be_sent_are_reported_in_their_place),
        CLIENT_TEST(empty_input_is_done_at_once),
        CLIENT_TEST(time_limit_holds_for_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
