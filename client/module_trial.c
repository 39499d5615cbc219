/* Trying modules.
 *
 *     caller ---- fork --> child: load all, set up all, clear all, exit 0
 *        `---- note ---------'    (shared memory)
 *
 * Before each step the child notes whose turn it is and what is done, so that its end, however it
 * came, is told by module and step. What the module said itself stands in the note too.
 *
 * The child leads a group of its own, which is killed when the trial is over: nothing that a set-up
 * starts outlives it. It has no descriptors but the standard ones, no handlers, nothing blocked;
 * what it prints goes to stderr. */
#include "client/module_trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/module.h"
#include "common/clock.h"
#include "common/mem.h"

enum { ORIGIN_SIZE = 256 };

/* Written by the child, read by the parent once the child has ended. */
struct trial_note {
    char origin[ORIGIN_SIZE]; /* of the module whose turn it is */
    char step[64];            /* "in the set-up of its process" */
    bool is_done;
    struct error refusal;
};

static void be_child(const struct module_list *modules, struct trial_note *note, pid_t parent)
    __attribute__((noreturn));
static bool try_all(const struct module_list *modules, struct trial_note *note, struct error *err);
static int await(struct module_trial *t);

bool
module_trial_run(const struct module_list *modules, int patience_ms, struct error *err)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    struct module_trial t = {.pid = 0};
    struct sigaction action; /* where SIGCHLD is ignored, nobody hears of a child's end */
    sigset_t child, before;

    MUST(sigaction(SIGCHLD, &usual, &action) == 0);
    MUST(sigemptyset(&child) == 0 && sigaddset(&child, SIGCHLD) == 0);
    MUST(sigprocmask(SIG_BLOCK, &child, &before) == 0);
    const bool is_good =
        module_trial_start(&t, modules, patience_ms, err) && module_trial_end(&t, await(&t), err);
    MUST(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
    MUST(sigaction(SIGCHLD, &action, NULL) == 0);
    return is_good;
}

bool
module_trial_start(struct module_trial *t, const struct module_list *modules, int patience_ms,
                   struct error *err)
{
    const pid_t parent = getpid();
    struct trial_note *note =
        mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (note == MAP_FAILED)
        return error_set_errno(err, ERROR_UNAVAILABLE, "cannot try the modules: mmap");
    (void)fflush(NULL); /* a module that calls exit would print it again */
    const pid_t pid = fork();
    if (pid == 0)
        be_child(modules, note, parent);
    if (pid < 0) {
        (void)error_set_errno(err, ERROR_UNAVAILABLE, "cannot try the modules: fork");
        (void)munmap(note, sizeof(*note));
        return false;
    }
    (void)setpgid(pid, pid); /* here as well: whoever comes first */
    *t = (struct module_trial){
        .pid = pid, .deadline_ms = clock_mono_ms() + patience_ms, .note = note};
    return true;
}

void
module_trial_kill(struct module_trial *t)
{
    if (t->pid == 0 || t->is_late)
        return;
    t->is_late = true;
    (void)kill(-t->pid, SIGKILL);
    (void)kill(t->pid, SIGKILL); /* should it not lead its group yet */
}

/* Why the child did not come to the end of the trial. */
static bool
explain(const struct module_trial *t, int status, struct error *err)
{
    const struct trial_note *n = t->note;

    if (n->refusal.code != ERROR_NONE)
        return error_set(err, n->refusal.code, "%.*s", ERROR_MESSAGE_MAX - 1, n->refusal.message);
    if (t->is_late)
        return error_set(err, ERROR_CONFIG, "module %s: took too long %s", n->origin, n->step);
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        return error_set(err, ERROR_CONFIG, "module %s: crashed with SIG%s %s", n->origin,
                         name != NULL ? name : "?", n->step);
    }
    return error_set(err, ERROR_CONFIG, "module %s: ended its process with exit code %d %s",
                     n->origin, WEXITSTATUS(status), n->step);
}

