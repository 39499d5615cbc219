/* The client library in one small program: submit, submit many, map, a callback, a time-out,
 * cancel.
 *
 *     cc client_example.c $(pkg-config --cflags --libs celeriac) -o client_example
 *     celeriac worker &
 *     ./client_example            (the broker is the usual one: CELERIAC_BROKER, or
 * redis://127.0.0.1:6379/0)
 *
 * It uses tasks of the standard modules and exits with 0 if everything came out as it should. */
#include <celeriac.h>

#include <stdio.h>
#include <string.h>

static bool one_job(struct celeriac_client *client, struct celeriac_error *error);
static bool many_jobs(struct celeriac_client *client, struct celeriac_error *error);
static bool over_inputs(struct celeriac_client *client, struct celeriac_error *error);
static bool with_callback(struct celeriac_client *client, struct celeriac_error *error);
static bool time_out_and_cancel(struct celeriac_client *client, struct celeriac_error *error);

int
main(void)
{
    static bool (*const parts[])(struct celeriac_client *, struct celeriac_error *) = {
        one_job, many_jobs, over_inputs, with_callback, time_out_and_cancel};
    struct celeriac_error error = {0};
    struct celeriac_client *client = celeriac_connect(NULL, &error);
    bool ok = client != NULL;

    for (size_t i = 0; ok && i < sizeof parts / sizeof *parts; i++) {
        ok = parts[i](client, &error);
    }
    if (!ok) {
        fprintf(stderr, "client_example: %s\n", error.message);
    }
    celeriac_close(client);
    return ok ? 0 : error.code ? error.code : 1;
}

/* Submit, wait, result. */
static bool
one_job(struct celeriac_client *client, struct celeriac_error *error)
{
    struct celeriac_job job = CELERIAC_JOB_INIT;
    struct celeriac_future *future;
    const char *result;

    job.task = "factorial";
    job.args_json = "[24]";
    if (!celeriac_submit(client, &job, &future, error) || !celeriac_wait(future, 10000, error)) {
        return false;
    }
    result = celeriac_result_json(future, error);
    if (!result) {
        return false;
    }
    printf("24! = %s\n", result);
    celeriac_future_free(future);
    return true;
}

/* A hundred jobs in one round trip; arguments as values, and options. */
static bool
many_jobs(struct celeriac_client *client, struct celeriac_error *error)
{
    enum { N = 100 };
    struct celeriac_options options = CELERIAC_OPTIONS_INIT;
    struct celeriac_job jobs[N];
    struct celeriac_future *futures[N];
    struct celeriac_arena *arena = celeriac_arena_new();
    int64_t total = 0;
    bool ok;

    options.priority = 7;
    options.retries = 1;
    for (int i = 0; i < N; i++) {
        struct celeriac_value *args = celeriac_array(arena);
        celeriac_append(args, celeriac_integer(arena, i));
        jobs[i] = (struct celeriac_job){.task = "sum_range", .args = args, .options = &options};
    }
    ok = celeriac_submit_many(client, jobs, N, futures, error) &&
         celeriac_wait_all(client, 10000, error);
    for (int i = 0; ok && i < N; i++) {
        int64_t n = 0;
        ok = celeriac_get_integer(celeriac_result(futures[i], error), &n);
        total += n;
    }
    for (int i = 0; ok && i < N; i++) {
        celeriac_future_free(futures[i]);
    }
    celeriac_arena_free(arena);
    printf("%d sums together: %lld\n", N, (long long)total);
    return ok && total == 161700;
}

static bool
print_each(void *arg, size_t index, const struct celeriac_report *report)
{
    double x = 0;

    (void)arg;
    celeriac_get_number(report->result, &x);
    printf("input %zu: %s %g\n", index, celeriac_state_name(report->state), x);
    return report->state == CELERIAC_STATE_SUCCESS;
}

/* Map: bounded memory, results in input order. An array is a list of arguments. */
static bool
over_inputs(struct celeriac_client *client, struct celeriac_error *error)
{
    static const char inputs[] = "[\"2+3\", [\"x^2\", {\"x\": 4}], {\"expression\": \"sqrt(2)\"}]";
    struct celeriac_map map = CELERIAC_MAP_INIT;
    struct celeriac_arena *arena = celeriac_arena_new();
    bool ok;

    map.task = "eval";
    map.inputs = celeriac_parse(arena, inputs, strlen(inputs), NULL, 0);
    map.each = print_each;
    map.timeout_ms = 10000;
    ok = celeriac_map(client, &map, error);
    celeriac_arena_free(arena);
    return ok;
}

static void
on_done(struct celeriac_future *future, void *arg)
{
    bool *was_called = arg;

    printf("callback: %s\n", celeriac_result_json(future, NULL));
    *was_called = true;
}

/* A callback is called from within a call that waits, here celeriac_poll. */
static bool
with_callback(struct celeriac_client *client, struct celeriac_error *error)
{
    struct celeriac_job job = CELERIAC_JOB_INIT;
    struct celeriac_future *future;
    bool was_called = false;

    job.task = "echo";
    job.kwargs_json = "{\"value\": \"hello\"}";
    if (!celeriac_submit(client, &job, &future, error)) {
        return false;
    }
    celeriac_on_done(future, on_done, &was_called);
    while (!was_called) {
        if (!celeriac_poll(client, 1000, NULL, error)) {
            return false;
        }
    }
    celeriac_future_free(future);
    return true;
}

/* A wait that is too short, then cancel. */
static bool
time_out_and_cancel(struct celeriac_client *client, struct celeriac_error *error)
{
    struct celeriac_job job = CELERIAC_JOB_INIT;
    struct celeriac_future *future;

    job.task = "sleep";
    job.args_json = "[60]";
    if (!celeriac_submit(client, &job, &future, error)) {
        return false;
    }
    if (celeriac_wait(future, 100, error) || error->code != CELERIAC_ERROR_TIMEOUT) {
        return false;
    }
    printf("not done after 100 ms: cancelled\n");
    if (!celeriac_future_cancel(future, false, error) || !celeriac_wait(future, 10000, error)) {
        return false;
    }
    printf("it ended as %s\n", celeriac_state_name(celeriac_future_report(future)->state));
    celeriac_future_free(future);
    return true;
}
