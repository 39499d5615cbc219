/* Messages and outcomes that are in order: what is written is read back, in few bytes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/message.h"
#include "tests/unit/common_random_value.h"

struct fixture {
    struct celeriac_arena *arena;
    struct buffer out;
    struct error err;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->arena = arena_new();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    arena_free(f->arena);
    buffer_clear(&f->out);
    free(f);
    return 0;
}

static struct message
message_of(const char *task)
{
    struct message m = MESSAGE_INIT;

    m.task = task;
    m.task_len = strlen(task);
    return m;
}

static void
encode(struct fixture *f, const struct message *m)
{
    f->out.len = 0;
    if (!message_encode(m, MESSAGE_MAX_DEFAULT, &f->out, &f->err))
        fail_msg("%s", f->err.message);
}

static struct message
decode(struct fixture *f)
{
    struct message m = MESSAGE_INIT;

    if (!message_decode(f->out.data, f->out.len, f->arena, &m, &f->err))
        fail_msg("%s", f->err.message);
    return m;
}

static void
a_job_without_arguments_is_at_most_16_bytes(void **state)
{
    struct fixture *f = *state;
    struct message m = message_of("echo");

    encode(f, &m);
    assert_in_range(f->out.len, MESSAGE_HEAD, 16);
    m = decode(f);
    assert_memory_equal(m.task, "echo", 4);
    assert_int_equal(m.priority, 5);
    assert_int_equal(m.max_retries, -1);
    assert_int_equal(m.result_ttl_ms, -1);
    assert_null(m.args);
    assert_null(m.unique);
}

/* The bytes of the protocol; scripts and other languages rely on them. */
static void
the_bytes_are_those_of_the_protocol(void **state)
{
    struct fixture *f = *state;
    static const unsigned char expected[] = {
        1,   '7', 0x01, 0x02, 3,    4,    1,   2,   'u', 'k', 0x83, 1,   0xa4, 'e', 'c',
        'h', 'o', 2,    0x92, 0x05, 0xc7, 20,  1,   '1', '8', '4',  '4', '6',  '7', '4',
        '4', '0', '7',  '3',  '7',  '0',  '9', '5', '5', '1', '6',  '1', '6',  6,   0};
    struct message m = message_of("echo");

    m.priority = 7;
    m.attempts = 258;
    m.crashes = 3;
    m.lost = 4;
    m.flags = MESSAGE_SUSPECT;
    m.unique = "uk";
    m.unique_len = 2;
    m.max_retries = 0;
    struct celeriac_value *args = celeriac_array(f->arena);
    celeriac_append(args, celeriac_integer(f->arena, 5));
    celeriac_append(args, celeriac_bigint(f->arena, "18446744073709551616", 20));
    m.args = args;
    encode(f, &m);
    assert_int_equal(f->out.len, sizeof expected);
    assert_memory_equal(f->out.data, expected, sizeof expected);
}

static void
all_fields_come_back(void **state)
{
    struct fixture *f = *state;
    struct message m = message_of("statistics.mean");
    uint64_t seed = 9;
    struct celeriac_value *args = celeriac_array(f->arena), *kwargs = celeriac_object(f->arena);

    struct celeriac_value *list = celeriac_array(f->arena);
    celeriac_append(list, random_value(f->arena, &seed, 3));
    celeriac_append(args, list);
    celeriac_set(kwargs, "x", random_value(f->arena, &seed, 3));
    m.priority = 0;
    m.unique = "key";
    m.unique_len = 3;
    m.args = args;
    m.kwargs = kwargs;
    m.tags = celeriac_object(f->arena);
    m.expires_at_ms = 1795450005123;
    m.max_retries = 12;
    m.backoff_ms = 250;
    m.backoff_max_ms = 60000;
    m.soft_limit_ms = 5000;
    m.hard_limit_ms = 7000;
    m.result_ttl_ms = 0;
    m.chunk = 1;
    encode(f, &m);
    struct message got = decode(f);
    assert_memory_equal(got.unique, "key", 3);
    assert_int_equal(got.priority, 0);
    assert_true(value_equal(got.args, m.args) && value_equal(got.kwargs, m.kwargs) &&
                value_equal(got.tags, m.tags));
    assert_int_equal(got.expires_at_ms, m.expires_at_ms);
    assert_int_equal(got.max_retries, 12);
    assert_int_equal(got.backoff_ms, 250);
    assert_int_equal(got.backoff_max_ms, 60000);
    assert_int_equal(got.soft_limit_ms, 5000);
    assert_int_equal(got.hard_limit_ms, 7000);
    assert_int_equal(got.result_ttl_ms, 0);
    assert_int_equal(got.chunk, 1);
}

