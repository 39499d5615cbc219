/* The inside of a broker, and how its calls are made: commands are appended, then all are sent in
 * one write and their answers are handed out in order. */
#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/link.h"

struct exchange_call {
    size_t at; /* in link.out */
    enum script script;
    bool needs_source; /* Redis does not have the script: once more, as EVAL */
};

struct broker {
    struct link link;
    char *space;                 /* namespace */
    struct exchange_call *calls; /* in the order of their bytes in link.out */
    size_t n_calls, capacity;
    char announced[QUEUE_NAME_MAX + 1]; /* queue whose name is in `queues` for sure, until: */
    int64_t announced_until_ms;
};

/* Appends a command; its arguments are to follow at once. */
struct request *exchange_command(struct broker *b, const char *name, size_t argc);
struct request *exchange_script(struct broker *b, enum script script, size_t n_keys, size_t n_args);
/* The same with the one key that most commands have; `n_more` arguments follow. */
struct request *exchange_on_key(struct broker *b, const char *name, const struct key *key,
                                size_t n_more);

/* Takes the answer to call i (never an error answer). False: *err is set; ERROR_INTERNAL closes the
 * connection. */
typedef bool exchange_fn(void *arg, size_t i, const redisReply *answer, struct error *err);

/* Sends all that was appended and hands each answer to `each` exactly once. What is unanswered when
 * the connection breaks is sent once more over a new one. The first error is reported; the other
 * answers are still handed out. */
bool exchange_run(struct broker *b, exchange_fn *each, void *arg, struct error *err);
/* The same for commands that must not happen twice: nothing is repeated once a byte may have gone.
 */
bool exchange_run_once(struct broker *b, exchange_fn *each, void *arg, struct error *err);
/* Open and in step, dialling if it must. */
bool exchange_ready(struct broker *b, struct error *err);
/* After exchange_run failed in a caller of its own loop: forgets what was appended. */
void exchange_reset(struct broker *b);

#endif
