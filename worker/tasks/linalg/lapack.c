/* Loading LAPACK.
 *
 * OpenBLAS, the usual BLAS beneath it, starts a thread for each core when it is loaded, and takes 4
 * MB at once, 30 MB with its first use. So it is loaded by the first job that needs it, in a
 * process that has its final threads, and OPENBLAS_NUM_THREADS=1 is set before: the cores belong to
 * the worker's own threads. A process that runs no such job pays nothing. Other implementations
 * beneath the same names (the reference ones) do as well, slowly. It stays loaded until the process
 * ends. */
#include "worker/tasks/linalg/lapack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct lapack functions;
static bool is_loaded;
static char reason[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* A function pointer out of dlsym's data pointer. */
static bool
find(void *library, const char *name, void *slot)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL)
        (void)snprintf(reason, sizeof(reason), "liblapacke.so.3 has no %s", name);
    *(void **)slot = symbol;
    return symbol != NULL;
}

static bool
find_all(void *library)
{
#define LAPACK_FIND(name)                                                                          \
    if (!find(library, "LAPACKE_" #name, &functions.name))                                         \
        return false;
    LAPACK_FUNCTIONS(LAPACK_FIND)
#undef LAPACK_FIND
    return find(library, "dgemm_", &functions.gemm) && find(library, "dtrsm_", &functions.trsm);
}

static void
load(void)
{
    void *library = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        (void)snprintf(reason, sizeof(reason), "%s", dlerror());
        return;
    }
    void (*set_threads)(int) = NULL;
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    if (set_threads != NULL)
        set_threads(1);
    is_loaded = find_all(library);
}

void
lapack_prepare(void)
{
    (void)setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

const struct lapack *
lapack_get(struct celeriac_context *ctx, enum celeriac_outcome *end)
{
    (void)pthread_once(&once, load);
    if (!is_loaded)
        *end = celeriac_fail(ctx, "not_available", "LAPACK cannot be loaded: %s", reason);
    return is_loaded ? &functions : NULL;
}
