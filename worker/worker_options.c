/* The rows of `celeriac worker` and their meaning. Settings own copies of all strings: a child
 * overwrites its command line, into which the options point. */
#include "worker/worker_options.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mem.h"
#include "worker/http_server.h"

enum { PATH_SIZE = 4096, SHORTEST_LEASE_MS = 1000, MAX_LOST = 10, WEIGHT_MAX = 1000 };

static bool read_queues(struct worker_settings *out, const struct option_list *queues,
                        struct error *err);
static bool read_modules(struct worker_settings *out, const struct option_list *modules,
                         struct error *err);
static const char *find_module_dir(void);

const struct option worker_option_rows[WORKER_OPTION_ROWS] = {
    {.name = "queue",
     .letter = 'q',
     .type = OPTION_LIST,
     .unit = "NAME[,WEIGHT]",
     .is_setting = true,
     .help = "queue to serve, again for more of them (default: default)",
     .offset = offsetof(struct worker_options, queues)},
    {.name = "strict",
     .type = OPTION_FLAG,
     .is_setting = true,
     .help = "serve the queues strictly in the order given, not by weight",
     .offset = offsetof(struct worker_options, is_strict)},
    {.name = "processes",
     .letter = 'P',
     .type = OPTION_INTEGER,
     .unit = "N",
     .fallback = "2",
     .min = 1,
     .max = WORKER_PROCESSES_MAX,
     .is_setting = true,
     .help = "processes that run tasks",
     .offset = offsetof(struct worker_options, processes)},
    {.name = "threads",
     .letter = 'T',
     .type = OPTION_INTEGER,
     .unit = "N",
     .min = 0,
     .max = WORKER_THREADS_MAX,
     .is_setting = true,
     .help = "threads of each process, 0 means half of the cores",
     .offset = offsetof(struct worker_options, threads)},
    {.name = "name",
     .type = OPTION_TEXT,
     .unit = "NAME",
     .is_setting = true,
     .help = "begin of the worker's name (default: the host and the process id)",
     .offset = offsetof(struct worker_options, name)},
    {.name = "module",
     .type = OPTION_LIST,
     .unit = "FILE",
     .is_setting = true,
     .help = "load tasks from FILE, too, again for more",
     .offset = offsetof(struct worker_options, modules)},
    {.name = "lease",
     .type = OPTION_DURATION,
     .unit = "DUR",
     .fallback = "10s",
     .min = SHORTEST_LEASE_MS,
     .max = 3600 * 1000,
     .is_setting = true,
     .help = "silence after which other workers take this one for dead",
     .offset = offsetof(struct worker_options, lease_ms)},
    {.name = "grace",
     .type = OPTION_DURATION,
     .unit = "DUR",
     .fallback = "30s",
     .min = 0,
     .max = INT64_MAX / 4,
     .is_setting = true,
     .help = "how long running jobs may go on after SIGTERM",
     .offset = offsetof(struct worker_options, grace_ms)},
    {.name = "max-jobs-per-process",
     .type = OPTION_INTEGER,
     .unit = "N",
     .min = 0,
     .max = INT64_MAX / 4,
     .is_setting = true,
     .help = "replace a process after N jobs, 0 means never",
     .offset = offsetof(struct worker_options, max_jobs)},
    {.name = "max-memory-per-process",
     .type = OPTION_SIZE,
     .unit = "SIZE",
     .min = 0,
     .max = INT64_MAX / 4,
     .is_setting = true,
     .help = "replace a process that uses more memory, 0 means no limit",
     .offset = offsetof(struct worker_options, max_memory_bytes)},
    {.name = "max-result",
     .type = OPTION_SIZE,
     .unit = "SIZE",
     .fallback = "16M",
     .min = RESULT_MAX_LEAST,
     .max = RESULT_MAX_MOST,
     .is_setting = true,
     .help = "largest result of a job, up to 256M; a larger one is a failure",
     .offset = offsetof(struct worker_options, max_result_bytes)},
    {.name = "max-crashes",
     .type = OPTION_INTEGER,
     .unit = "N",
     .fallback = "3",
     .min = 1,
     .max = 255,
     .is_setting = true,
     .help = "crashes after which a job is a dead letter",
     .offset = offsetof(struct worker_options, max_crashes)},
    {.name = "burst",
     .type = OPTION_FLAG,
     .help = "end when the queues are empty",
     .offset = offsetof(struct worker_options, is_burst)},
    {.name = "check",
     .type = OPTION_FLAG,
     .help = "run no worker, but ask those on this host whether they take jobs",
     .offset = offsetof(struct worker_options, is_check)},
    {.name = "http",
     .type = OPTION_TEXT,
     .unit = "ADDR:PORT",
     .is_setting = true,
     .help = "serve /metrics, /healthz, /readyz there; PORT alone is one of 127.0.0.1",
     .offset = offsetof(struct worker_options, http)},
    {.name = "events",
     .type = OPTION_CHOICE,
     .unit = "WHICH",
     .choices = "off|brief|all",
     .fallback = "brief",
     .is_setting = true,
     .help =
         "what `celeriac events` shows: brief leaves successes out, and what is beyond 100 jobs "
         "a second",
     .offset = offsetof(struct worker_options, events)},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .unit = "LEVEL",
     .choices = "debug|info|warn|error",
     .fallback = "info",
     .is_setting = true,
     .help = "least important events to log",
     .offset = offsetof(struct worker_options, log_level)},
    {.name = "log-format",
     .type = OPTION_CHOICE,
     .unit = "FORMAT",
     .choices = "text|json",
     .fallback = "text",
     .is_setting = true,
     .help = "how to write the log",
     .offset = offsetof(struct worker_options, log_format)},
};

