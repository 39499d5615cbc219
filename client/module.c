/* Loading modules and finding tasks in them.
 *
 * RTLD_NOW, so that a missing symbol is an error of the start and not a crash in the middle of a
 * job; RTLD_LOCAL, so that modules do not see each other. A module is looked through completely
 * before the set changes. Tasks of all modules stand in one array sorted by name; a look-up is a
 * binary search.
 *
 * Modules call back into the program that loaded them (celeriac_task.h). A linker takes only those
 * parts of a static library that are referred to; `provided` refers to all of them. The program
 * must also export them (ENABLE_EXPORTS in CMake). */
#include "client/module.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/module_copies.h"
#include "client/module_file.h"
#include "client/signature.h"
#include "common/mem.h"

enum { TASKS_MAX = 4096, WHY_MAX = 256 };

struct loaded {
    const struct celeriac_module *module;
    char *origin;
};

struct module_set {
    struct loaded *modules;
    size_t n_modules;
    struct module_task *tasks; /* by name, ascending */
    size_t n_tasks;
    bool is_set_up;
};

static const struct celeriac_module *open_file(const char *path, struct error *err);
static bool module_check(const struct celeriac_module *module, struct error *err);
static bool names_are_new(const struct module_set *set, const struct celeriac_module *module,
                          struct error *err);
static void insert_task(struct module_set *set, const struct celeriac_task *task);

typedef void provided_fn(void);
#define PROVIDED(name) ((provided_fn *)name)
static provided_fn *const provided[] __attribute__((used)) = {
    PROVIDED(celeriac_arena_new),   PROVIDED(celeriac_arena_free),   PROVIDED(celeriac_null),
    PROVIDED(celeriac_boolean),     PROVIDED(celeriac_integer),      PROVIDED(celeriac_number),
    PROVIDED(celeriac_bigint),      PROVIDED(celeriac_string),       PROVIDED(celeriac_text),
    PROVIDED(celeriac_binary),      PROVIDED(celeriac_array),        PROVIDED(celeriac_object),
    PROVIDED(celeriac_append),      PROVIDED(celeriac_set),          PROVIDED(celeriac_type),
    PROVIDED(celeriac_get_boolean), PROVIDED(celeriac_get_integer),  PROVIDED(celeriac_get_number),
    PROVIDED(celeriac_bytes),       PROVIDED(celeriac_size),         PROVIDED(celeriac_at),
    PROVIDED(celeriac_get),         PROVIDED(celeriac_entry),        PROVIDED(celeriac_parse),
    PROVIDED(celeriac_print),       PROVIDED(celeriac_arena),        PROVIDED(celeriac_arg),
    PROVIDED(celeriac_arg_integer), PROVIDED(celeriac_arg_number),   PROVIDED(celeriac_arg_boolean),
    PROVIDED(celeriac_arg_string),  PROVIDED(celeriac_cancelled),    PROVIDED(celeriac_stop),
    PROVIDED(celeriac_progress),    PROVIDED(celeriac_return),       PROVIDED(celeriac_fail),
    PROVIDED(celeriac_reject),      PROVIDED(celeriac_again),        PROVIDED(celeriac_job_id),
    PROVIDED(celeriac_attempt),     PROVIDED(celeriac_thread_state),
};

struct module_set *
module_set_new(void)
{
    return mem_zero(sizeof(struct module_set));
}

void
module_set_free(struct module_set *set)
{
    if (set == NULL)
        return;
    MUST(!set->is_set_up);
    for (size_t i = 0; i < set->n_modules; i++)
        free(set->modules[i].origin);
    free(set->modules);
    free(set->tasks);
    free(set);
}

bool
module_set_load(struct module_set *set, const char *name, const char *dir, struct error *err)
{
    char *path = module_path(name, dir, err);
    if (path == NULL)
        return false;
    const struct celeriac_module *module = open_file(path, err);
    const bool is_loaded = module != NULL && module_set_add(set, module, path, err);
    free(path);
    return is_loaded;
}

bool
module_set_load_kept(struct module_set *set, const char *name, const char *dir,
                     const struct module_copies *copies, struct error *err)
{
    struct module_source source;

    if (!module_copies_find(copies, name, &source))
        return module_set_load(set, name, dir, err);
    const struct celeriac_module *module = open_file(source.file, err);
    return module != NULL && module_set_add(set, module, source.path, err);
}