static void
random_values_survive_a_round_trip(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = 1234;

    for (int i = 0; i < 3000; i++) {
        struct message m = message_of("t");
        arena_clear(f->arena);
        struct celeriac_value *args = celeriac_array(f->arena);
        celeriac_append(args, random_value(f->arena, &seed, 6));
        m.args = args;
        encode(f, &m);
        assert_true(value_equal(decode(f).args, args));
    }
}

static void
chunks_hold_as_many_lists_as_they_say(void **state)
{
    struct fixture *f = *state;
    struct message m = message_of("t");
    struct celeriac_value *lists = celeriac_array(f->arena);

    for (int i = 0; i < 3; i++)
        celeriac_append(lists, celeriac_array(f->arena));
    m.args = lists;
    m.chunk = 3;
    encode(f, &m);
    assert_int_equal(decode(f).chunk, 3);
    m.chunk = 2;
    assert_false(message_encode(&m, MESSAGE_MAX_DEFAULT, &f->out, &f->err));
    f->out.data[f->out.len - 1] = 4;
    assert_false(message_decode(f->out.data, f->out.len, f->arena, &m, &f->err));
    assert_non_null(strstr(f->err.message, "chunk"));
}

static void
encoding_refuses_what_the_decoder_would_and_leaves_the_buffer(void **state)
{
    struct fixture *f = *state;
    struct message good = message_of("t"), m;
    char long_name[TASK_NAME_MAX + 1];

    memset(long_name, 'n', sizeof long_name);
    buffer_append(&f->out, "before", 6);
    struct celeriac_value *bad_text = celeriac_array(f->arena), *deep = celeriac_array(f->arena);
    celeriac_append(bad_text, celeriac_string(f->arena, "\xff", 1));
    struct celeriac_value *inner = deep;
    for (int i = 0; i < MESSAGE_DEPTH_MAX - 1; i++) {
        struct celeriac_value *next = celeriac_array(f->arena);
        celeriac_append(inner, next);
        inner = next;
    }
    struct message cases[10];
    for (size_t i = 0; i < 10; i++)
        cases[i] = good;
    cases[0].task_len = 0;
    cases[1].task = long_name, cases[1].task_len = sizeof long_name;
    cases[2].priority = 10;
    cases[3].unique = long_name, cases[3].unique_len = UNIQUE_KEY_MAX + 1;
    cases[4].args = bad_text;
    cases[5].args = deep;
    cases[6].args = celeriac_object(f->arena);
    cases[7].expires_at_ms = -1;
    cases[8].max_retries = -2;
    cases[9].task = "\xff", cases[9].task_len = 1;
    for (size_t i = 0; i < 10; i++) {
        f->err = ERROR_INIT;
        assert_false(message_encode(&cases[i], MESSAGE_MAX_DEFAULT, &f->out, &f->err));
        assert_int_equal(f->err.code, ERROR_DATA);
        assert_int_equal(f->out.len, 6);
        assert_memory_equal(f->out.data, "before", 6);
    }
    m = good;
    m.args = celeriac_at(deep, 0); /* one level less fits */
    assert_true(message_encode(&m, MESSAGE_MAX_DEFAULT, &f->out, &f->err));
}

static void
encoding_stops_at_the_limit(void **state)
{
    struct fixture *f = *state;
    struct message m = message_of("t");
    struct celeriac_value *args = celeriac_array(f->arena);

    m.args = args;
    for (int i = 0; i < 1000; i++)
        celeriac_append(args, celeriac_text(f->arena, "0123456789"));
    encode(f, &m);
    size_t exact = f->out.len;
    f->out.len = 0;
    assert_true(message_encode(&m, exact, &f->out, &f->err));
    for (size_t limit = 0; limit < exact; limit += limit < 40 ? 1 : 997) {
        f->out.len = 0;
        assert_false(message_encode(&m, limit, &f->out, &f->err));
        assert_int_equal(f->err.code, ERROR_DATA);
        assert_int_equal(f->out.len, 0);
    }
    assert_non_null(strstr(f->err.message, "larger than"));
}

