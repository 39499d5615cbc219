/* Arena: memory that is given back all at once. The public names (common/celeriac_value.h) are
 * implemented here. Not shared between threads. */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stddef.h>

struct celeriac_arena;

struct celeriac_arena *arena_new(void); /* one small block to begin with */
void arena_free(struct celeriac_arena *a);
/* Forgets all allocations, keeps the first block for the next use. */
void arena_clear(struct celeriac_arena *a);
void *arena_alloc(struct celeriac_arena *a, size_t size)
    __attribute__((malloc, returns_nonnull)); /* aligned to 16 */
void *arena_copy(struct celeriac_arena *a, const void *data, size_t len)
    __attribute__((returns_nonnull));
char *arena_text(struct celeriac_arena *a, const char *text, size_t len)
    __attribute__((returns_nonnull)); /* + NUL */
char *arena_printf(struct celeriac_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
size_t arena_used(const struct celeriac_arena *a); /* bytes handed out since the last clear */

#endif
