/* Requests to Redis: RESP written straight from the caller's memory into one growing buffer that is
 * used again and again. The number of arguments is said first and counted down, so that a wrong
 * count is found at once. */
#ifndef BROKER_REQUEST_H
#define BROKER_REQUEST_H

#include "broker/keys.h"
#include "broker/scripts.h"
#include "common/buffer.h"

struct request {
    struct buffer bytes;
    size_t args_left; /* of the command being written */
};

#define REQUEST_INIT ((struct request){BUFFER_INIT, 0})

void request_clear(struct request *r); /* frees */
void request_reset(struct request *r); /* forgets the bytes, keeps the storage */

/* Begins a command of `argc` words, its name included. */
void request_command(struct request *r, const char *name, size_t argc);
/* Begins EVALSHA; `n_keys` keys and then `n_args` arguments follow. */
void request_script(struct request *r, enum script script, size_t n_keys, size_t n_args);
void request_arg(struct request *r, const void *data, size_t len);
void request_text(struct request *r, const char *text);
void request_number(struct request *r, int64_t number);
void request_key(struct request *r, const struct key *key);
/* Keys of one queue in the order given; the ten ready lists from priority 9 down to 0. */
void request_queue_keys(struct request *r, const char *space, const char *queue,
                        const enum queue_key *which, size_t n);
void request_ready_keys(struct request *r, const char *space, const char *queue);

/* Appends to `r` the script call `call` (bytes of one EVALSHA, as written by request_script) as
 * EVAL with the whole script: the way on after NOSCRIPT. `r` must not be where `call` lies. */
void request_as_eval(struct request *r, enum script script, const char *call, size_t len);

#endif