bool
module_set_add(struct module_set *set, const struct celeriac_module *module, const char *origin,
               struct error *err)
{
    MUST(!set->is_set_up);
    if (!module_check(module, err) || !names_are_new(set, module, err))
        return error_prefix(err, "module %s", origin);
    set->modules = mem_grow(set->modules, set->n_modules + 1, sizeof(*set->modules));
    set->modules[set->n_modules] = (struct loaded){module, mem_text(origin)};
    for (size_t i = 0; i < module->n_tasks; i++)
        insert_task(set, &module->tasks[i]);
    set->n_modules++;
    return true;
}

bool
module_set_process_setup(struct module_set *set, struct error *err)
{
    MUST(!set->is_set_up);
    for (size_t i = 0; i < set->n_modules; i++) {
        const struct celeriac_module *m = set->modules[i].module;
        char why[WHY_MAX] = "no reason given";
        if (m->process_setup == NULL || m->process_setup(why, sizeof(why)))
            continue;
        while (i-- > 0)
            if (set->modules[i].module->process_clear != NULL)
                set->modules[i].module->process_clear();
        return error_set(err, ERROR_CONFIG, "module %s: set-up failed: %s", m->name, why);
    }
    set->is_set_up = true;
    return true;
}

void
module_set_process_clear(struct module_set *set)
{
    if (!set->is_set_up)
        return;
    for (size_t i = set->n_modules; i-- > 0;)
        if (set->modules[i].module->process_clear != NULL)
            set->modules[i].module->process_clear();
    set->is_set_up = false;
}

static void
clear_states(const struct module_set *set, void **states, size_t n)
{
    while (n-- > 0) {
        const struct celeriac_module *m = set->modules[n].module;
        if (m->thread_clear != NULL)
            m->thread_clear(states[n]);
        states[n] = NULL;
    }
}

bool
module_set_thread_setup(const struct module_set *set, void **states, struct error *err)
{
    for (size_t i = 0; i < set->n_modules; i++) {
        const struct celeriac_module *m = set->modules[i].module;
        char why[WHY_MAX] = "no reason given";
        states[i] = NULL;
        if (m->thread_setup == NULL || m->thread_setup(&states[i], why, sizeof(why)))
            continue;
        clear_states(set, states, i);
        return error_set(err, ERROR_CONFIG, "module %s: set-up of a thread failed: %s", m->name,
                         why);
    }
    return true;
}

void
module_set_thread_clear(const struct module_set *set, void **states)
{
    clear_states(set, states, set->n_modules);
}

static int
compare(const char *name, size_t len, const char *task)
{
    const int order = strncmp(name, task, len);
    return order != 0 ? order : task[len] == '\0' ? 0 : -1;
}

