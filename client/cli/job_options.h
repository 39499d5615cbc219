/* The options of submit, run and map: how a job is to be treated. */
#ifndef CLIENT_CLI_JOB_OPTIONS_H
#define CLIENT_CLI_JOB_OPTIONS_H

#include "client/celeriac.h"
#include "common/options.h"

/* The first member of the verb's own struct. */
struct job_options {
    const char *queue, *at, *backoff, *unique, *limit_key, *id;
    int64_t priority, in_ms, expires_ms, retries, timeout_ms, kill_after_ms, result_ttl_ms,
        wait_timeout_ms;
    struct option_list tags, kwargs;
};

/* clang-format off */
#define JOB_OPTION(field, ...) {.offset = offsetof(struct job_options, field), __VA_ARGS__}
#define JOB_OPTION_ROWS                                                                                                 \
    JOB_OPTION(queue, .name = "queue", .letter = 'q', .type = OPTION_TEXT, .is_setting = false,                         \
               .fallback = "default", .unit = "NAME", .help = "queue of the job"),                                      \
    JOB_OPTION(priority, .name = "priority", .letter = 'p', .type = OPTION_INTEGER, .fallback = "5", .min = 0,          \
               .max = 9, .unit = "0..9", .help = "higher goes first"),                                                  \
    JOB_OPTION(kwargs, .name = "kwarg", .letter = 'k', .type = OPTION_LIST, .unit = "NAME=VALUE",                       \
               .help = "an argument by name; the value is JSON or else a string; may be repeated"),                     \
    JOB_OPTION(in_ms, .name = "in", .type = OPTION_DURATION, .unit = "DUR", .help = "run it no sooner than that"),      \
    JOB_OPTION(at, .name = "at", .type = OPTION_TEXT, .unit = "TIME",                                                   \
               .help = "run it no sooner than this time (RFC 3339)"),                                                   \
    JOB_OPTION(expires_ms, .name = "expires", .type = OPTION_DURATION, .unit = "DUR",                                   \
               .help = "not started by then, it is expired"),                                                           \
    JOB_OPTION(retries, .name = "retries", .type = OPTION_INTEGER, .fallback = "-1", .min = -1, .max = 65000,           \
               .unit = "N", .help = "attempts after the first failure; -1: what the task wants, else 3"),               \
    JOB_OPTION(backoff, .name = "backoff", .type = OPTION_TEXT, .fallback = "1s,10m", .unit = "DUR[,MAX]",              \
               .help = "pause before a retry; doubles up to MAX, with full jitter"),                                    \
    JOB_OPTION(timeout_ms, .name = "timeout", .type = OPTION_DURATION, .unit = "DUR",                                   \
               .help = "soft limit of an attempt: the task is asked to stop"),                                          \
    JOB_OPTION(kill_after_ms, .name = "kill-after", .type = OPTION_DURATION, .unit = "DUR",                             \
               .help = "hard limit, counted from the soft one: the process is replaced"),                               \
    JOB_OPTION(unique, .name = "unique", .type = OPTION_TEXT, .value_is_optional = true, .unit = "KEY[,TTL]",           \
               .help = "only one unfinished job with this key (without KEY: with this task and these arguments)"),      \
    JOB_OPTION(limit_key, .name = "limit-key", .type = OPTION_TEXT, .unit = "KEY",                                      \
               .help = "what the queue's limits per key count it under"),                                               \
    JOB_OPTION(id, .name = "id", .type = OPTION_TEXT, .unit = "UUID", .help = "the job's id; it exists: exit 73"),      \
    JOB_OPTION(result_ttl_ms, .name = "result-ttl", .type = OPTION_DURATION, .fallback = "1d", .unit = "DUR",           \
               .help = "how long the result is kept; 0: not at all"),                                                   \
    JOB_OPTION(tags, .name = "tag", .type = OPTION_LIST, .unit = "K=V",                                                 \
               .help = "a tag, shown by status; may be repeated"),                                                      \
    JOB_OPTION(wait_timeout_ms, .name = "wait-timeout", .type = OPTION_DURATION, .unit = "DUR",                         \
               .help = "wait no longer than that: exit 124; the jobs go on")
enum { JOB_OPTION_COUNT = 16 };
/* clang-format on */

/* As the library wants them; values live in `arena`, texts as long as the process. ERROR_USAGE. */
bool job_options_read(const struct job_options *o, struct celeriac_arena *arena,
                      struct celeriac_options *out, struct error *err);
/* TASK [ARG...] and -k: the whole job, but for its options. ERROR_USAGE. */
bool job_options_job(const struct job_options *o, const struct option_operands *operands,
                     struct celeriac_arena *arena, struct celeriac_job *out, struct error *err);

#endif
