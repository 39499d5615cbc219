/* Dumps. The asking thread is the process' event loop, so nothing else of the process waits: the
 * threads that compute are stopped for the microseconds in which each takes its own stack. */
#include "worker/dump.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "worker/stack.h"

enum { ANSWER_MS = 100 };

/* The last element of that name and type in malloc_info's XML: the totals stand at its end. 0:
 * there is none. */
static long long
total_of(const char *xml, const char *element, const char *type)
{
    char begin[64];
    const char *last = NULL, *size;

    (void)snprintf(begin, sizeof(begin), "<%s type=\"%s\"", element, type);
    for (const char *at = xml; (at = strstr(at, begin)) != NULL; at++)
        last = at;
    size = last != NULL ? strstr(last, "size=\"") : NULL;
    return size != NULL ? strtoll(size + 6, NULL, 10) : 0;
}

static void
write_heap(void)
{
    char *xml = NULL;
    size_t len = 0;
    unsigned arenas = 0;
    FILE *f = open_memstream(&xml, &len);

    if (f == NULL)
        return;
    const int failed = malloc_info(0, f);
    if (fclose(f) == 0 && failed == 0) {
        const long long system = total_of(xml, "system", "current"),
                        idle = total_of(xml, "total", "fast") + total_of(xml, "total", "rest");
        for (const char *at = xml; (at = strstr(at, "<heap nr=")) != NULL; at++)
            arenas++;
        log_event(LOG_INFO, "dump_heap",
                  "arenas=%u used_kb=%lld free_kb=%lld system_kb=%lld system_max_kb=%lld "
                  "mapped_kb=%lld",
                  arenas, (system - idle) / 1024, idle / 1024, system / 1024,
                  total_of(xml, "system", "max") / 1024, total_of(xml, "total", "mmap") / 1024);
    }
    free(xml);
}

static void
read_name(const char *thread, char *out, size_t size)
{
    char path[64];
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", thread);
    f = fopen(path, "re");
    if (f == NULL || fgets(out, (int)size, f) == NULL)
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (f != NULL)
        (void)fclose(f);
}

/* "" if that is no thread of a slot, or if it runs nothing. */
static const char *
job_of(const struct scoreboard *board, const char *name, char *out)
{
    unsigned slot;
    struct slot_view v;
    struct id id;

    out[0] = '\0';
    if (board != NULL && sscanf(name, "slot %u", &slot) == 1 && slot < board->n_slots &&
        slot_read(&board->slots[slot], &v) &&
        id_from_redis(&id, v.job.id, strnlen(v.job.id, ID_MAX)))
        (void)id_print(&id, out);
    return out;
}

static void
write_thread(const char *thread, const struct scoreboard *board, struct stack_names *names)
{
    const long number = strtol(thread, NULL, 10);
    char name[32], text[STACK_TEXT_MAX], job[ID_MAX + 1];
    struct stack stack;

    if (number <= 0)
        return;
    read_name(thread, name, sizeof(name));
    if (stack_take((pid_t)number, ANSWER_MS, &stack))
        log_event(LOG_INFO, "dump_thread", "thread=%ld name=\"%s\" id=%s stack=\"%s\"", number,
                  log_quote(name), job_of(board, name, job),
                  log_quote(stack_print(&stack, names, text)));
    else
        log_event(LOG_INFO, "dump_thread", "thread=%ld name=\"%s\" id=%s unanswered_ms=%d", number,
                  log_quote(name), job_of(board, name, job), ANSWER_MS);
}

void
dump_write(const struct scoreboard *board)
{
    struct stack_names *names = stack_names_open();
    DIR *threads = opendir("/proc/self/task");
    const struct dirent *entry;

    write_heap();
    /* cppcheck-suppress readdirCalled */
    while (threads != NULL && (entry = readdir(threads)) != NULL)
        write_thread(entry->d_name, board, names);
    if (threads != NULL)
        (void)closedir(threads);
    stack_names_close(names);
}
