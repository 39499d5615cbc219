/* map --joblog: a row for each line that is done, in GNU parallel's form, and beside it the file
 * FILE.sent with what was sent, so that a map that was killed can be resumed without running
 * anything twice. */
#ifndef CLIENT_CLI_JOBLOG_H
#define CLIENT_CLI_JOBLOG_H

#include "common/error.h"
#include "common/id.h"

struct joblog;

/* Begins a new one, or with `resume` reads what is there and goes on. ERROR_CONFIG: it cannot be
 * written, or holds something else; ERROR_EXISTS: another map writes it. */
bool joblog_open(struct joblog **out, const char *path, bool resume, struct error *err);
/* Flushes; if all lines are done, FILE.sent goes. NULL is fine. */
void joblog_close(struct joblog *j, bool is_complete);

/* Has the line a row? */
bool joblog_has(const struct joblog *j, uint64_t line);

/* A job that was sent and has lines without rows. */
struct joblog_sent {
    uint64_t line;           /* its first */
    uint32_t n_lines, chunk; /* chunk 0: the line travels alone */
    struct id id;
};
/* The one that begins with that line; NULL: none. */
const struct joblog_sent *joblog_find(const struct joblog *j, uint64_t line);

/* It is about to be sent. Said before it is, with joblog_flush_sent between. */
void joblog_note_sent(struct joblog *j, const struct joblog_sent *sent);
/* It was cancelled: the line is to be sent anew by whoever resumes. */
void joblog_note_forgotten(struct joblog *j, uint64_t line);
bool joblog_flush_sent(struct joblog *j, struct error *err);

struct joblog_row {
    uint64_t line;
    const char *host; /* the worker; NULL: it never ran */
    int64_t started_at_ms, runtime_us;
    size_t sent_bytes, received_bytes; /* of the line and of its result */
    bool has_failed;
    const char *signal;      /* "SEGV"; NULL: none */
    const char *task, *text; /* Command: both, with a space between */
    size_t text_len;
};
void joblog_add(struct joblog *j, const struct joblog_row *row);
bool joblog_flush(struct joblog *j, struct error *err);

#endif
