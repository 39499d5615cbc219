/* Job ids: order, uniqueness, and the two ways to write them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/id.h"
#include "tests/unit/common_random_value.h"

static void
ids_of_a_thread_ascend_and_are_of_now(void **state)
{
    struct id last, id;
    char text[ID_MAX + 1], last_text[ID_MAX + 1];
    int64_t before = clock_wall_ms();

    (void)state;
    id_new(&last);
    for (int i = 0; i < 200000; i++) {
        id_new(&id);
        assert_int_equal(id.len, ID_SHORT_LEN);
        assert_true(memcmp(id.text, last.text, ID_SHORT_LEN) > 0);
        if (i % 1000 == 0)
            assert_true(strcmp(id_print(&id, text), id_print(&last, last_text)) > 0);
        last = id;
    }
    assert_in_range(id_created_ms(&last), before, clock_wall_ms() + 1000);
}

/* However fast they are made, a bucket of one thread has few; ids that are made slowly share one.
 */
static void
buckets_are_small_and_few(void **state)
{
    enum { N = 200000, MOST = 4096 };
    struct id last, id;
    int in_bucket = 1, buckets = 1;
    int64_t epochs;

    (void)state;
    id_new(&last);
    epochs = -(id_created_ms(&last) >> 12);
    for (int i = 0; i < N; i++) {
        id_new(&id);
        assert_true(id_has_bucket(&id));
        in_bucket = id_same_bucket(&id, &last) ? in_bucket + 1 : 1;
        assert_in_range(in_bucket, 1, MOST);
        buckets += in_bucket == 1;
        last = id;
    }
    epochs += id_created_ms(&last) >> 12;
    assert_in_range(buckets, N / MOST, N / MOST + 2 + epochs);
}

static void
ids_print_as_version_7_uuids(void **state)
{
    struct id id;
    char text[ID_MAX + 1];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        id_new(&id);
        id_print(&id, text);
        assert_int_equal(strlen(text), ID_TEXT_LEN);
        assert_int_equal(text[14], '7');
        assert_non_null(strchr("89ab", text[19]));
        assert_int_equal(strspn(text, "0123456789abcdef-"), ID_TEXT_LEN);
    }
}

static int
compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, ID_SHORT_LEN);
}

/* Both sides have drawn random bytes before; equal ids would show that they share the rest of them.
 */
static void
ids_are_unique_across_forks(void **state)
{
    enum { CHILDREN = 4, EACH = 5000 };
    static struct id ids[(CHILDREN + 1) * EACH];
    static char texts[(CHILDREN + 1) * EACH][ID_SHORT_LEN];
    int ends[2], status;

    (void)state;
    id_new(&ids[0]);
    assert_int_equal(pipe(ends), 0);
    for (int c = 0; c < CHILDREN; c++) {
        if (fork() == 0) {
            for (int i = 0; i < EACH; i++) {
                id_new(&ids[i]);
                if (write(ends[1], ids[i].text, ID_SHORT_LEN) != ID_SHORT_LEN)
                    _exit(1);
            }
            _exit(0);
        }
    }
    close(ends[1]);
    for (int i = 0; i < CHILDREN * EACH; i++) {
        size_t got = 0;
        while (got < ID_SHORT_LEN) {
            ssize_t n = read(ends[0], texts[i] + got, ID_SHORT_LEN - got);
            assert_true(n > 0);
            got += (size_t)n;
        }
    }
    for (int c = 0; c < CHILDREN; c++) {
        wait(&status);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < EACH; i++) {
        id_new(&ids[0]);
        memcpy(texts[CHILDREN * EACH + i], ids[0].text, ID_SHORT_LEN);
    }
    close(ends[0]);
    qsort(texts, (CHILDREN + 1) * EACH, ID_SHORT_LEN, compare_ids);
    for (int i = 1; i < (CHILDREN + 1) * EACH; i++)
        assert_memory_not_equal(texts[i - 1], texts[i], ID_SHORT_LEN);
}

static void
random_uuid(uint64_t *seed, char *text)
{
    static const char hex[] = "0123456789abcdef";

    for (int i = 0; i < ID_TEXT_LEN; i++)
        text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : hex[random_bits(seed) >> 20 & 15];
    text[ID_TEXT_LEN] = '\0';
}

static void
uuids_survive_the_short_form_and_keep_their_order(void **state)
{
    char uuid[ID_TEXT_LEN + 1], last_uuid[ID_TEXT_LEN + 1], printed[ID_MAX + 1];
    struct id id, again, last = {.text = ""};
    uint64_t seed = 20261123;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        random_uuid(&seed, uuid);
        assert_true(id_parse(&id, uuid, ID_TEXT_LEN));
        assert_int_equal(id.len, ID_SHORT_LEN);
        assert_string_equal(id_print(&id, printed), uuid);
        assert_true(id_parse(&again, id.text, id.len));
        assert_true(id_equal(&id, &again));
        if (i > 0)
            assert_int_equal(strcmp(uuid, last_uuid) > 0, strcmp(id.text, last.text) > 0);
        memcpy(last_uuid, uuid, sizeof uuid);
        last = id;
    }
}

static void
parsing_takes_either_case_and_refuses_the_rest(void **state)
{
    static const char upper[] = "019ADE45-0F3B-7ABC-8DEF-0123456789AB";
    static const char *const bad[] = {"",
                                      "x",
                                      "019ade45-0f3b-7abc-8def-0123456789a",
                                      "019ade4500f3b-7abc-8def-0123456789ab",
                                      "019ade45-0f3b-7abc-8def-0123456789ag",
                                      "019ade450f3b7abc8def0123456789ab",
                                      "zzzzzzzzzzzzzzzzzzzzzz",
                                      "0123456789abcdefghij!0",
                                      "0123456789abcdefghijkl-"};
    struct id id, other;
    char text[ID_MAX + 1];

    (void)state;
    assert_true(id_parse(&id, upper, ID_TEXT_LEN));
    assert_string_equal(id_print(&id, text), "019ade45-0f3b-7abc-8def-0123456789ab");
    assert_int_equal(id_created_ms(&id), 0x019ade450f3bLL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(id_parse(&other, bad[i], strlen(bad[i])));
    assert_true(id_parse(&id, "0189ade4-0f3b-4abc-8def-0123456789ab", ID_TEXT_LEN));
    assert_int_equal(id_created_ms(&id), -1);
}

static void
foreign_ids_are_carried_as_they_are(void **state)
{
    char longest[ID_MAX + 1], text[ID_MAX + 1];
    struct id id;

    (void)state;
    memset(longest, 'x', sizeof longest);
    assert_true(id_from_redis(&id, longest, ID_MAX));
    assert_memory_equal(id_print(&id, text), longest, ID_MAX);
    assert_int_equal(strlen(text), ID_MAX);
    assert_false(id_from_redis(&id, longest, ID_MAX + 1));
    assert_false(id_from_redis(&id, "", 0));
    assert_true(id_from_redis(&id, "nightly-report", 14));
    assert_string_equal(id_print(&id, text), "nightly-report");
    assert_int_equal(id_created_ms(&id), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_a_thread_ascend_and_are_of_now),
        cmocka_unit_test(buckets_are_small_and_few),
        cmocka_unit_test(ids_print_as_version_7_uuids),
        cmocka_unit_test(ids_are_unique_across_forks),
        cmocka_unit_test(uuids_survive_the_short_form_and_keep_their_order),
        cmocka_unit_test(parsing_takes_either_case_and_refuses_the_rest),
        cmocka_unit_test(foreign_ids_are_carried_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