static const char *
copy(const char *text)
{
    return text != NULL ? mem_text(text) : NULL;
}

bool
worker_settings_read(struct worker_settings *out, const struct worker_options *o,
                     const struct broker_settings *broker, struct error *err)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (o->http != NULL && !http_address_check(o->http, err))
        return false;
    out->http = copy(o->http);
    out->broker = *broker;
    out->broker.url = copy(broker->url);
    out->broker.namespace = copy(broker->namespace);
    out->broker.password_file = copy(broker->password_file);
    out->is_strict = o->is_strict;
    out->is_burst = o->is_burst;
    out->processes = (unsigned)o->processes;
    out->threads =
        o->threads > 0 ? (unsigned)o->threads : (unsigned)((cores > 1 ? cores : 1) + 1) / 2;
    out->lease_ms = o->lease_ms;
    out->grace_ms = o->grace_ms;
    out->max_jobs = o->max_jobs;
    out->max_memory_bytes = o->max_memory_bytes;
    out->max_result_bytes = (size_t)o->max_result_bytes;
    out->max_crashes = (unsigned)o->max_crashes;
    out->max_lost = MAX_LOST;
    out->events = (enum events_level)o->events;
    if (out->threads > WORKER_THREADS_MAX)
        out->threads = WORKER_THREADS_MAX;
    return read_queues(out, &o->queues, err) && read_modules(out, &o->modules, err);
}

/* ---- queues ---- */

static bool
is_word(const char *text, size_t len, size_t most)
{
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("_.-", text[i]) == NULL)
            return false;
    }
    return len > 0 && len <= most;
}

static bool
read_queue(struct worker_queue *out, const char *text, struct error *err)
{
    const char *comma = strchr(text, ',');
    const size_t len = comma != NULL ? (size_t)(comma - text) : strlen(text);
    char *end = NULL;
    const long weight = comma != NULL ? strtol(comma + 1, &end, 10) : 1;

    if (!is_word(text, len, QUEUE_NAME_MAX))
        return error_set(err, ERROR_USAGE,
                         "--queue %s: a name has 1 to %d letters, digits, '_', '.', '-'", text,
                         QUEUE_NAME_MAX);
    if (comma != NULL && (end == comma + 1 || *end != '\0' || weight < 1 || weight > WEIGHT_MAX))
        return error_set(err, ERROR_USAGE, "--queue %s: a weight is a number from 1 to %d", text,
                         WEIGHT_MAX);
    *out = (struct worker_queue){.name = mem_printf("%.*s", (int)len, text),
                                 .weight = (unsigned)weight};
    return true;
}

