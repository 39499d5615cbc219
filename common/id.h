/* Job ids: UUIDv7 (RFC 9562), made here, ordered by time of creation.
 *
 * People and programs see the 36 characters of a UUID. Redis holds the same 128 bits as 22
 * characters of an order-preserving base 64 ("short id": '-', 0-9, A-Z, '_', a-z), which saves 30
 * bytes for a waiting job. Ids that something else wrote into Redis are carried as they are, up to
 * ID_MAX bytes. */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_SHORT_LEN = 22, ID_TEXT_LEN = 36, ID_MAX = 64, ID_BUCKET_LEN = 8 };

struct id {
    char text[ID_MAX + 1]; /* as in Redis, NUL-terminated */
    uint8_t len;
};

/* A new id: 48 bits of the wall clock in ms, a counter that keeps ids of one thread ascending,
 * random bits. Safe in any thread and after a fork. */
void id_new(struct id *id);
/* Accepts a UUID (any version, either case) or a short id. False otherwise. */
bool id_parse(struct id *id, const char *text, size_t len);
/* As found in Redis: any bytes; false if longer than ID_MAX or empty. */
bool id_from_redis(struct id *id, const char *text, size_t len);
/* What people see: the UUID of a short id, the text itself of a foreign one. `out` holds ID_MAX
 * + 1. Returns out. */
const char *id_print(const struct id *id, char *out);
/* Creation time in ms since 1970 of a version-7 id; -1 for all others. */
int64_t id_created_ms(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);

/* The bucket of an id: jobs that were made one after the other share one, and so a hash in Redis,
 * which is small enough to stay in the processor's caches while they are worked on. Ids without a
 * time of creation have none. */
bool id_has_bucket(const struct id *id);
/* ID_BUCKET_LEN characters and NUL; "" if it has none. Returns out. */
const char *id_bucket(const struct id *id, char *out);
/* Do both have a bucket, and the same? */
bool id_same_bucket(const struct id *a, const struct id *b);

#endif
