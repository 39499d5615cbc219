/* Task allocate: takes memory, touches every page of it, holds it for a while and gives it
 * back. Memory limits are tested with it. */
#include "worker/tasks/basics/basics.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGES_BETWEEN_POLLS = 4096 };

/* False: cancelled on the way. */
static bool
touch(struct celeriac_context *ctx, volatile char *memory, size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t at = 0, n = 0; at < bytes; at += page, n++) {
        memory[at] = 1;
        if (n % PAGES_BETWEEN_POLLS == 0) {
            celeriac_progress(ctx, (double)at / (double)bytes);
            if (celeriac_cancelled(ctx))
                return false;
        }
    }
    return true;
}

enum celeriac_outcome
allocate_run(struct celeriac_context *ctx)
{
    const size_t bytes = (size_t)celeriac_arg_integer(ctx, 0);
    if (bytes > 0) {
        void *memory =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return celeriac_fail(ctx, "no_memory", "%zu bytes: %s", bytes, strerrorname_np(errno));
        const bool is_done =
            touch(ctx, memory, bytes) && sleep_for(ctx, celeriac_arg_number(ctx, 1));
        munmap(memory, bytes);
        if (!is_done)
            return celeriac_stop(ctx);
    }
    return celeriac_return(ctx, celeriac_integer(celeriac_arena(ctx), (int64_t)bytes));
}
