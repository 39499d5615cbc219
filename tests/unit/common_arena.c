/* Arenas, buffers and allocation. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/arena.h"
#include "common/buffer.h"
#include "common/mem.h"

static void
arena_gives_aligned_room_of_any_size(void **state)
{
    struct celeriac_arena *a = arena_new();
    size_t sum = 0;

    (void)state;
    for (size_t size = 0; size < 300000; size = size * 3 / 2 + 1) {
        char *p = arena_alloc(a, size);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 0x5a, size);
        sum += size;
    }
    assert_int_equal(arena_used(a), sum);
    arena_free(a);
}

static void
arena_keeps_allocations_apart(void **state)
{
    enum { COUNT = 5000 };
    static unsigned char *parts[COUNT];
    struct celeriac_arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        parts[i] = arena_alloc(a, i % 97);
        memset(parts[i], (int)(i & 0xff), i % 97);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i % 97; j++)
            assert_int_equal(parts[i][j], i & 0xff);
    arena_free(a);
}

static void
arena_clear_forgets_and_reuses_the_first_block(void **state)
{
    struct celeriac_arena *a = arena_new();
    void *first = arena_alloc(a, 100);

    (void)state;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 100; i++)
            memset(arena_alloc(a, 1000), round, 1000);
        arena_clear(a);
        assert_int_equal(arena_used(a), 0);
        assert_ptr_equal(arena_alloc(a, 100), first);
    }
    arena_free(a);
    arena_free(NULL);
}

static void
arena_copies_and_prints_text(void **state)
{
    struct celeriac_arena *a = arena_new();

    (void)state;
    assert_string_equal(arena_text(a, "abcdef", 3), "abc");
    assert_string_equal(arena_text(a, NULL, 0), "");
    assert_memory_equal(arena_copy(a, "x\0y", 3), "x\0y", 3);
    assert_non_null(arena_copy(a, NULL, 0));
    assert_string_equal(arena_printf(a, "%s-%d", "job", 7), "job-7");
    assert_int_equal(strlen(arena_printf(a, "%5000d", 1)), 5000);
    arena_free(a);
}

static void
buffer_grows_and_keeps_its_bytes(void **state)
{
    struct buffer b = BUFFER_INIT;

    (void)state;
    buffer_append(&b, NULL, 0);
    assert_int_equal(b.len, 0);
    for (int i = 0; i < 10000; i++)
        buffer_append_char(&b, (char)('a' + i % 26));
    buffer_append_text(&b, "end");
    assert_int_equal(b.len, 10003);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    assert_memory_equal(b.data + 10000, "end", 3);
    buffer_clear(&b);
    assert_null(b.data);
    buffer_append(&b, "again", 5);
    assert_int_equal(b.len, 5);
    buffer_clear(&b);
}

static void
mem_gives_zeroed_and_copied_memory(void **state)
{
    int *zeroed = mem_array(1000, sizeof *zeroed);
    char *text = mem_text("text"), *printed = mem_printf("%d jobs", 3);

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zeroed[i], 0);
    zeroed = mem_grow(zeroed, 2000, sizeof *zeroed);
    assert_int_equal(zeroed[999], 0);
    assert_string_equal(text, "text");
    assert_string_equal(printed, "3 jobs");
    free(zeroed);
    free(text);
    free(printed);
    free(mem_zero(0));
    free(mem_alloc(0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_aligned_room_of_any_size),
        cmocka_unit_test(arena_keeps_allocations_apart),
        cmocka_unit_test(arena_clear_forgets_and_reuses_the_first_block),
        cmocka_unit_test(arena_copies_and_prints_text),
        cmocka_unit_test(buffer_grows_and_keeps_its_bytes),
        cmocka_unit_test(mem_gives_zeroed_and_copied_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
