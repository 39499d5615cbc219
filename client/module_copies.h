/* Files of modules as they were when they were accepted: copies in memory, with what the files
 * looked like. They live in the process that takes them; its children, and whoever else may look
 * into it, can open them. */
#ifndef CLIENT_MODULE_COPIES_H
#define CLIENT_MODULE_COPIES_H

#include "common/error.h"

#include <limits.h>
#include <stddef.h>

struct module_copies;

/* Names as for module_set_load; one that cannot be read has no copy. */
struct module_copies *module_copies_take(const char *const *names, size_t n, const char *dir);
void module_copies_free(struct module_copies *c);

struct module_source {
    const char *path;    /* where the file was; belongs to the copies */
    char file[PATH_MAX]; /* what is to be opened: the same while its file is the one that was
                            copied, otherwise the copy */
};
/* False: there is no copy of that name. NULL has none. */
bool module_copies_find(const struct module_copies *c, const char *name, struct module_source *out);

#endif
