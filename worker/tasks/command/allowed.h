/* The programs that jobs may run: what the file named by CELERIAC_COMMANDS says. */
#ifndef TASKS_COMMAND_ALLOWED_H
#define TASKS_COMMAND_ALLOWED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ALLOWED_WORDS_MAX = 64, ALLOWED_MAX = 1000 };

struct allowed {
    char *name;
    char *words[ALLOWED_WORDS_MAX +
                1]; /* the program's absolute path, then arguments; NULL at the end */
    char *variables[ALLOWED_WORDS_MAX + 1]; /* names that jobs may set */
    char *directory;                        /* where it runs; NULL: "/" */
    double timeout_s;                       /* 0: no limit */
    int64_t memory_bytes;                   /* of address space, for each process; 0: no limit */
};

struct allowed_list {
    struct allowed *items;
    size_t n;
};

/* False: `message` has one line with the file, the line and what is wrong; the list is empty. */
bool allowed_read(struct allowed_list *list, const char *path, char *message, size_t size);
void allowed_clear(struct allowed_list *list);
/* NULL: not there. */
const struct allowed *allowed_find(const struct allowed_list *list, const char *name);
bool allowed_has_variable(const struct allowed *a, const char *name);

#endif
