/* Allocation that cannot fail: running out of memory logs one line and aborts. Sizes from outside
 * are checked against a limit before they come here. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull)); /* uninitialised */
void *mem_zero(size_t size) __attribute__((malloc, returns_nonnull));  /* zeroed */
void *mem_array(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull)); /* zeroed; checks the product */
void *mem_grow(void *old, size_t count, size_t size)
    __attribute__((returns_nonnull)); /* realloc of count * size */
char *mem_text(const char *c_string) __attribute__((malloc, returns_nonnull)); /* strdup */
char *mem_printf(const char *format, ...)
    __attribute__((malloc, format(printf, 1, 2), returns_nonnull));
/* Frees with free(3). */

#endif
