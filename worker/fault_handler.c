/* Fault handler. The thread that faults notes its slot and the signal in the scoreboard, which
 * outlives the process, and dies of the same signal by its default action (so there is a core file
 * if the system wants one). Two atomic stores and nothing else: the process is broken. Each compute
 * thread has its own alternate stack, since the fault may be a stack overflow. The first of several
 * threads that fault at once is the culprit.
 *
 * An exit(3) called by a task ends the process as surely; an exit handler notes the slot of the
 * thread that called. */
#include "worker/fault_handler.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/mem.h"

enum { ALTERNATE_STACK = 64 * 1024 };

static struct scoreboard *blamed_board;    /* signal plumbing: a handler gets no argument */
static _Thread_local unsigned blamed_slot; /* slot + 1; 0: no compute thread */
static _Thread_local void *alternate_stack;

static void
note(int signal)
{
    uint32_t none = 0;
    if (blamed_slot != 0 &&
        atomic_compare_exchange_strong(&blamed_board->fault_slot, &none, blamed_slot))
        atomic_store(&blamed_board->fault_signal, signal);
}

static void
on_fault(int signal)
{
    note(signal);
    (void)raise(signal); /* SA_RESETHAND: the default action now; SA_NODEFER: at once */
}

static void
on_exit_called(void)
{
    note(0);
}

void
fault_handler_install(struct scoreboard *board)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_fault,
                               .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER};

    blamed_board = board;
    MUST(sigemptyset(&action.sa_mask) == 0);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        MUST(sigaction(faults[i], &action, NULL) == 0);
    MUST(atexit(on_exit_called) == 0);
}

void
fault_handler_begin_thread(unsigned slot)
{
    alternate_stack = mem_alloc(ALTERNATE_STACK);
    const stack_t stack = {.ss_sp = alternate_stack, .ss_size = ALTERNATE_STACK};
    MUST(sigaltstack(&stack, NULL) == 0);
    blamed_slot = slot + 1;
}

void
fault_handler_end_thread(void)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    blamed_slot = 0;
    MUST(sigaltstack(&none, NULL) == 0);
    free(alternate_stack);
    alternate_stack = NULL;
}

const char *
fault_signal_name(int signal)
{
    static _Thread_local char number[16];
    const char *name = sigabbrev_np(signal);
    if (name != NULL)
        return name;
    (void)snprintf(number, sizeof(number), "%d", signal);
    return number;
}
