/* Lines of a file or a pipe, taken as they come. */
#ifndef CLIENT_CLI_MAP_INPUT_H
#define CLIENT_CLI_MAP_INPUT_H

#include "common/error.h"

#include <stddef.h>
#include <stdint.h>

enum { MAP_LINE_MAX = 8 << 20 };

struct map_input {
    int fd;
    char *data;
    size_t begin, end, room; /* bytes read and not yet given out */
    size_t line_max;         /* MAP_LINE_MAX, unless changed */
    size_t looked;           /* how far there is no newline */
    bool is_at_end, is_regular, is_skipping;
    uint64_t line, bytes_out; /* lines and bytes given out */
    uint64_t size;            /* of a regular file; else 0 */
};

struct map_line {
    const char *text; /* valid until the next call */
    size_t len;
    uint64_t number;  /* 1 is the first */
    bool is_too_long; /* more than line_max: text is its beginning */
};

enum map_input_status {
    MAP_INPUT_LINE,
    MAP_INPUT_NOTHING, /* no whole line yet; poll the descriptor */
    MAP_INPUT_END,
    MAP_INPUT_FAILED,
};

/* NULL or "-": stdin. */
bool map_input_open(struct map_input *in, const char *path, struct error *err);
void map_input_close(struct map_input *in);
/* Never waits, unless `may_wait`. */
enum map_input_status map_input_next(struct map_input *in, bool may_wait, struct map_line *line,
                                     struct error *err);

#endif
