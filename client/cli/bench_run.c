/* What benchmarks stand on: Redis, workers as processes of their own, jobs, and the count of those
 * that are done.
 *
 * Workers are the program itself, with the same broker. Completions are counted by Redis (the
 * queue's own counter), which is asked every two milliseconds, so that nothing is added to what is
 * measured. */
#include "client/cli/bench.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/session.h"
#include "client/client.h"
#include "client/request.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/mem.h"

enum {
    FILL_AT_ONCE = 10000,
    LOOK_US = 2000,
    STALL_MS = 60000,
    START_MS = 20000,
    STOP_MS = 5000,
    MAX_MESSAGE = 16 << 20,
};

static void make_job(struct bench *b);
static bool take_specimen(struct bench *b, struct error *err);
static void exec_worker(const struct bench *b, const struct bench_worker *w)
    __attribute__((noreturn));

bool
bench_open(struct bench *b, struct error *err)
{
    struct id id;
    int code;

    id_new(&id);
    b->namespace = mem_printf("celeriac-bench-%.22s", id.text);
    for (char *c = b->namespace; *c; c++) {
        *c = *c == ':' ? '-' : *c;
    }
    b->cli->settings.namespace = b->namespace;
    b->cli->broker.namespace = b->namespace;
    b->cli->settings.max_message_bytes = MAX_MESSAGE; /* some jobs are matrices */
    b->arena = arena_new();
    b->client = session_client(b->cli, &code);
    if (!b->client) {
        return error_set(err, (enum error_code)code, "no connection to Redis");
    }
    make_job(b);
    return floor_open(&b->floor, &b->cli->broker, err) && take_specimen(b, err) &&
           bench_empty(b, err);
}

void
bench_close(struct bench *b)
{
    bench_worker_stop(b);
    celeriac_close(b->client);
    if (b->floor) {
        floor_clean(b->floor, NULL);
    }
    floor_close(b->floor);
    buffer_clear(&b->message);
    buffer_clear(&b->outcome);
    bench_report_clear(&b->report);
    if (b->arena) {
        arena_free(b->arena);
    }
    free(b->namespace);
}

bool
bench_empty(struct bench *b, struct error *err)
{
    bench_worker_stop(b);
    return floor_clean(b->floor, err);
}

size_t
bench_jobs(const struct bench *b)
{
    return (size_t)(b->options->jobs ? b->options->jobs : b->row->jobs);
}

void
bench_add(struct bench *b, const char *name, const char *unit, double own, double floor)
{
    bench_add_against(b, name, unit, own, floor, "floor");
}

void
bench_add_against(struct bench *b, const char *name, const char *unit, double own, double other,
                  const char *against)
{
    struct bench_line *line = bench_report_line(&b->report, name, unit, against);

    series_add(&line->own, own);
    if (other > 0) {
        series_add(&line->floor, other);
    }
}

static void
make_job(struct bench *b)
{
    static const struct celeriac_options defaults = CELERIAC_OPTIONS_INIT;
    struct celeriac_value *args = celeriac_array(b->arena);

    celeriac_append(args, celeriac_null(b->arena));
    b->job_options = defaults;
    b->job_options.queue = BENCH_QUEUE;
    b->job_options.result_ttl_ms = b->options->result_ttl_ms;
    b->job = (struct celeriac_job)CELERIAC_JOB_INIT;
    b->job.task = "echo";
    b->job.args = args;
    b->job.options = &b->job_options;
}

/* The bytes of a no-op job, and those of its outcome as a worker wrote them. */
static bool
take_specimen(struct bench *b, struct error *err)
{
    struct request_job what = {.task = b->job.task, .args = b->job.args};
    struct celeriac_future *future;
    struct broker_record record;
    struct broker_job job;
    struct request r;
    struct id id;
    size_t offset;

    if (!request_init(&r, &b->job_options, 0, err) ||
        !request_encode(&r, &what, &b->message, &offset, &job, err) ||
        !bench_worker_start(b, &(struct bench_worker){0}, err) ||
        !bench_run_job(b, &b->job, &future, err)) {
        return false;
    }
    MUST(id_parse(&id, celeriac_id(future), strlen(celeriac_id(future))));
    celeriac_future_free(future);
    if (!broker_find(b->client->broker, BENCH_QUEUE, &id, 1, false, b->arena, &record, err)) {
        return false;
    }
    buffer_append(&b->outcome, record.outcome, record.outcome_len);
    return true;
}

/* ---- workers ---- */

bool
bench_worker_start(struct bench *b, const struct bench_worker *w, struct error *err)
{
    pid_t parent = getpid();

    bench_worker_stop(b);
    fflush(NULL);
    b->worker = fork();
    if (b->worker < 0) {
        b->worker = 0;
        return error_set_errno(err, ERROR_INTERNAL, "fork");
    }
    if (b->worker == 0) {
        prctl(PR_SET_PDEATHSIG, SIGQUIT);
        if (getppid() != parent) {
            _exit(1);
        }
        exec_worker(b, w);
    }
    return true;
}

