/* Trying modules in a process that is thrown away, before anybody depends on them: a module that
 * crashes, ends its process or hangs in its set-up is told by name, and takes nobody along.
 *
 * The process that tries must have one thread. */
#ifndef CLIENT_MODULE_TRIAL_H
#define CLIENT_MODULE_TRIAL_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct module_copies;

struct module_list {
    const char *const *names; /* as for module_set_load, in this order */
    size_t n;
    const char *dir;
    const struct module_copies *copies; /* NULL: none */
    /* Called first in the process that tries; may be NULL. */
    bool (*prepare)(const void *arg, struct error *err);
    const void *arg;
};

struct trial_note;

/* A trial under way; zeroed: none. */
struct module_trial {
    pid_t pid;           /* 0: none */
    int64_t deadline_ms; /* CLOCK_MONOTONIC: then call module_trial_kill */
    bool is_late;
    struct trial_note *note;
};

enum { MODULE_TRIAL_MS = 10000 }; /* what loading and set-up of all modules may take */

/* Loads all, sets all up, for one thread too, and clears them again. False: why not, with the
 * module and the step; ERROR_CONFIG if that lies in a module. */
bool module_trial_run(const struct module_list *modules, int patience_ms, struct error *err);

/* The same for those who must not wait. The caller reaps the child and calls module_trial_end with
 * its status from wait(2). Nothing of `modules` is kept. */
bool module_trial_start(struct module_trial *t, const struct module_list *modules, int patience_ms,
                        struct error *err);
void module_trial_kill(struct module_trial *t); /* too late, or wanted no more; reap it then */
bool module_trial_end(struct module_trial *t, int status, struct error *err);

#endif
