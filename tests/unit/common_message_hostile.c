/* Messages that somebody made to do harm, or that were damaged: refused in time and memory that
 * their length justifies, and read as msgpack-c reads them where they are in order. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "common/arena.h"
#include "common/message.h"
#include "tests/unit/common_random_value.h"

#define HEAD                                                                                       \
    "\x01"                                                                                         \
    "5\0\0\0\0\0\0"

/* Decodes from memory that ends where the bytes do. */
static bool
decodes(const void *data, size_t len, struct message *m, struct error *err)
{
    struct celeriac_arena *arena = arena_new();
    char *bytes = malloc(len > 0 ? len : 1);
    struct message local, peeked;

    if (len > 0)
        memcpy(bytes, data, len);
    message_peek(bytes, len, &peeked);
    bool ok = message_decode(bytes, len, arena, m != NULL ? m : &local, err);
    assert_in_range(arena_used(arena), 0, 128 * len + 1024);
    free(bytes);
    arena_free(arena);
    return ok;
}

static void
assert_refused(const char *body, size_t len, const char *reason)
{
    struct error err = ERROR_INIT;
    char bytes[4096];

    memcpy(bytes, HEAD, MESSAGE_HEAD);
    memcpy(bytes + MESSAGE_HEAD, body, len);
    assert_false(decodes(bytes, MESSAGE_HEAD + len, NULL, &err));
    assert_int_equal(err.code, ERROR_DATA);
    if (strstr(err.message, reason) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, reason);
}

#define REFUSED(body, reason) assert_refused(body, sizeof(body) - 1, reason)
#define T "\x01\xa1t" /* key 1: "t" */

static void
a_few_bytes_cannot_announce_gigabytes(void **state)
{
    (void)state;
    REFUSED("\xdd\xff\xff\xff\xff", "cut short");
    REFUSED("\xdd\x20\0\0\0", "cut short");
    REFUSED("\xdf\xff\xff\xff\xff", "cut short");
    REFUSED("\x82" T "\x02\xdd\xff\xff\xff\xff", "cut short");
    REFUSED("\x82" T "\x02\xdd\x20\0\0\0", "cut short");
    REFUSED("\x82" T "\x02\xdb\xff\xff\xff\xff", "cut short");
    REFUSED("\x82" T "\x02\xc6\xff\xff\xff\xff", "cut short");
    REFUSED("\x82" T "\x02\xc9\xff\xff\xff\xff\x01", "cut short");
    char nested[31 * 5];
    for (size_t i = 0; i < 31; i++)
        memcpy(nested + 5 * i, "\xdd\x01\0\0\0", 5);
    assert_refused(nested, sizeof nested, "cut short");
}

static void
depth_is_limited_to_sixteen(void **state)
{
    char body[64] = "\x82" T "\x02";

    (void)state;
    for (size_t depth = 1; depth < 40; depth++) {
        char bytes[128] = HEAD;
        memset(body + 5, '\x91', depth);
        body[5 + depth - 1] = '\x90';
        memcpy(bytes + MESSAGE_HEAD, body, 5 + depth);
        assert_int_equal(decodes(bytes, MESSAGE_HEAD + 5 + depth, NULL, NULL),
                         1 + depth <= MESSAGE_DEPTH_MAX);
    }
    memset(body + 5, '\x91', 40);
    assert_refused(body, 45, "16 levels");
}