static bool
read_queues(struct worker_settings *out, const struct option_list *queues, struct error *err)
{
    const char *only[] = {"default"};
    const struct option_list list =
        queues->count > 0 ? *queues : (struct option_list){.items = only, .count = 1};

    if (list.count > WORKER_QUEUES_MAX)
        return error_set(err, ERROR_USAGE, "%zu times --queue: at most %d", list.count,
                         WORKER_QUEUES_MAX);
    for (size_t i = 0; i < list.count; i++) {
        if (!read_queue(&out->queues[i], list.items[i], err))
            return false;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(out->queues[j].name, out->queues[i].name) == 0)
                return error_set(err, ERROR_USAGE, "--queue %s: given twice", out->queues[i].name);
        }
    }
    out->n_queues = list.count;
    return true;
}

/* ---- modules ---- */

static bool
is_file(const char *dir, size_t len, const char *name)
{
    char path[PATH_SIZE];
    const int n = snprintf(path, sizeof(path), "%.*s/%s.so", (int)len, dir, name);
    return n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0;
}

/* Where module_set_load would look. */
static bool
is_installed(const char *name, const char *dir)
{
    const char *path = getenv("CELERIAC_MODULE_PATH");

    while (path != NULL && *path != '\0') {
        const size_t len = strcspn(path, ":");
        if (len > 0 && is_file(path, len, name))
            return true;
        path += len + (path[len] == ':');
    }
    return dir != NULL && is_file(dir, strlen(dir), name);
}

static bool
read_modules(struct worker_settings *out, const struct option_list *modules, struct error *err)
{
    static const char *const standard[] = {"basics", "bigint", "math", "linalg", "command"};
    const size_t n_standard = sizeof(standard) / sizeof(standard[0]);

    if (modules->count > WORKER_MODULES_MAX - n_standard)
        return error_set(err, ERROR_USAGE, "%zu times --module: at most %zu", modules->count,
                         WORKER_MODULES_MAX - n_standard);
    out->n_modules = 0;
    out->module_dir = find_module_dir();
    for (size_t i = 0; i < n_standard; i++) {
        if (is_installed(standard[i], out->module_dir))
            out->modules[out->n_modules++] = standard[i];
    }
    for (size_t i = 0; i < modules->count; i++) {
        bool is_there = false;
        for (size_t j = 0; j < out->n_modules; j++)
            is_there |= strcmp(out->modules[j], modules->items[i]) == 0;
        if (!is_there)
            out->modules[out->n_modules++] = copy(modules->items[i]);
    }
    return true;
}

/* Beside the program (a build tree), or where both were installed. */
static const char *
find_module_dir(void)
{
    static const char *const places[] = {"modules", CELERIAC_BIN_TO_MODULES};
    char program[PATH_SIZE];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);
    const char *slash = len > 0 ? memrchr(program, '/', (size_t)len) : NULL;

    for (size_t i = 0; slash != NULL && i < sizeof(places) / sizeof(places[0]); i++) {
        char *path = mem_printf("%.*s/%s", (int)(slash - program), program, places[i]);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

/* ---- the name ---- */

bool
worker_make_id(char *out, const char *name, struct error *err)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyz234567"; /* base 32: a byte picks without bias */
    unsigned char bytes[4];
    char host[256] = "", tail[sizeof(bytes) + 1];

    if (name != NULL && !is_word(name, strlen(name), WORKER_NAME_MAX))
        return error_set(err, ERROR_USAGE,
                         "--name %s: a name has 1 to %d letters, digits, '_', '.', '-'", name,
                         WORKER_NAME_MAX);
    MUST(getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        tail[i] = alphabet[bytes[i] % 32];
    tail[sizeof(bytes)] = '\0';
    (void)gethostname(host, sizeof(host) - 1);
    if (!is_word(host, strlen(host), sizeof(host)))
        (void)strcpy(host, "host");
    if (name != NULL)
        (void)snprintf(out, WORKER_ID_MAX, "%s-%s", name, tail);
    else
        (void)snprintf(out, WORKER_ID_MAX, "%.64s-%d-%s", host, (int)getpid(), tail);
    return true;
}
