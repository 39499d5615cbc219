/* recovery: jobs of a millisecond; when a third is done, a runner or the whole worker is killed
 * with SIGKILL, the latter being started again at once. Told: how long until completions go on,
 * and until the last job is done, held against the time that the rest would have taken
 * undisturbed. Only jobs that the dead one held wait for the lease; all others go on at once. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "client/cli/bench.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/mem.h"

static bool
fill_sleepers(struct bench *b, size_t n, struct error *err)
{
    struct celeriac_job *jobs = mem_array(n, sizeof *jobs);
    struct celeriac_value *args = celeriac_array(b->arena);
    struct celeriac_error error;
    bool ok;

    celeriac_append(args, celeriac_number(b->arena, 0.001));
    for (size_t i = 0; i < n; i++) {
        jobs[i] = b->job;
        jobs[i].task = "sleep";
        jobs[i].args = args;
    }
    ok = celeriac_submit_many(b->client, jobs, n, NULL, &error) || bench_error(err, &error);
    free(jobs);
    return ok;
}

/* A child of the worker that calls itself a runner; 0: none is found. */
static pid_t
find_runner(pid_t worker)
{
    char path[64], children[4096] = "", *rest = children;
    long pid, found = 0;
    FILE *list;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)worker, (int)worker);
    list = fopen(path, "r");
    if (!list) {
        return 0;
    }
    children[fread(children, 1, sizeof children - 1, list)] = '\0';
    fclose(list);
    while ((pid = strtol(rest, &rest, 10)) > 0) {
        char title[64] = "";
        FILE *f;
        snprintf(path, sizeof path, "/proc/%ld/cmdline", pid);
        f = fopen(path, "r");
        if (f && fread(title, 1, sizeof title - 1, f) > 0 && strstr(title, "runner")) {
            found = pid;
        }
        if (f) {
            fclose(f);
        }
    }
    return (pid_t)found;
}

static bool
strike(struct bench *b, bool whole, struct error *err)
{
    pid_t victim = whole ? b->worker : find_runner(b->worker);

    if (victim <= 0) {
        return error_set(err, ERROR_INTERNAL, "no runner is found among the worker's processes");
    }
    kill(victim, SIGKILL);
    if (!whole) {
        return true;
    }
    while (waitpid(b->worker, NULL, 0) < 0 && errno == EINTR) {
    }
    b->worker = 0;
    return bench_worker_start(b, &(struct bench_worker){0}, err);
}

static bool
recover(struct bench *b, bool whole, const char *what, struct error *err)
{
    int64_t n = (int64_t)bench_jobs(b), third = n / 3 > 0 ? n / 3 : 1, done, killed_us;
    struct bench_progress before, after;
    char name[64];
    double rate;

    if (!fill_sleepers(b, (size_t)n, err) ||
        !bench_worker_start(b, &(struct bench_worker){0}, err) ||
        !bench_await(b, 0, third, &before, err)) {
        return false;
    }
    rate = bench_rate(&before, third);
    killed_us = clock_mono_us();
    if (!strike(b, whole, err) || !bench_done(b, &done, err) ||
        !bench_await(b, done, n - done, &after, err)) {
        return false;
    }
    snprintf(name, sizeof name, "recovery, kill -9 of %s, next", what);
    bench_add(b, name, "s", done < n ? (double)(after.first_us - killed_us) / 1e6 : 0, 0);
    snprintf(name, sizeof name, "recovery, kill -9 of %s, last", what);
    bench_add_against(b, name, "s", done < n ? (double)(after.last_us - killed_us) / 1e6 : 0,
                      rate > 0 ? (double)(n - done) / rate : 0, "undisturbed");
    return bench_empty(b, err);
}

bool
bench_recovery(struct bench *b, struct error *err)
{
    return recover(b, false, "a runner", err) && recover(b, true, "the worker", err);
}