static void
fields_are_checked_for_their_type_and_the_error_names_them(void **state)
{
    (void)state;
    REFUSED("\x80", "no task");
    REFUSED("\x81\x01\xa0", "task: empty");
    REFUSED("\x81\x01\x05", "task: expected a string");
    REFUSED("\x81\x01\xc4\x01t", "task: expected a string");
    REFUSED("\x81\x01\xa1\xff", "task: text is not UTF-8");
    REFUSED("\x81\x01\xd9\x41"
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "task: empty or too long");
    REFUSED("\x82" T "\x02\x80", "args: expected an array");
    REFUSED("\x82" T "\x02\xc0", "args: expected an array");
    REFUSED("\x82" T "\x03\x90", "kwargs: expected a map");
    REFUSED("\x82" T "\x04\x01", "tags: expected a map");
    REFUSED("\x82" T "\x05\xa1x", "expires_at_ms: expected an integer");
    REFUSED("\x82" T "\x05\xff", "expires_at_ms: out of range");
    REFUSED("\x82" T "\x05\xcf\0\x20\0\0\0\0\0\0", "expires_at_ms: out of range");
    REFUSED("\x82" T "\x05\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
            "expires_at_ms: expected an integer");
    REFUSED("\x82" T "\x06\xff", "max_retries: out of range");
    REFUSED("\x82" T "\x06\xce\x80\0\0\0", "max_retries: out of range");
    REFUSED("\x82" T "\x09\xcb\x3f\xf0\0\0\0\0\0\0", "soft_limit_ms: expected an integer");
    REFUSED("\x82" T "\x0b\xff", "result_ttl_ms: out of range");
    REFUSED("\x82" T "\x0c\x02", "chunk");
    REFUSED("\x83" T "\x02\x91\x01\x0c\x01", "chunk");
    REFUSED("\x83" T "\x02\x90\x02\x90", "key 2 twice");
    REFUSED("\x83" T "\x3f\x90\x3f\x90", "key 63 twice");
    REFUSED("\x82" T "\xa1x\x01", "a key that is not");
    REFUSED("\x82" T "\x40\x01", "a key that is not");
    REFUSED("\x82" T "\xff\x01", "a key that is not");
}

static void
values_are_checked(void **state)
{
    (void)state;
    REFUSED("\x82" T "\x02\x91\xa1\xff", "args: text is not UTF-8");
    REFUSED("\x82" T "\x03\x81\xa1\xff\x01", "kwargs: a key of an object is not text");
    REFUSED("\x82" T "\x03\x81\x01\x01", "kwargs: a key of an object is not text");
    REFUSED("\x82" T "\x03\x82\xa1k\x01\xa1k\x02", "kwargs: an object has a key twice");
    REFUSED("\x82" T "\x02\x91\xc1", "not known");
    REFUSED("\x82" T "\x02\x91\xd4\x02x", "not known");
    REFUSED("\x82" T "\x02\x91\xd6\xff\0\0\0\0", "not known"); /* a timestamp */
    REFUSED("\x82" T "\x02\x91\xd4\x01x", "digits");
    REFUSED("\x82" T "\x02\x91\xd4\x01-", "digits");
    REFUSED("\x82" T "\x02\x91\xc7\0\x01", "digits");
    REFUSED("\x82" T "\x02\x91\xd5\x01+1", "digits");
    REFUSED("\x82" T "\x02\x91\xcb\x7f\xf0\0\0\0\0\0\0", "not finite");
    REFUSED("\x82" T "\x02\x91\xcb\x7f\xf8\0\0\0\0\0\0", "not finite");
    REFUSED("\x82" T "\x02\x91\xca\xff\x80\0\0", "not finite");
    REFUSED("\x81" T "\xc0", "behind its end");
    REFUSED("\x91" T, "behind its end");
    REFUSED("\x90", "not a map");
    REFUSED("", "cut short");
}

static void
heads_are_checked(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *reason;
    } cases[] = {
        {"", 0, "shorter than its head"},
        {"\x01"
         "5\0\0\0\0\0",
         7, "shorter than its head"},
        {"\x02"
         "5\0\0\0\0\0\0\x81" T,
         12, "version 2"},
        {"\x01"
         "a\0\0\0\0\0\0\x81" T,
         12, "priority 0x61"},
        {"\x01\x05\0\0\0\0\0\0\x81" T, 12, "priority 0x05"},
        {"\x01"
         "5\0\0\0\0\0\x05\x81" T,
         12, "uniqueness key of 5"},
        {"\x01"
         "5\0\0\0\0\0\xff\x81" T,
         12, "uniqueness key of 255"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = ERROR_INIT;
        struct message m;
        assert_false(decodes(cases[i].bytes, cases[i].len, NULL, &err));
        assert_non_null(strstr(err.message, cases[i].reason));
        assert_false(message_peek(cases[i].bytes, cases[i].len, &m));
    }
}

