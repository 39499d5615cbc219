/* Copies are for processes that start long after a module was accepted: its file may be another one
 * by then, or gone. As long as it is the same file it is opened by its path, so that debuggers and
 * dumps find its symbols. */
#include "client/module_copies.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/module.h"
#include "common/mem.h"

struct module_copy {
    char *name, *path;
    int fd; /* of the copy; -1: there is none */
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct module_copies {
    pid_t holder;
    size_t n;
    struct module_copy items[];
};

static bool
copy_content(int from, int to, off_t size)
{
    off_t at = 0;

    while (at < size) {
        if (sendfile(to, from, &at, (size_t)(size - at)) <= 0)
            return false;
    }
    return fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) == 0;
}

static void
take(struct module_copy *c, const char *name, const char *dir)
{
    struct error ignored = ERROR_INIT; /* whoever loads it says so */
    char *path = module_path(name, dir, &ignored);
    const int from = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat st;

    *c = (struct module_copy){.name = mem_text(name), .path = path, .fd = -1};
    if (from < 0)
        return;
    if (fstat(from, &st) == 0 && S_ISREG(st.st_mode)) {
        c->fd = memfd_create("module", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (c->fd >= 0 && !copy_content(from, c->fd, st.st_size)) {
            close(c->fd);
            c->fd = -1;
        }
        c->device = st.st_dev;
        c->inode = st.st_ino;
        c->size = st.st_size;
        c->modified = st.st_mtim;
    }
    close(from);
}

struct module_copies *
module_copies_take(const char *const *names, size_t n, const char *dir)
{
    struct module_copies *c = mem_zero(sizeof *c + n * sizeof c->items[0]);

    c->holder = getpid();
    c->n = n;
    for (size_t i = 0; i < n; i++)
        take(&c->items[i], names[i], dir);
    return c;
}

void
module_copies_free(struct module_copies *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->n; i++) {
        if (c->items[i].fd >= 0)
            close(c->items[i].fd);
        free(c->items[i].name);
        free(c->items[i].path);
    }
    free(c);
}

static bool
is_same_moment(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* A file that was written over in place has the same inode, but was changed since. */
static bool
is_unchanged(const struct module_copy *c)
{
    struct stat st;

    return stat(c->path, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode &&
           st.st_size == c->size && is_same_moment(&st.st_mtim, &c->modified);
}

bool
module_copies_find(const struct module_copies *c, const char *name, struct module_source *out)
{
    for (size_t i = 0; c != NULL && i < c->n; i++) {
        const struct module_copy *copy = &c->items[i];
        if (strcmp(copy->name, name) != 0 || copy->fd < 0)
            continue;
        out->path = copy->path;
        if (is_unchanged(copy))
            (void)snprintf(out->file, sizeof(out->file), "%s", copy->path);
        else
            (void)snprintf(out->file, sizeof(out->file), "/proc/%d/fd/%d", (int)c->holder,
                           copy->fd);
        return true;
    }
    return false;
}
