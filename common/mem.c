/* Allocation that cannot fail.
 *
 * A process that has run out of memory cannot do anything sensible with the job in its hands, but
 * the job is safe in Redis: so the process says why and ends, and its parent starts another one.
 * The last words are written without allocating. */
#include "common/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void out_of_memory(size_t size) __attribute__((noreturn));

void *
mem_alloc(size_t size)
{
    void *p = malloc(size > 0 ? size : 1);

    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *
mem_zero(size_t size)
{
    return mem_array(1, size);
}

void *
mem_array(size_t count, size_t size)
{
    void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

    if (p == NULL)
        out_of_memory(size > 0 && count > SIZE_MAX / size ? SIZE_MAX : count * size);
    return p;
}

void *
mem_grow(void *old, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size)
        out_of_memory(SIZE_MAX);
    size_t bytes = count * size;
    void *p = realloc(old, bytes > 0 ? bytes : 1);
    if (p == NULL)
        out_of_memory(bytes);
    return p;
}

char *
mem_text(const char *c_string)
{
    size_t size = strlen(c_string) + 1;

    return memcpy(mem_alloc(size), c_string, size);
}

char *
mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0 || text == NULL)
        out_of_memory(0);
    return text;
}

static void
out_of_memory(size_t size)
{
    char line[96];
    int len = snprintf(line, sizeof line, "level=error event=out_of_memory bytes=%zu\n", size);

    if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
        abort();
    abort();
}
