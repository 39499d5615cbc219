/* The reader of the control channel: takes the lines of its grammar and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/remote_command.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
commands_are_read(void **state)
{
    static const struct {
        const char *text;
        enum remote_verb verb;
        uint32_t number;
        const char *token;
    } table[] = {{"quiet", REMOTE_QUIET, 0, ""},
                 {"resume", REMOTE_RESUME, 0, ""},
                 {"stop", REMOTE_STOP, 0, ""},
                 {"restart", REMOTE_RESTART, 0, ""},
                 {"dump", REMOTE_DUMP, 0, ""},
                 {"scale 0", REMOTE_SCALE, 0, ""},
                 {"scale 64", REMOTE_SCALE, 64, ""},
                 {"scale 1000000", REMOTE_SCALE, 1000000, ""},
                 {"quiet ack a", REMOTE_QUIET, 0, "a"},
                 {"scale 3 ack 0Az_-", REMOTE_SCALE, 3, "0Az_-"},
                 {"frob ack t", REMOTE_UNKNOWN, 0, "t"},
                 {"scale ack t", REMOTE_UNKNOWN, 0, "t"},
                 {"scale 3x ack t", REMOTE_UNKNOWN, 0, "t"},
                 {"quiet 3 ack t", REMOTE_UNKNOWN, 0, "t"},
                 {"ack ack t", REMOTE_UNKNOWN, 0, "t"}};
    struct remote_command c;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(remote_command_read(table[i].text, strlen(table[i].text), &c));
        assert_int_equal(c.verb, table[i].verb);
        assert_int_equal(c.number, table[i].number);
        assert_string_equal(c.token, table[i].token);
    }
}

static void
anything_else_is_refused_and_touches_nothing(void **state)
{
    static const char *const table[] = {"",
                                        " ",
                                        "Quiet",
                                        "quiet ",
                                        " quiet",
                                        "quiet\n",
                                        "quiet 1",
                                        "scale",
                                        "scale ",
                                        "scale -1",
                                        "scale +1",
                                        "scale 01",
                                        "scale 1 2",
                                        "scale 1e3",
                                        "scale 0x1",
                                        "scale 1000001",
                                        "scale 4294967297",
                                        "quiet ack",
                                        "quiet  ack t",
                                        "quiet ack ",
                                        "quiet ack a b",
                                        "quiet ack a:b",
                                        "quiet ack {q}",
                                        "ack t",
                                        "quiet ack \xc3\xa9",
                                        "quiet ack t t t"};
    const struct remote_command before = {REMOTE_DUMP, 7, "before"};
    struct remote_command c = before;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_false(remote_command_read(table[i], strlen(table[i]), &c));
        assert_memory_equal(&c, &before, sizeof(c));
    }
    assert_false(remote_command_read("quiet\0stop", 10, &c));
    assert_false(remote_command_read("quiet\0", 6, &c));
}

static void
lengths_are_limited(void **state)
{
    char text[REMOTE_COMMAND_MAX + 2];
    struct remote_command c;
    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "quiet ack ", 10);
    assert_true(remote_command_read(text, 10 + REMOTE_TOKEN_MAX, &c));
    assert_int_equal(strlen(c.token), REMOTE_TOKEN_MAX);
    assert_false(remote_command_read(text, 10 + REMOTE_TOKEN_MAX + 1, &c));
    assert_false(remote_command_read(text, REMOTE_COMMAND_MAX + 1, &c));
}

static void
each_verb_has_a_name_that_is_read(void **state)
{
    struct remote_command c;
    (void)state;
    assert_string_equal(remote_verb_name(REMOTE_UNKNOWN), "");
    for (enum remote_verb v = REMOTE_QUIET; v <= REMOTE_DUMP; v++) {
        const char *name = remote_verb_name(v);
        assert_int_equal(remote_command_read(name, strlen(name), &c), v != REMOTE_SCALE);
        if (v != REMOTE_SCALE)
            assert_int_equal(c.verb, v);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read),
        cmocka_unit_test(anything_else_is_refused_and_touches_nothing),
        cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(each_verb_has_a_name_that_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