static void
outcomes_come_back(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {.state = JOB_FAILURE,
                        .result = celeriac_null(f->arena),
                        .error_type = "fail",
                        .error_message = "it did not work",
                        .error_signal = "SEGV",
                        .task = "fail",
                        .worker = "host-1",
                        .started_at_ms = 1795450005123,
                        .finished_at_ms = 1795450005124,
                        .runtime_us = 830,
                        .attempt = 3,
                        .crashes = 1};
    struct outcome got = OUTCOME_INIT;

    assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
    assert_true(outcome_decode(f->out.data, f->out.len, f->arena, &got, &f->err));
    assert_int_equal(got.state, JOB_FAILURE);
    assert_non_null(got.result);
    assert_int_equal(celeriac_type(got.result), CELERIAC_NULL);
    assert_string_equal(got.error_type, "fail");
    assert_string_equal(got.error_message, "it did not work");
    assert_string_equal(got.error_signal, "SEGV");
    assert_string_equal(got.task, "fail");
    assert_string_equal(got.worker, "host-1");
    assert_int_equal(got.started_at_ms, o.started_at_ms);
    assert_int_equal(got.finished_at_ms, o.finished_at_ms);
    assert_int_equal(got.runtime_us, 830);
    assert_int_equal(got.attempt, 3);
    assert_int_equal(got.crashes, 1);

    o = (struct outcome){.state = JOB_CANCELLED};
    f->out.len = 0;
    assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
    assert_int_equal(f->out.len, 3);
    assert_true(outcome_decode(f->out.data, f->out.len, f->arena, &got, &f->err));
    assert_null(got.result);
    assert_null(got.error_type);
}

static void
outcomes_can_be_written_whatever_the_error_said(void **state)
{
    struct fixture *f = *state;
    struct outcome o = {.state = JOB_FAILURE, .error_message = "a\xff\xc3\xa4\xe2\x82"},
                   got = OUTCOME_INIT;

    assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
    assert_true(outcome_decode(f->out.data, f->out.len, f->arena, &got, &f->err));
    assert_string_equal(got.error_message, "a?\xc3\xa4??");
    o.state = JOB_RUNNING;
    assert_false(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
}

static void
states_have_names(void **state)
{
    enum job_state parsed;

    (void)state;
    for (int s = JOB_UNKNOWN; s <= JOB_DEAD; s++) {
        assert_true(job_state_parse(job_state_name((enum job_state)s), &parsed));
        assert_int_equal(parsed, s);
        assert_int_equal(job_state_is_final(parsed), s >= JOB_SUCCESS);
    }
    assert_string_equal(job_state_name(JOB_QUEUED), "queued");
    assert_false(job_state_parse("done", &parsed));
}

struct pairs {
    char text[64];
    int count;
};

static void
on_pair(void *arg, const char *id, size_t id_len, const char *outcome, size_t outcome_len)
{
    struct pairs *p = arg;

    p->count++;
    strncat(p->text, id, id_len);
    strcat(p->text, "=");
    strncat(p->text, outcome, outcome_len);
    strcat(p->text, ";");
}

static void
pairs_are_given_one_by_one_or_not_at_all(void **state)
{
    struct fixture *f = *state;
    struct pairs p = {"", 0};

    assert_true(message_pairs("\x94\xa2id\xa3out\xd9\x01x\xc4\x02yz", 15, on_pair, &p, &f->err));
    assert_string_equal(p.text, "id=out;x=yz;");
    assert_true(message_pairs("\x90", 1, on_pair, &p, &f->err));
    static const char *const bad[] = {"",
                                      "\x93\xa1x\xa1y\xa1z",
                                      "\x92\xa1x",
                                      "\x92\xa1x\x01",
                                      "\x92\x01\xa1x",
                                      "\x92\xa1x\xa1yz",
                                      "\x81\xa1x\xa1y",
                                      "\xa1x",
                                      "\x94\xa1x\xa1y\xa1z\xc0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(message_pairs(bad[i], strlen(bad[i]), on_pair, &p, &f->err));
    assert_int_equal(p.count, 2);
}

static struct outcome
long_outcome(struct celeriac_arena *arena, size_t len, bool is_noise)
{
    char *text = arena_alloc(arena, len);
    uint32_t x = 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)(is_noise ? ' ' + (x >> 16) % 95 : 'x');
    }
    return (struct outcome){.state = JOB_SUCCESS, .result = celeriac_string(arena, text, len)};
}

