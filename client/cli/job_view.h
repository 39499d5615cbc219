/* A job as people and programs see it: the fields of the contract, from what the broker knows. */
#ifndef CLIENT_CLI_JOB_VIEW_H
#define CLIENT_CLI_JOB_VIEW_H

#include "broker/broker.h"
#include "common/value.h"

/* Shares of the work done, as workers have published them. */
struct job_progress {
    const struct celeriac_value **states;
    size_t n;
};
/* Empty if the broker cannot tell. */
struct job_progress job_progress_read(struct broker *b, const char *queue,
                                      struct celeriac_arena *arena);

/* An object with the fields of a job in their order; what is not known is not there. */
struct celeriac_value *job_view(const struct broker_record *record,
                                const struct job_progress *progress, struct celeriac_arena *arena);
/* The same for an outcome alone. */
void job_view_add_outcome(struct celeriac_value *view, const struct outcome *o,
                          struct celeriac_arena *arena);
/* A block of lines "field  value". */
void job_view_print(const struct celeriac_value *view, bool has_colors);
/* A text field of the view, or "". */
const char *job_view_text(const struct celeriac_value *view, const char *field);
/* An integer field of a view, or 0. */
int64_t job_view_integer(const struct celeriac_value *view, const char *field);
/* "type: message (signal SEGV)" of an error object; NULL gives "". */
const char *job_view_error(const struct celeriac_value *error, struct celeriac_arena *arena);

#endif
