/* The Lua scripts: their sources (what they use of prelude.lua in front) and hashes, put in when
 * the program is built. */
#ifndef BROKER_SCRIPTS_H
#define BROKER_SCRIPTS_H

#include <stddef.h>

enum { SCRIPT_SHA_LEN = 40 };

/* One row per file in broker/lua/: X(SCRIPT_NAME, file) */
#define SCRIPT_TABLE(X)                                                                            \
    X(SCRIPT_BEAT, beat)                                                                           \
    X(SCRIPT_BURY, bury)                                                                           \
    X(SCRIPT_CANCEL, cancel)                                                                       \
    X(SCRIPT_COMMIT, commit)                                                                       \
    X(SCRIPT_DISCARD, discard)                                                                     \
    X(SCRIPT_DISOWN, disown)                                                                       \
    X(SCRIPT_ENQUEUE, enqueue)                                                                     \
    X(SCRIPT_ENQUEUE_BULK, enqueue_bulk)                                                           \
    X(SCRIPT_ENQUEUE_FRESH, enqueue_fresh)                                                         \
    X(SCRIPT_FORGET, forget)                                                                       \
    X(SCRIPT_JOIN, join)                                                                           \
    X(SCRIPT_LIMIT, limit)                                                                         \
    X(SCRIPT_LOOK, look)                                                                           \
    X(SCRIPT_MEND, mend)                                                                           \
    X(SCRIPT_PAUSE, pause)                                                                         \
    X(SCRIPT_PROMOTE, promote)                                                                     \
    X(SCRIPT_PURGE, purge)                                                                         \
    X(SCRIPT_RECOVER, recover)                                                                     \
    X(SCRIPT_RELEASE, release)                                                                     \
    X(SCRIPT_REQUEUE, requeue)                                                                     \
    X(SCRIPT_RESERVE, reserve)                                                                     \
    X(SCRIPT_RESERVE_LIMITED, reserve_limited)                                                     \
    X(SCRIPT_RETRY, retry)                                                                         \
    X(SCRIPT_WATCH, watch)

#define SCRIPT_ENUM(name, file) name,
enum script { SCRIPT_TABLE(SCRIPT_ENUM) SCRIPT_COUNT, SCRIPT_NONE = SCRIPT_COUNT };
#undef SCRIPT_ENUM

struct script_source {
    const char *name;
    const char *sha; /* SCRIPT_SHA_LEN hexadecimal digits */
    const char *bytes;
    size_t len;
};

const struct script_source *script_source(enum script script);

#endif
