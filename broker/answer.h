/* Answers of Redis: what an error means for the caller, and checks of shape before anything is
 * believed. */
#ifndef BROKER_ANSWER_H
#define BROKER_ANSWER_H

#include <hiredis/hiredis.h>

#include "common/error.h"
#include "common/id.h"

/* A parser of answers. It refuses to make room for more elements than any answer to us has. */
redisReader *answer_reader(void);

/* False if the answer is an error; *err is then what the one table in answer.c says of it. */
bool answer_check(const redisReply *reply, struct error *err);
/* The connection is of no use after this error answer (READONLY: it leads to a replica; NOAUTH;
 * ...). */
bool answer_closes(const redisReply *reply);
bool answer_is_noscript(const redisReply *reply);
/* An error answer by which an ACL denies the command. */
bool answer_is_denied(const redisReply *reply);

/* Shapes. Each accepts NULL and anything else, and says no. */
bool answer_integer(const redisReply *reply,
                    int64_t *out); /* an integer, or a string of one (scores may be 1.7e12) */
bool answer_bytes(const redisReply *reply, const char **data,
                  size_t *len); /* a string or a status */
bool answer_is_array(const redisReply *reply, size_t at_least);
bool answer_is_nil(const redisReply *reply);
bool answer_id(const redisReply *reply, struct id *id);
const redisReply *answer_at(const redisReply *reply,
                            size_t i); /* NULL past the end or if it is no array */
int64_t answer_status(
    const redisReply *reply); /* the leading number of a script's answer; -1: there is none */

/* ERROR_INTERNAL: "<what>: Redis answered with <shape>, which was not expected". Returns false. */
bool answer_unexpected(const redisReply *reply, const char *what, struct error *err);

/* ERROR_CONFIG if the text of INFO names a version below 6.2. */
bool answer_version(const char *info, size_t len, struct error *err);

#endif
