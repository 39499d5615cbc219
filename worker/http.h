/* The process behind `--http`: metrics and health of one worker. */
#ifndef WORKER_HTTP_H
#define WORKER_HTTP_H

#include "common/buffer.h"
#include "worker/metrics.h"
#include "worker/process.h"

/* Runs until its master ends or kills it. Returns the exit code. */
int http_main(struct heritage *h);

/* What a page is made from. */
struct http_view {
    const struct heritage *heritage;
    const struct broker_queue *queues; /* those that have ever had a job */
    size_t n_queues;
    bool is_redis_up; /* the queues could be read */
};

/* http_metrics.c: the page /metrics, in Prometheus' text format. */
void http_metrics(const struct http_view *view, struct buffer *out);

/* A runner that lives; a dead one keeps its seat until its jobs are back. */
bool http_is_there(const struct scoreboard *b);

#endif
