/* Modules: shared objects with tasks, loaded into a process that runs them.
 *
 * A module's life: load, process_setup (once), thread_setup in each thread, tasks, thread_clear,
 * process_clear. Loading is done by one thread; after that a set is only read, by any number of
 * threads. Modules that were loaded stay mapped until the process ends, since the libraries beneath
 * them may keep threads and exit handlers. */
#ifndef CLIENT_MODULE_H
#define CLIENT_MODULE_H

#include "client/celeriac_task.h"
#include "common/error.h"

struct module_set;
struct module_copies;

struct module_set *module_set_new(void);
void module_set_free(struct module_set *set); /* after process_clear */

/* Loads one file. `name` with a '/' or ending in ".so" is a path; a plain word such as "basics" is
 * looked for as basics.so in the directories of the environment variable CELERIAC_MODULE_PATH
 * (separated by ':'), then in `dir` (NULL: nowhere else). ERROR_CONFIG: one line with the file and
 * the reason; the set is as it was. */
bool module_set_load(struct module_set *set, const char *name, const char *dir, struct error *err);
/* From the copy of that name (client/module_copies.h) if its file has changed; without one as
 * above. */
bool module_set_load_kept(struct module_set *set, const char *name, const char *dir,
                          const struct module_copies *copies, struct error *err);
/* The path of that file, for the caller to free; NULL and ERROR_CONFIG: there is none. */
char *module_path(const char *name, const char *dir, struct error *err);
/* A module that is linked into the program. `origin` stands for the file in messages. Both must
 * outlive the set. */
bool module_set_add(struct module_set *set, const struct celeriac_module *module,
                    const char *origin, struct error *err);

/* Runs process_setup of all, in the order of loading; if one fails, those before it are cleared
 * again. */
bool module_set_process_setup(struct module_set *set, struct error *err);
void module_set_process_clear(struct module_set *set); /* in reverse order */
/* For one thread, called in it: fills `states[module_set_count]`. As above. */
bool module_set_thread_setup(const struct module_set *set, void **states, struct error *err);
void module_set_thread_clear(const struct module_set *set, void **states);

struct module_task {
    const struct celeriac_task *task;
    size_t module; /* index of its thread state */
};
/* NULL if no module has it. The name need not be NUL-terminated. */
const struct module_task *module_set_find(const struct module_set *set, const char *name,
                                          size_t len);

size_t module_set_count(const struct module_set *set);      /* modules */
size_t module_set_task_count(const struct module_set *set); /* tasks of all */
const struct module_task *module_set_task_at(const struct module_set *set,
                                             size_t i); /* by name, ascending */
const struct celeriac_module *module_set_at(const struct module_set *set, size_t i);
const char *module_set_origin(const struct module_set *set,
                              size_t i); /* the file, as it was opened */

#endif
