/* What verbs do before anything else: reach the broker. */
#ifndef CLIENT_CLI_SESSION_H
#define CLIENT_CLI_SESSION_H

#include "broker/broker.h"
#include "client/celeriac.h"
#include "client/cli/command.h"

/* NULL: said on stderr, *code tells. */
struct broker *session_broker(const struct cli *cli, int *code);
struct celeriac_client *session_client(const struct cli *cli, int *code);
/* As cli_fail, for errors of the library. */
int session_fail(const struct celeriac_error *error);
/* ERROR_USAGE unless there are at least `least` operands; said with the verb's usage. */
bool session_needs(const struct cli *cli, size_t least, int *code);
/* An id from an operand: a UUID, or whatever else is an id in Redis. */
bool session_id(const char *text, struct id *id, int *code);
/* The larger of two exit codes, where any other code outranks 0 and 1. */
int session_worse(int code, int other);

/* Before "WHAT of NAME..." is removed for good: `yes`, or the answer to a question. */
bool session_is_sure(bool yes, const char *what, const char *const *names, size_t n, int *code);

/* A duration option as a time-out: absent means none. */
int session_timeout(int64_t option_ms);

#define SESSION_EXIT_USAGE "64  wrong usage\n"
#define SESSION_EXIT_BROKER                                                                        \
    "69  Redis is out of reach\n77  Redis refuses us\n78  bad configuration\n"

#endif