static void
exec_worker(const struct bench *b, const struct bench_worker *w)
{
    const struct client_settings *s = &b->cli->settings;
    int64_t processes = w->processes ? w->processes : b->options->processes;
    int64_t threads = w->threads ? w->threads : b->options->threads;
    char *argv[80];
    int n = 0;

    argv[n++] = mem_text("/proc/self/exe");
    argv[n++] = mem_text("worker");
    argv[n++] = mem_printf("--broker=%s", s->broker);
    argv[n++] = mem_printf("--namespace=%s", b->namespace);
    argv[n++] = mem_printf("--password-file=%s", s->password_file ? s->password_file : "");
    argv[n++] = mem_text("--queue=" BENCH_QUEUE);
    for (int i = 2; i <= w->n_queues && n < 70; i++) {
        argv[n++] = mem_printf("--queue=" BENCH_QUEUE "-%d", i);
    }
    argv[n++] = mem_printf("--processes=%lld", (long long)processes);
    argv[n++] = mem_printf("--threads=%lld", (long long)threads);
    argv[n++] = mem_text("--log-level=error");
    argv[n] = NULL;
    signal(SIGINT, SIG_IGN); /* the command alone is interrupted; we end with it */
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[0], argv);
    _exit(127);
}

bool
bench_worker_ready(struct bench *b, const struct bench_worker *w, struct error *err)
{
    struct celeriac_future *future;

    if (!bench_worker_start(b, w, err) || !bench_run_job(b, &b->job, &future, err)) {
        return false;
    }
    celeriac_future_free(future);
    return true;
}

void
bench_worker_stop(struct bench *b)
{
    int64_t deadline_ms = clock_mono_ms() + STOP_MS;
    pid_t ended = 0;

    if (b->worker <= 0) {
        return;
    }
    kill(b->worker, SIGQUIT);
    while ((ended = waitpid(b->worker, NULL, WNOHANG)) == 0 && clock_mono_ms() < deadline_ms) {
        nanosleep(&(struct timespec){.tv_nsec = LOOK_US * 1000}, NULL);
    }
    if (ended == 0) {
        kill(b->worker, SIGKILL);
        while (waitpid(b->worker, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    b->worker = 0;
}

/* ---- jobs ---- */

bool
bench_error(struct error *err, const struct celeriac_error *error)
{
    return error_set(err, (enum error_code)error->code, "%s", error->message);
}

bool
bench_fill(struct bench *b, const char *queue, int priority, size_t n, struct error *err)
{
    struct celeriac_job *jobs = mem_array(FILL_AT_ONCE, sizeof *jobs);
    struct celeriac_options options = b->job_options;
    struct celeriac_error error;
    bool ok = true;

    options.queue = queue;
    options.priority = priority;
    for (size_t i = 0; i < FILL_AT_ONCE; i++) {
        jobs[i] = b->job;
        jobs[i].options = &options;
    }
    for (size_t done = 0; ok && done < n; done += FILL_AT_ONCE) {
        size_t some = n - done < FILL_AT_ONCE ? n - done : FILL_AT_ONCE;
        ok = celeriac_submit_many(b->client, jobs, some, NULL, &error) || bench_error(err, &error);
    }
    free(jobs);
    return ok;
}

struct broker_job *
bench_floor_jobs(const struct bench *b, size_t n)
{
    struct broker_job *jobs = mem_array(n, sizeof *jobs);

    for (size_t i = 0; i < n; i++) {
        id_new(&jobs[i].id);
        jobs[i].message = b->message.data;
        jobs[i].len = b->message.len;
        jobs[i].priority = 5;
    }
    return jobs;
}

bool
bench_run_job(struct bench *b, const struct celeriac_job *job, struct celeriac_future **future,
              struct error *err)
{
    struct celeriac_error error;

    if (!celeriac_submit(b->client, job, future, &error)) {
        return bench_error(err, &error);
    }
    if (celeriac_wait(*future, START_MS, &error) && celeriac_result(*future, &error)) {
        return true;
    }
    celeriac_future_free(*future);
    return bench_error(err, &error);
}

/* ---- counting ---- */

bool
bench_done(struct bench *b, int64_t *n, struct error *err)
{
    return floor_counter(b->floor, BENCH_QUEUE, "succeeded", n, err);
}

bool
bench_await(struct bench *b, int64_t before, int64_t n, struct bench_progress *p, struct error *err)
{
    int64_t moved_ms = clock_mono_ms(), done, last = before;

    *p = (struct bench_progress){0};
    while (last < before + n) {
        if (!bench_done(b, &done, err)) {
            return false;
        }
        if (done != last) {
            p->last_us = clock_mono_us();
            moved_ms = p->last_us / 1000;
            if (last == before) {
                p->first_us = p->last_us;
                p->first = done - before;
            }
            last = done;
        } else if (clock_mono_ms() - moved_ms > STALL_MS) {
            return error_set(err, ERROR_TIMEOUT, "%lld of %lld jobs done, and nothing moves",
                             (long long)(done - before), (long long)n);
        }
        if (last < before + n) {
            nanosleep(&(struct timespec){.tv_nsec = LOOK_US * 1000}, NULL);
        }
    }
    return true;
}

double
bench_rate(const struct bench_progress *p, int64_t n)
{
    int64_t span_us = p->last_us - p->first_us;

    return span_us > 0 ? (double)(n - p->first) * 1e6 / (double)span_us : 0;
}

double
bench_per_second(size_t n, int64_t since_us)
{
    int64_t span_us = clock_mono_us() - since_us;

    return (double)n * 1e6 / (double)(span_us > 0 ? span_us : 1);
}