static void
other_encoders_may_write_wider_forms_and_unknown_keys(void **state)
{
    static const char bytes[] =
        HEAD "\xde\0\x04\xcc\x01\xdb\0\0\0\x01t\x1e\x81\xc0\x91\xc3\xd1\0\x06\xd3\0\0\0\0\0\0\0\x09"
             "\x02\xdc\0\x03\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xca\x3f\0\0\0\xd8\x01"
             "-000000000000001";
    struct celeriac_arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct message m;

    (void)state;
    assert_true(message_decode(bytes, sizeof bytes - 1, arena, &m, &err));
    assert_int_equal(m.max_retries, 9);
    assert_string_equal(celeriac_print(arena, m.args), "[18446744073709551615,0.5,-1]");
    arena_free(arena);
}

static void
peek_reads_the_head_and_the_name_of_broken_messages(void **state)
{
    struct message m;

    (void)state;
    assert_true(message_peek("\x01"
                             "8\0\x03\x01\x02\x01\x01k\x82\x01\xa4"
                             "echo\x02\xc1",
                             17, &m));
    assert_memory_equal(m.task, "echo", 4);
    assert_int_equal(m.task_len, 4);
    assert_int_equal(m.priority, 8);
    assert_int_equal(m.attempts, 3);
    assert_int_equal(m.crashes, 1);
    assert_int_equal(m.lost, 2);
    assert_int_equal(m.flags, MESSAGE_SUSPECT);
    assert_memory_equal(m.unique, "k", 1);
    assert_true(message_peek(HEAD "\x82\x02\x92\x01\x02" T, 16, &m)); /* behind another field */
    assert_int_equal(m.task_len, 1);
    assert_true(message_peek(HEAD "\xc1garbage", 16, &m));
    assert_null(m.task);
    assert_true(message_peek(HEAD "\x81\x01\xa1\xff", 12, &m));
    assert_null(m.task);
    assert_true(message_peek(HEAD, 8, &m));
    assert_null(m.task);
}

/* A message with one of everything. */
static void
encode_rich(struct buffer *out)
{
    struct celeriac_arena *a = arena_new();
    struct celeriac_value *args = celeriac_array(a), *kwargs = celeriac_object(a),
                          *tags = celeriac_object(a);
    struct message m = MESSAGE_INIT;
    struct error err = ERROR_INIT;

    celeriac_append(args, celeriac_integer(a, -70000));
    celeriac_append(args, celeriac_bigint(a, "-620448401733239439360000", 25));
    celeriac_append(args, celeriac_number(a, 0.1));
    celeriac_append(args,
                    celeriac_text(a, "a text that is longer than thirty-one bytes: \xe2\x82\xac"));
    celeriac_append(args, celeriac_binary(a, "\0\xff", 2));
    celeriac_append(args, celeriac_null(a));
    celeriac_set(kwargs, "guess", celeriac_boolean(a, true));
    celeriac_set(kwargs, "inner", celeriac_object(a));
    celeriac_set(tags, "who", celeriac_text(a, "me"));
    m.task = "solve";
    m.task_len = 5;
    m.unique = "unique-key";
    m.unique_len = 10;
    m.args = args;
    m.kwargs = kwargs;
    m.tags = tags;
    m.expires_at_ms = 1795450005123;
    m.max_retries = 300;
    m.hard_limit_ms = 60000;
    if (!message_encode(&m, MESSAGE_MAX_DEFAULT, out, &err))
        fail_msg("%s", err.message);
    arena_free(a);
}

static void
truncated_messages_are_refused_at_every_offset(void **state)
{
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;

    (void)state;
    encode_rich(&out);
    for (size_t len = 0; len < out.len; len++)
        assert_false(decodes(out.data, len, NULL, &err));
    assert_true(decodes(out.data, out.len, NULL, &err));
    buffer_clear(&out);
}