static void
long_outcomes_are_compressed_if_that_saves_anything(void **state)
{
    struct fixture *f = *state;
    const size_t lengths[] = {4000, 5000, 1 << 20};
    struct outcome got;
    size_t len;

    for (size_t i = 0; i < 6; i++) {
        const size_t n = lengths[i / 2];
        const bool is_noise = i % 2 == 1;
        const struct outcome o = long_outcome(f->arena, n, is_noise);
        f->out.len = 0;
        buffer_append(&f->out, "before", 6);
        assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
        if (n > 4096 && !is_noise)
            assert_in_range(f->out.len, 1, n / 10);
        assert_memory_equal(f->out.data, "before", 6);
        assert_true(outcome_decode(f->out.data + 6, f->out.len - 6, f->arena, &got, &f->err));
        const char *text = celeriac_bytes(got.result, &len);
        assert_int_equal(len, n);
        assert_memory_equal(text, celeriac_bytes(o.result, &len), n);
    }
    const struct outcome o =
        long_outcome(f->arena, 9000, false); /* the limit is that of the result */
    f->out.len = 0;
    assert_false(outcome_encode(&o, 8000, &f->out, &f->err));
    assert_int_equal(f->out.len, 0);
}

/* Each byte of a frame changed, and each of its beginnings. */
static void
damaged_frames_are_refused_or_read(void **state)
{
    struct fixture *f = *state;
    const struct outcome o = long_outcome(f->arena, 6000, false);
    struct outcome got;

    assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &f->out, &f->err));
    const size_t len = f->out.len;
    for (size_t i = 0; i < len; i++) {
        char *copy = malloc(i > 0 ? i : 1); /* a beginning, in memory that ends with it */
        memcpy(copy, f->out.data, i);
        assert_false(outcome_decode(copy, i, f->arena, &got, &f->err));
        assert_int_equal(f->err.code, ERROR_DATA);
        free(copy);
        for (unsigned change = 1; change < 256; change += 37) {
            f->out.data[i] = (char)((unsigned char)f->out.data[i] ^ change);
            (void)outcome_decode(f->out.data, len, f->arena, &got, &f->err);
            f->out.data[i] = (char)((unsigned char)f->out.data[i] ^ change);
        }
    }
    buffer_append(&f->out, "x", 1);
    assert_false(outcome_decode(f->out.data, f->out.len, f->arena, &got, &f->err));
    assert_non_null(strstr(f->err.message, "stands behind it"));
    assert_false(outcome_decode("\x28\xb5\x2f\xfd\xa0\0\0\0\x40", 9, f->arena, &got, &f->err));
    assert_non_null(strstr(f->err.message, "above 256 MiB"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_without_arguments_is_at_most_16_bytes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_bytes_are_those_of_the_protocol, setup, teardown),
        cmocka_unit_test_setup_teardown(all_fields_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(random_values_survive_a_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(chunks_hold_as_many_lists_as_they_say, setup, teardown),
        cmocka_unit_test_setup_teardown(
            encoding_refuses_what_the_decoder_would_and_leaves_the_buffer, setup, teardown),
        cmocka_unit_test_setup_teardown(encoding_stops_at_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(outcomes_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(outcomes_can_be_written_whatever_the_error_said, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(long_outcomes_are_compressed_if_that_saves_anything, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(damaged_frames_are_refused_or_read, setup, teardown),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test_setup_teardown(pairs_are_given_one_by_one_or_not_at_all, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
