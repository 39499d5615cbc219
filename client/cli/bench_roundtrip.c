/* roundtrip: submit and wait, one after the other. The floor is a list there and a list back,
 * answered by a second process. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/bench.h"
#include "common/clock.h"

static bool
ask_worker(struct bench *b, size_t n, struct series *us, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t since_us = clock_mono_us();
        struct celeriac_future *future;
        if (!bench_run_job(b, &b->job, &future, err)) {
            return false;
        }
        series_add(us, (double)(clock_mono_us() - since_us));
        celeriac_future_free(future);
    }
    return true;
}

static pid_t
start_answerer(struct bench *b)
{
    pid_t parent = getpid(), pid = fork();
    struct floor *f;

    if (pid != 0) {
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && floor_open(&f, &b->cli->broker, NULL)) {
        floor_serve(f, b->outcome.data, b->outcome.len, NULL);
    }
    _exit(0);
}

static bool
ask_floor(struct bench *b, size_t n, struct series *us, struct error *err)
{
    pid_t pid = start_answerer(b);
    bool ok = pid > 0;

    for (size_t i = 0; ok && i < n; i++) {
        int64_t since_us = clock_mono_us();
        ok = floor_ask(b->floor, b->message.data, b->message.len, err);
        series_add(us, (double)(clock_mono_us() - since_us));
    }
    if (pid > 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return ok;
}

bool
bench_roundtrip(struct bench *b, struct error *err)
{
    size_t n = bench_jobs(b);
    struct series own = SERIES_INIT, floor = SERIES_INIT, warm = SERIES_INIT;
    bool ok = bench_worker_ready(b, &(struct bench_worker){0}, err) &&
              ask_worker(b, n / 10, &warm, err) && ask_worker(b, n, &own, err);

    bench_worker_stop(b);
    ok = ok && ask_floor(b, n, &floor, err);
    if (ok) {
        bench_add(b, "roundtrip, p50", "us", series_median(&own), series_median(&floor));
        bench_add(b, "roundtrip, p99", "us", series_quantile(&own, 0.99),
                  series_quantile(&floor, 0.99));
    }
    series_clear(&own);
    series_clear(&floor);
    series_clear(&warm);
    return ok;
}