/* Does msgpack-c take the bytes as one object? It knows no rules of ours, so it must take all that
 * we take. */
static bool
oracle_takes(const char *bytes, size_t len)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;

    msgpack_unpacked_init(&unpacked);
    bool ok = msgpack_unpack_next(&unpacked, bytes, len, &offset) == MSGPACK_UNPACK_SUCCESS &&
              offset == len;
    msgpack_unpacked_destroy(&unpacked);
    return ok;
}

static void
every_single_byte_mutation_is_refused_or_read(void **state)
{
    struct buffer out = BUFFER_INIT;
    struct celeriac_arena *arena = arena_new();
    size_t read = 0;

    (void)state;
    encode_rich(&out);
    for (size_t i = 0; i < out.len; i++) {
        char before = out.data[i];
        for (int c = 0; c < 256; c++) {
            struct message m;
            struct error err = ERROR_INIT;
            out.data[i] = (char)c;
            if (!decodes(out.data, out.len, NULL, &err)) {
                assert_string_not_equal(err.message, "");
                continue;
            }
            read++;
            arena_clear(arena);
            assert_true(message_decode(out.data, out.len, arena, &m, &err));
            size_t start = MESSAGE_HEAD + m.unique_len;
            assert_true(oracle_takes(out.data + start, out.len - start));
        }
        out.data[i] = before;
    }
    assert_true(read > out.len); /* the message itself, at each offset, and more */
    arena_free(arena);
    buffer_clear(&out);
}

static bool
same_bytes(const struct celeriac_value *v, const char *data, size_t len)
{
    return v->as.bytes.len == len && (len == 0 || memcmp(v->as.bytes.data, data, len) == 0);
}

/* Both read the same, value by value. */
static bool
same(const struct celeriac_value *v, const msgpack_object *o)
{
    int64_t n;
    double x;

    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return v->type == CELERIAC_NULL;
    case MSGPACK_OBJECT_BOOLEAN:
        return v->type == CELERIAC_BOOLEAN && v->as.boolean == o->via.boolean;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return v->type == CELERIAC_INTEGER && celeriac_get_integer(v, &n) && n == o->via.i64;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return v->type == CELERIAC_NUMBER && celeriac_get_number(v, &x) && x == o->via.f64;
    case MSGPACK_OBJECT_STR:
        return v->type == CELERIAC_STRING && same_bytes(v, o->via.str.ptr, o->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return v->type == CELERIAC_BINARY && same_bytes(v, o->via.bin.ptr, o->via.bin.size);
    case MSGPACK_OBJECT_EXT:
        return v->type == CELERIAC_BIGINT && same_bytes(v, o->via.ext.ptr, o->via.ext.size);
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < o->via.array.size; i++)
            if (i >= v->count || !same(v->as.items[i], &o->via.array.ptr[i]))
                return false;
        return v->type == CELERIAC_ARRAY && v->count == o->via.array.size;
    case MSGPACK_OBJECT_MAP:
        for (uint32_t i = 0; i < o->via.map.size; i++)
            if (i >= v->count || v->as.entries[i].key_len != o->via.map.ptr[i].key.via.str.size ||
                !same(v->as.entries[i].item, &o->via.map.ptr[i].val))
                return false;
        return v->type == CELERIAC_OBJECT && v->count == o->via.map.size;
    }
    return false;
}

