/* Stacks of threads.
 *
 *   asker --rt_tgsigqueueinfo(number)--> handler in the thread: backtrace(3) into its own memory,
 *     |                                  then, if that number is still wanted, into the place
 *     `--- semaphore, with a deadline <--'
 *
 * The number makes late answers harmless: a thread that comes out of the kernel when nobody waits
 * any more finds another number and leaves the place alone. backtrace is safe in a handler once it
 * has loaded the unwinder, which stack_install makes it do: from then on it takes no lock but, with
 * an old libc, the recursive one of the dynamic loader, and allocates nothing. SA_RESTART lets
 * system calls go on; those that never do (sleeping, polling) return EINTR to the task, which
 * docs/tasks.md says.
 *
 * Names come from the symbol tables of the files that are mapped, by libdw; static functions have
 * theirs there, too, unless a file was stripped.
 *
 * File-static variables: a signal handler has no other way to its data. */
#include "worker/stack.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "common/mem.h"

/* The handler and what called it: not what the thread was doing. */
enum { FRAMES_OF_HANDLER = 2, WANTED = 1, TAKEN = 2, DONE = 3, STEP = 4 };

static struct {
    atomic_uint state; /* STEP * number + one of those above; 0 above: nobody waits */
    sem_t answered;
    struct stack stack;
} place;

struct stack_names {
    Dwfl *session;
};

int
stack_signal(void)
{
    return SIGRTMAX - 1;
}

static void
on_asked(int number, siginfo_t *info, void *context)
{
    const int kept = errno;
    const unsigned wanted = (unsigned)info->si_value.sival_int;
    unsigned now = wanted, taken = wanted - WANTED + TAKEN;
    void *frames[STACK_FRAMES_MAX + FRAMES_OF_HANDLER];
    (void)number, (void)context;

    const int n = backtrace(frames, STACK_FRAMES_MAX + FRAMES_OF_HANDLER);
    if (n > FRAMES_OF_HANDLER && atomic_compare_exchange_strong(&place.state, &now, taken)) {
        place.stack.n = (size_t)n - FRAMES_OF_HANDLER;
        memcpy(place.stack.frames, frames + FRAMES_OF_HANDLER,
               place.stack.n * sizeof(place.stack.frames[0]));
        (void)atomic_compare_exchange_strong(&place.state, &taken, wanted - WANTED + DONE);
        (void)sem_post(&place.answered);
    }
    errno = kept;
}

void
stack_install(void)
{
    struct sigaction action = {.sa_sigaction = on_asked,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    void *frames[2];

    (void)backtrace(frames, 2); /* loads the unwinder */
    MUST(sem_init(&place.answered, 0, 0) == 0);
    MUST(sigemptyset(&action.sa_mask) == 0 && sigaction(stack_signal(), &action, NULL) == 0);
}

static bool
ask(pid_t thread, unsigned wanted)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = (int)wanted;
    return syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, stack_signal(), &info) == 0;
}

static bool
await(unsigned wanted, int wait_ms)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until); /* sem_timedwait knows no other */
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (atomic_load(&place.state) != wanted - WANTED + DONE) {
        if (sem_timedwait(&place.answered, &until) != 0 && errno == ETIMEDOUT)
            return false;
    }
    return true;
}

bool
stack_take(pid_t thread, int wait_ms, struct stack *out)
{
    const unsigned closed = atomic_load(&place.state) / STEP * STEP + STEP;
    const unsigned wanted = closed + WANTED;

    if (thread == (pid_t)syscall(SYS_gettid)) {
        const int n = backtrace(out->frames, STACK_FRAMES_MAX);
        out->n = n > 0 ? (size_t)n : 0;
        return true;
    }
    atomic_store(&place.state, wanted);
    const bool is_there = ask(thread, wanted) && await(wanted, wait_ms);
    if (is_there)
        *out = place.stack;
    atomic_store(&place.state, closed);
    return is_there;
}

/* ---- names ---- */

/* No debugging information is looked for, least of all on the network. */
static int
find_nothing(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, const char *file,
             const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc;
    (void)found;
    return -1;
}

struct stack_names *
stack_names_open(void)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_linux_proc_find_elf,
                                             .find_debuginfo = find_nothing};
    Dwfl *session = dwfl_begin(&callbacks);
    struct stack_names *names;

    if (session == NULL)
        return NULL;
    if (dwfl_linux_proc_report(session, getpid()) != 0 ||
        dwfl_report_end(session, NULL, NULL) != 0) {
        dwfl_end(session);
        return NULL;
    }
    names = mem_zero(sizeof(*names));
    names->session = session;
    return names;
}

void
stack_names_close(struct stack_names *names)
{
    if (names == NULL)
        return;
    dwfl_end(names->session);
    free(names);
}

static const char *
file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A return address lies behind the call, perhaps in the next function. */
static int
print_frame(Dwfl *session, uintptr_t address, bool is_innermost, char *out, size_t size)
{
    const Dwarf_Addr at = address - !is_innermost;
    Dwfl_Module *module = session != NULL ? dwfl_addrmodule(session, at) : NULL;
    Dwarf_Addr begin = 0;
    GElf_Off offset = 0;
    GElf_Sym symbol;

    if (module == NULL)
        return snprintf(out, size, "%#lx", (unsigned long)address);
    const char *file =
        file_of(dwfl_module_info(module, NULL, &begin, NULL, NULL, NULL, NULL, NULL));
    const char *name = dwfl_module_addrinfo(module, at, &offset, &symbol, NULL, NULL, NULL);
    if (name == NULL)
        return snprintf(out, size, "%s+%#lx", file, (unsigned long)(address - begin));
    return snprintf(out, size, "%s+%#lx %s", name, (unsigned long)(offset + !is_innermost), file);
}

const char *
stack_print(const struct stack *stack, struct stack_names *names, char *out)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < stack->n && len + 1 < STACK_TEXT_MAX; i++) {
        if (i > 0)
            len += (size_t)snprintf(out + len, STACK_TEXT_MAX - len, " < ");
        if (len + 1 >= STACK_TEXT_MAX)
            break;
        const int n =
            print_frame(names != NULL ? names->session : NULL, (uintptr_t)stack->frames[i], i == 0,
                        out + len, STACK_TEXT_MAX - len);
        len += n > 0 ? (size_t)n : 0;
    }
    return out;
}