/* The place of the name: where it stands, or where it would have to stand. */
static size_t
place(const struct module_set *set, const char *name, size_t len, bool *is_there)
{
    size_t low = 0, high = set->n_tasks;
    *is_there = false;
    while (low < high && !*is_there) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(name, len, set->tasks[middle].task->name);
        if (order == 0) {
            *is_there = true;
            low = middle;
        } else if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

const struct module_task *
module_set_find(const struct module_set *set, const char *name, size_t len)
{
    bool is_there;
    if (memchr(name, '\0', len) != NULL)
        return NULL;
    const size_t at = place(set, name, len, &is_there);
    return is_there ? &set->tasks[at] : NULL;
}

size_t
module_set_count(const struct module_set *set)
{
    return set->n_modules;
}

size_t
module_set_task_count(const struct module_set *set)
{
    return set->n_tasks;
}

const struct module_task *
module_set_task_at(const struct module_set *set, size_t i)
{
    return i < set->n_tasks ? &set->tasks[i] : NULL;
}

const struct celeriac_module *
module_set_at(const struct module_set *set, size_t i)
{
    return i < set->n_modules ? set->modules[i].module : NULL;
}

const char *
module_set_origin(const struct module_set *set, size_t i)
{
    return i < set->n_modules ? set->modules[i].origin : NULL;
}

static void
insert_task(struct module_set *set, const struct celeriac_task *task)
{
    bool is_there;
    const size_t at = place(set, task->name, strlen(task->name), &is_there);
    MUST(!is_there);
    set->tasks = mem_grow(set->tasks, set->n_tasks + 1, sizeof(*set->tasks));
    memmove(&set->tasks[at + 1], &set->tasks[at], (set->n_tasks - at) * sizeof(*set->tasks));
    set->tasks[at] = (struct module_task){task, set->n_modules};
    set->n_tasks++;
}

/* The file in one of the directories of a list; NULL if it is in none. */
static char *
find_in(const char *dirs, const char *name)
{
    while (dirs != NULL && *dirs != '\0') {
        const size_t len = strcspn(dirs, ":");
        char *path = mem_printf("%.*s/%s.so", (int)len, dirs, name);
        if (len > 0 && access(path, F_OK) == 0)
            return path;
        free(path);
        dirs += len + (dirs[len] == ':');
    }
    return NULL;
}

char *
module_path(const char *name, const char *dir, struct error *err)
{
    const size_t len = strlen(name);
    if (strchr(name, '/') != NULL)
        return mem_text(name);
    if (len > 3 && strcmp(name + len - 3, ".so") == 0)
        return mem_printf("./%s",
                          name); /* without a '/' dlopen would search the system's libraries */
    const char *listed = getenv("CELERIAC_MODULE_PATH");
    char *path = find_in(listed, name);
    if (path == NULL)
        path = find_in(dir, name);
    if (path == NULL)
        (void)error_set(err, ERROR_CONFIG, "module %.80s: no file %.80s.so in %s%s%s", name, name,
                        listed != NULL ? listed : "", listed != NULL && dir != NULL ? ":" : "",
                        dir != NULL      ? dir
                        : listed != NULL ? ""
                                         : "CELERIAC_MODULE_PATH (which is not set)");
    return path;
}

static const struct celeriac_module *
open_file(const char *path, struct error *err)
{
    if (!module_file_check(path, err)) {
        error_prefix(err, "module %s", path);
        return NULL;
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *why = dlerror();
        const size_t len = strlen(path);
        if (strncmp(why, path, len) == 0 && why[len] == ':') /* the file is named already */
            why += len + 1 + strspn(why + len + 1, " ");
        (void)error_set(err, ERROR_CONFIG, "module %s: %s", path, why);
        return NULL;
    }
    const struct celeriac_module *module = dlsym(handle, "celeriac_module");
    if (module == NULL) {
        (void)error_set(err, ERROR_CONFIG, "module %s: it has no symbol celeriac_module", path);
        dlclose(handle);
    }
    return module;
}

static bool
module_check(const struct celeriac_module *module, struct error *err)
{
    if (module->abi != CELERIAC_ABI) /* before any other field is looked at */
        return error_set(err, ERROR_CONFIG, "it was built for interface %u, this program has %u",
                         module->abi, CELERIAC_ABI);
    if (module->name == NULL || module->name[0] == '\0')
        return error_set(err, ERROR_CONFIG, "it has no name");
    if (module->tasks == NULL || module->n_tasks == 0 || module->n_tasks > TASKS_MAX)
        return error_set(err, ERROR_CONFIG, "it has %zu tasks: expected 1..%d",
                         module->tasks != NULL ? module->n_tasks : 0, TASKS_MAX);
    for (size_t i = 0; i < module->n_tasks; i++) {
        if (!signature_check(&module->tasks[i], err))
            return false;
        if (module->tasks[i].run == NULL)
            return error_set(err, ERROR_CONFIG, "task %s has no function", module->tasks[i].name);
    }
    return true;
}

static bool
names_are_new(const struct module_set *set, const struct celeriac_module *module, struct error *err)
{
    for (size_t i = 0; i < set->n_modules; i++)
        if (strcmp(set->modules[i].module->name, module->name) == 0)
            return error_set(err, ERROR_CONFIG, "a module named %s is loaded already, from %s",
                             module->name, set->modules[i].origin);
    for (size_t i = 0; i < module->n_tasks; i++) {
        const char *name = module->tasks[i].name;
        const struct module_task *other = module_set_find(set, name, strlen(name));
        if (other != NULL)
            return error_set(err, ERROR_CONFIG, "task %s is there already, from %s", name,
                             set->modules[other->module].origin);
        for (size_t k = 0; k < i; k++)
            if (strcmp(module->tasks[k].name, name) == 0)
                return error_set(err, ERROR_CONFIG, "it has two tasks named %s", name);
    }
    return true;
}