static void
random_values_are_read_as_msgpack_c_reads_them(void **state)
{
    struct celeriac_arena *arena = arena_new();
    struct buffer out = BUFFER_INIT;
    uint64_t seed = 77;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct outcome o = {.state = JOB_SUCCESS}, got;
        struct error err = ERROR_INIT;
        msgpack_unpacked unpacked;
        size_t offset = 0;
        arena_clear(arena);
        out.len = 0;
        o.result = random_value(arena, &seed, 6);
        assert_true(outcome_encode(&o, RESULT_MAX_DEFAULT, &out, &err));
        assert_true(outcome_decode(out.data, out.len, arena, &got, &err));
        msgpack_unpacked_init(&unpacked);
        assert_int_equal(msgpack_unpack_next(&unpacked, out.data, out.len, &offset),
                         MSGPACK_UNPACK_SUCCESS);
        assert_int_equal(offset, out.len);
        assert_true(same(got.result, &unpacked.data.via.map.ptr[1].val));
        msgpack_unpacked_destroy(&unpacked);
    }
    buffer_clear(&out);
    arena_free(arena);
}

/* 100,000 keys: a quadratic check for duplicates would take minutes. */
static void
objects_with_many_keys_are_read_in_linear_time(void **state)
{
    enum { COUNT = 100000 };
    struct celeriac_arena *arena = arena_new();
    struct buffer out = BUFFER_INIT;
    struct error err = ERROR_INIT;
    struct message m;

    (void)state;
    buffer_append(&out, HEAD "\x82" T "\x03\xdf\0\x01\x86\xa0", MESSAGE_HEAD + 10);
    for (unsigned i = 0; i < COUNT; i++) {
        char entry[] = {
            '\xa4', (char)(i >> 12 & 63), (char)(i >> 8 & 15), (char)(i >> 4 & 15), (char)(i & 15),
            '\xc0'};
        buffer_append(&out, entry, sizeof entry);
    }
    assert_true(message_decode(out.data, out.len, arena, &m, &err));
    assert_int_equal(celeriac_size(m.kwargs), COUNT);
    out.data[out.len - 2] = out.data[out.len - 8]; /* the last key is now the one before it */
    assert_false(message_decode(out.data, out.len, arena, &m, &err));
    assert_non_null(strstr(err.message, "twice"));
    buffer_clear(&out);
    arena_free(arena);
}

static void
the_number_of_values_is_limited(void **state)
{
    enum { COUNT = 5 << 20 };
    struct celeriac_arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct outcome o;
    char *bytes = calloc(1, COUNT + 9);

    (void)state;
    memcpy(bytes, "\x82\0\x04\x01\xdd\0\x50\0\0", 9);
    assert_false(outcome_decode(bytes, COUNT + 9, arena, &o, &err));
    assert_non_null(strstr(err.message, "too many values"));
    assert_int_equal(arena_used(arena), 0);
    free(bytes);
    arena_free(arena);
}

static void
outcomes_need_a_final_state(void **state)
{
    struct celeriac_arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct outcome o;

    (void)state;
    assert_false(outcome_decode("\x80", 1, arena, &o, &err));
    assert_non_null(strstr(err.message, "no state"));
    for (char n = 0; n < 20; n++) {
        char bytes[] = {'\x81', 0, n};
        assert_int_equal(outcome_decode(bytes, 3, arena, &o, &err),
                         n >= JOB_SUCCESS && n <= JOB_DEAD);
    }
    assert_false(outcome_decode("\x82\0\x04\x02\x01", 5, arena, &o, &err));
    assert_non_null(strstr(err.message, "error_type"));
    arena_free(arena);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_bytes_cannot_announce_gigabytes),
        cmocka_unit_test(depth_is_limited_to_sixteen),
        cmocka_unit_test(fields_are_checked_for_their_type_and_the_error_names_them),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(heads_are_checked),
        cmocka_unit_test(other_encoders_may_write_wider_forms_and_unknown_keys),
        cmocka_unit_test(peek_reads_the_head_and_the_name_of_broken_messages),
        cmocka_unit_test(truncated_messages_are_refused_at_every_offset),
        cmocka_unit_test(every_single_byte_mutation_is_refused_or_read),
        cmocka_unit_test(random_values_are_read_as_msgpack_c_reads_them),
        cmocka_unit_test(objects_with_many_keys_are_read_in_linear_time),
        cmocka_unit_test(the_number_of_values_is_limited),
        cmocka_unit_test(outcomes_need_a_final_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
