/* Arena: a chain of blocks that are filled from the front.
 *
 *     arena + first block (1 KiB in one allocation)  ->  2 KiB  ->  4 KiB ... 64 KiB  ->  64 KiB
 * ...
 *
 * A job's arguments, scratch and result live in one arena, most jobs fit the first block, and so
 * cost one malloc. What is larger than half a block gets a block of its own, which leaves the room
 * at the end of the current one in use.
 *
 * Under AddressSanitizer the free part of a block is poisoned and allocations are kept apart, so
 * that reading past the end of one is found although they share a block. */
#include "common/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/celeriac_value.h"
#include "common/error.h"
#include "common/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#define POISON(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
enum { GAP = 0 };
#define POISON(at, size) ((void)0)
#define UNPOISON(at, size) ((void)0)
#endif

enum { ALIGN = 16, FIRST_BLOCK = 1024, BLOCK_MAX = 64 * 1024 };

struct block {
    struct block *next; /* older */
    size_t size;        /* bytes behind the header */
};

struct celeriac_arena {
    char *at, *end;       /* free part of the current block */
    struct block *blocks; /* all but the first one, newest first */
    size_t used;
    size_t next_size; /* of the next block, with header */
};

static char *first_room(struct celeriac_arena *a);
static void *alloc_in_new_block(struct celeriac_arena *a, size_t size);
static struct block *add_block(struct celeriac_arena *a, size_t size);
static void free_blocks(struct celeriac_arena *a);

struct celeriac_arena *
arena_new(void)
{
    struct celeriac_arena *a = mem_alloc(FIRST_BLOCK);

    a->blocks = NULL;
    arena_clear(a);
    return a;
}

void
arena_free(struct celeriac_arena *a)
{
    if (a == NULL)
        return;
    free_blocks(a);
    UNPOISON(a, FIRST_BLOCK);
    free(a);
}

void
arena_clear(struct celeriac_arena *a)
{
    free_blocks(a);
    a->at = first_room(a);
    a->end = (char *)a + FIRST_BLOCK;
    a->used = 0;
    a->next_size = 2 * FIRST_BLOCK;
    POISON(a->at, (size_t)(a->end - a->at));
}

void *
arena_alloc(struct celeriac_arena *a, size_t size)
{
    MUST(size <= PTRDIFF_MAX - ALIGN - GAP);
    size_t padded = (size + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    a->used += size;
    if (padded > (size_t)(a->end - a->at))
        return alloc_in_new_block(a, size);
    void *p = a->at;
    a->at += padded;
    UNPOISON(p, size);
    return p;
}

void *
arena_copy(struct celeriac_arena *a, const void *data, size_t len)
{
    void *p = arena_alloc(a, len);

    if (len > 0)
        memcpy(p, data, len);
    return p;
}

char *
arena_text(struct celeriac_arena *a, const char *text, size_t len)
{
    char *p = arena_alloc(a, len + 1);

    if (len > 0)
        memcpy(p, text, len);
    p[len] = '\0';
    return p;
}

char *
arena_printf(struct celeriac_arena *a, const char *format, ...)
{
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    MUST(len >= 0);
    char *text = arena_alloc(a, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

size_t
arena_used(const struct celeriac_arena *a)
{
    return a->used;
}

struct celeriac_arena *
celeriac_arena_new(void)
{
    return arena_new();
}

void
celeriac_arena_free(struct celeriac_arena *arena)
{
    arena_free(arena);
}

static char *
first_room(struct celeriac_arena *a)
{
    return (char *)a + ((sizeof *a + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

static void *
alloc_in_new_block(struct celeriac_arena *a, size_t size)
{
    size_t padded = (size + GAP + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    if (padded > a->next_size / 2) { /* of its own; the current block stays current */
        char *own = (char *)(add_block(a, padded) + 1);
        POISON(own + size, padded - size);
        return own;
    }
    struct block *b = add_block(a, a->next_size - sizeof *b);
    if (a->next_size < BLOCK_MAX)
        a->next_size *= 2;
    char *p = (char *)(b + 1);
    a->at = p + padded;
    a->end = p + b->size;
    POISON(p + size, b->size - size);
    return p;
}

static struct block *
add_block(struct celeriac_arena *a, size_t size)
{
    struct block *b = mem_alloc(sizeof *b + size);

    b->next = a->blocks;
    b->size = size;
    a->blocks = b;
    return b;
}

static void
free_blocks(struct celeriac_arena *a)
{
    while (a->blocks != NULL) {
        struct block *b = a->blocks;
        a->blocks = b->next;
        UNPOISON(b, sizeof *b + b->size);
        free(b);
    }
}