bool
module_trial_end(struct module_trial *t, int status, struct error *err)
{
    MUST(t->note != NULL);
    const bool is_good = t->note->is_done || explain(t, status, err);

    (void)kill(-t->pid, SIGKILL); /* what a set-up has started */
    (void)munmap(t->note, sizeof(*t->note));
    *t = (struct module_trial){.pid = 0};
    return is_good;
}

/* SIGCHLD is blocked. */
static int
await(struct module_trial *t)
{
    sigset_t child;
    int status = 0;

    MUST(sigemptyset(&child) == 0 && sigaddset(&child, SIGCHLD) == 0);
    for (;;) {
        const pid_t ended = waitpid(t->pid, &status, WNOHANG);
        if (ended == t->pid || (ended < 0 && errno != EINTR))
            return status;
        const int64_t left_ms = t->deadline_ms - clock_mono_ms();
        if (left_ms <= 0)
            module_trial_kill(t);
        const int64_t pause_ms = left_ms > 0 ? left_ms : 1000;
        const struct timespec pause = {.tv_sec = pause_ms / 1000,
                                       .tv_nsec = pause_ms % 1000 * 1000000};
        (void)sigtimedwait(&child, NULL, &pause);
    }
}

/* ---- the child ---- */

static void
reset_signals(void)
{
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void)signal(number, SIG_DFL);
    MUST(sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0);
}

static void
be_child(const struct module_list *modules, struct trial_note *note, pid_t parent)
{
    struct error err = ERROR_INIT;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before that line */
        _exit(EXIT_FAILURE);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_NAME, "module trial");
    (void)close_range(STDERR_FILENO + 1, ~0u, 0);
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    reset_signals();
    const bool is_prepared = modules->prepare == NULL || modules->prepare(modules->arg, &err);
    note->is_done = is_prepared && try_all(modules, note, &err);
    if (!note->is_done)
        note->refusal = err;
    _exit(note->is_done ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
say_step(struct trial_note *note, const char *origin, const char *step)
{
    (void)snprintf(note->origin, sizeof(note->origin), "%s", origin);
    (void)snprintf(note->step, sizeof(note->step), "%s", step);
}

/* One set for each module of `all`: what is done to a set is done to one module, whose name is
 * known then. */
static struct module_set **
take_apart(const struct module_set *all, struct error *err)
{
    struct module_set **one = mem_array(module_set_count(all) + 1, sizeof(struct module_set *));

    for (size_t i = 0; i < module_set_count(all); i++) {
        one[i] = module_set_new();
        MUST(module_set_add(one[i], module_set_at(all, i), module_set_origin(all, i), err));
    }
    return one;
}

/* After a refusal nothing is freed: the process ends with it. */
static bool
try_all(const struct module_list *modules, struct trial_note *note, struct error *err)
{
    struct module_set *all = module_set_new();

    for (size_t i = 0; i < modules->n; i++) {
        say_step(note, modules->names[i], "while it was loaded");
        if (!module_set_load_kept(all, modules->names[i], modules->dir, modules->copies, err))
            return false;
    }
    const size_t n = module_set_count(all);
    struct module_set **one = take_apart(all, err);
    void **states = mem_array(n + 1, sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        say_step(note, module_set_origin(all, i), "in the set-up of its process");
        if (!module_set_process_setup(one[i], err))
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        say_step(note, module_set_origin(all, i), "in the set-up of a thread");
        if (!module_set_thread_setup(one[i], &states[i], err))
            return false;
    }
    for (size_t i = n; i-- > 0;) {
        say_step(note, module_set_origin(all, i), "while its thread was cleared");
        module_set_thread_clear(one[i], &states[i]);
    }
    for (size_t i = n; i-- > 0;) {
        say_step(note, module_set_origin(all, i), "while its process was cleared");
        module_set_process_clear(one[i]);
        module_set_free(one[i]);
    }
    module_set_free(all);
    free(one);
    free(states);
    return true;
}
